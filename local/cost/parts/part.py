"""What every part of a configuration has, and how fleets are sized."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.items import Item, Limit, Quantity, saying
from local.cost.linear import Linear, constant, larger, whole
from local.cost.schema import FIT
from local.cost.work import Case


class Part:
    """One table of a configuration file."""

    def items(self, case: Case) -> Iterator[Item]:
        """What it costs."""
        return iter(())

    def limits(self, case: Case) -> Iterator[Limit]:
        """Up to which rate it serves."""
        return iter(())

    def quotas(self, case: Case) -> Iterator[Quantity]:
        """What the account must be allowed."""
        return iter(())

    @property
    def addresses(self) -> int:
        """Public IPv4 addresses that it holds."""
        return 0


@dataclass(frozen=True)
class Fleet:
    """Equal machines, tasks or pods that share the requests.

    As many as keep the CPU at most `utilisation` busy, and `spare` more (N+1): when a spare is lost, the rest still are
    at the target.
    """

    noun: str
    count: int | str
    spare: int
    utilisation: Fraction
    vcpus: Fraction
    """What one of them has for requests, in vCPUs of the speed that the work was measured on."""

    def rate_of_one(self, case: Case) -> Fraction:
        """Requests/s that one of them serves at the target."""
        return self.vcpus * self.utilisation / case.mix.vcpu_seconds

    def size(self, case: Case) -> Quantity:
        """How many there are."""
        if self.count != FIT:
            return Quantity(self.noun, Fraction(self.count))
        one = self.rate_of_one(case)
        needed: Linear = larger(whole(case.rate / one), constant(1, case.rate.at))
        how = saying("{}/s / {}/s each, rounded up, + {} spare", case.rate.value, one, self.spare)
        return Quantity(self.noun, needed + self.spare, how=how)

    def limits(self, case: Case) -> Iterator[Limit]:
        """A fleet that follows the rate has none; a fixed one serves with its spares lost."""
        if self.count != FIT:
            working = max(0, int(self.count) - self.spare)
            shown = "{} of {} {} × {} vCPU × {} % busy / {} ms of CPU a request"
            busy, cpu = self.utilisation * 100, case.mix.vcpu_seconds * 1000
            why = saying(shown, working, int(self.count), self.noun, self.vcpus, busy, cpu)
            yield Limit(self.noun, working * self.rate_of_one(case), why)
