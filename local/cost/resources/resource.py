"""What every resource of a configuration has, and how fleets are sized."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import CapacityLimit, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.formulas import Amount, ceiling, maximum


class Resource:
    """One table of a configuration file."""

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield what it costs."""
        return iter(())

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the rates up to which it serves."""
        return iter(())

    def quotas(self, context: PricingContext) -> Iterator[Quantity]:
        """Yield what the account must be allowed."""
        return iter(())

    @property
    def passed(self) -> Amount:
        """Share of the reads that come to the store behind it."""
        return Fraction(1)

    @property
    def addresses(self) -> Amount:
        """Public IPv4 addresses that it holds."""
        return Fraction(0)


@dataclass(frozen=True)
class ComputeFleet:
    """Equal machines, tasks or pods that share the requests.

    As many as keep the CPU at most `utilisation` busy, and `spare` more (N+1): when a spare is lost, the others still
    are at the target.

    Attributes:
        noun: What one of them is, in the plural.
        count: How many there are, or "fit" for as many as the rate needs.
        vcpus: What one of them has for requests, in vCPUs of the speed that the workload was measured on.
        minimum: How many there are at least, spares and all.
    """

    noun: str
    count: Amount | str
    spare: Amount
    utilisation: Amount
    vcpus: Amount
    minimum: int = 1

    def rate_of_one(self, context: PricingContext) -> Amount:
        """Return requests/s that one of them serves at the target."""
        return self.vcpus * context.speed * self.utilisation / (context.mix.cpu_ms / 1000)

    def size(self, context: PricingContext) -> Quantity:
        """Return how many there are."""
        if isinstance(self.count, str):
            rate_of_one = self.rate_of_one(context)
            needed = maximum(ceiling(context.rate / rate_of_one), Fraction(1))
            how = explain("{}/s / {}/s each, rounded up, + {} spare", context.rate, rate_of_one, self.spare)
            return Quantity(self.noun, maximum(needed + self.spare, Fraction(self.minimum)), how=how)
        return Quantity(self.noun, self.count)

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the limit of a fixed fleet, which serves with its spares lost; a fitted one has none."""
        if isinstance(self.count, str):
            return
        working = maximum(self.count - self.spare, Fraction(0))
        template = "{} of {} {} × {} vCPU × {} % busy / {} ms of CPU a request"
        why = explain(template, working, self.count, self.noun, self.vcpus, self.utilisation * 100, context.mix.cpu_ms)
        yield CapacityLimit(self.noun, working * self.rate_of_one(context), why)
