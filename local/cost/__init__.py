"""What the bundle costs, on paper: a price book, a cost model, cost lines and their crossings, and audits of bills.

The core is pure: prices, work, rate and configuration in, an itemised bill out, in exact fractions. Only
`commands`, `files` and `refresh` touch the world.
"""
