"""What the page says a service costs: the cost model's answer for both platforms, at one rate."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from local.cost import files
from local.cost.model import cheapest

RATE = 100
"""Requests/s that a fleet is priced at; a function costs the same at any rate."""
PLATFORMS = {"Lambda (Function URL)": "lambda-url", "ECS Fargate": "ecs-fargate"}


def cost_notes(service_names: Iterable[str]) -> dict[str, str]:
    """Return a sentence for each service whose workload the cost model knows."""
    book = files.price_book()
    notes = {}
    for name in service_names:
        if name not in files.shipped(files.WORKLOADS):
            continue
        mix = files.mix({name: Fraction(1)})
        prices = []
        for platform, configuration in PLATFORMS.items():
            bill = cheapest(files.configuration(configuration), mix, Fraction(RATE), book)
            price = bill.per_million(bill.month)
            prices.append(f"${float(price or 0):.2f} on {platform}")
        basis = "assumed workload" if mix.assumed else "measured workload"
        notes[name] = f"A million requests cost {' and '.join(prices)}, at {RATE} requests/s ({basis})."
    return notes
