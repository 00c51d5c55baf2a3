"""A MySQL of the project's own: a private server on loopback, what fills it, and what checks a store's connections."""
