"""Predict a mixed load from loads of one service at a time. Pure.

Each service alone keeps one resource of a fleet fully busy at its highest rate: the web tier's CPU, or the database. In
a mix the shares of each resource add up, and the mix goes up to the rate at which the first resource is full.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from fractions import Fraction

from local.cost.errors import CostError


@dataclass(frozen=True)
class MixedRate:
    """A predicted mixed rate.

    Attributes:
        rate: Requests/s of all services together.
        bound_by: `CPU` or `database`.
        measured: What was measured, if anything was.
    """

    rate: Fraction
    bound_by: str
    measured: Fraction | None = None

    @property
    def error(self) -> Fraction | None:
        """How far the prediction is off the measured rate, as a share of that."""
        return None if not self.measured else self.rate / self.measured - 1


def predict(
    alone: Mapping[str, Fraction],
    weights: Mapping[str, Fraction],
    database_bound: Set[str] = frozenset(),
    cpu_alone: Mapping[str, Fraction] | None = None,
    measured: Fraction | None = None,
) -> MixedRate:
    """Predict the highest rate of a mix.

    Args:
        alone: The highest rate of each service alone, requests/s.
        weights: The mix.
        database_bound: Services whose rate alone was bound by the database.
        cpu_alone: For those, the rate that the CPU alone would bear; without it they are taken to need no CPU, so that
            the prediction is an upper bound.
        measured: The mixed rate that was measured, to compare with.

    Raises:
        CostError: A service of the mix has no rate alone.
    """
    for name in weights:
        if not alone.get(name):
            raise CostError(f"{name}: its rate alone is missing")
    total = sum(weights.values(), Fraction(0))
    if total <= 0:
        raise CostError("the weights of the mix must sum to more than 0")
    cpu_rates = {name: rate for name, rate in alone.items() if name not in database_bound} | dict(cpu_alone or {})
    shares = {name: weight / total for name, weight in weights.items()}
    cpu = sum((share / cpu_rates[name] for name, share in shares.items() if name in cpu_rates), Fraction(0))
    database = sum((share / alone[name] for name, share in shares.items() if name in database_bound), Fraction(0))
    busiest = max(cpu, database)
    return MixedRate(1 / busiest, "CPU" if cpu >= database else "database", measured)
