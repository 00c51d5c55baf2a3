"""What a reader of the report asks for, turned into what the cost model takes. `page/scenario.js` does the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

from local.cost.book import Book
from local.cost.configuration import Choice, Configuration
from local.cost.exact import HOURS_PER_MONTH
from local.cost.items import Bill
from local.cost.model import cheapest
from local.cost.parts.functions import Functions
from local.cost.parts.part import Part
from local.cost.work import Mix, Work

HOURS_PER_DAY = 24
OFF = "off"
IDLE = "idle"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The sliders of the page."""

    mix: Mapping[str, Fraction]
    """Weights of the services."""
    rate: Fraction
    """Requests/s while there is load; fleets are sized for it."""
    duty: Fraction = field(default_factory=lambda: Fraction(1))
    """The share of the hours of use in which there is load: what stands ready is paid for in all of them."""
    hours_a_day: Fraction = field(default_factory=lambda: Fraction(HOURS_PER_DAY))
    """Hours of use in a day."""
    outside: str = OFF
    """What happens in the other hours: all is switched `off`, or stands `idle`."""
    memory_mb: int | None = None
    """Memory of the Lambda functions; None: the cheapest that the configuration lists."""
    utilisation: Fraction | None = None
    """Busy share of a fleet's CPU; None: the configuration's."""
    speed: Fraction = field(default_factory=lambda: Fraction(1))
    """Speed of a vCPU there, relative to the one the work was measured on."""

    @property
    def hours(self) -> Fraction:
        """Hours of a month in which the configuration stands."""
        return HOURS_PER_MONTH * (self.hours_a_day / HOURS_PER_DAY if self.outside == OFF else 1)

    @property
    def share_under_load(self) -> Fraction:
        """The share of those hours in which there is load."""
        return self.duty * (1 if self.outside == OFF else self.hours_a_day / HOURS_PER_DAY)

    def mix_of(self, works: Mapping[str, Work]) -> Mix:
        """The mixed work on vCPUs of that speed."""
        return Mix.of([(faster(works[name], self.speed), weight) for name, weight in self.mix.items()])

    def bill(self, configuration: Configuration, works: Mapping[str, Work], book: Book) -> Bill:
        """The bill of the cheapest choice that serves the rate."""
        return cheapest(
            self.adjusted(configuration), self.mix_of(works), self.rate, book, self.hours, self.share_under_load
        )

    def adjusted(self, configuration: Configuration) -> Configuration:
        """The configuration with the reader's memory and utilisation target in place of its own."""
        choices: list[Choice] = []
        for choice in configuration.choices:
            parts = {name: self._part(part) for name, part in choice.parts.items()}
            if all(parts != other.parts for other in choices):
                choices.append(Choice(choice.chosen, parts))
        return replace(configuration, choices=tuple(choices))

    def _part(self, part: Part) -> Part:
        keys = {each.name for each in fields(part)}  # type: ignore[arg-type]
        changes: dict[str, object] = {}
        if self.memory_mb and isinstance(part, Functions):
            changes["memory_mb"] = self.memory_mb
        if self.utilisation and "spare" in keys:
            changes["utilisation"] = self.utilisation
        return replace(part, **changes) if changes else part  # type: ignore[type-var]


def faster(work: Work, speed: Fraction) -> Work:
    """The same work on vCPUs that are so many times as fast: what computes takes less, what waits does not.

    What rounding up added to a measured duration stays as it was.
    """
    if speed == 1:
        return work

    def quicker(ms: Fraction) -> Fraction:
        return max(Fraction(0), ms - work.wait_ms) / speed + min(ms, work.wait_ms)

    def billed(memory: str, ms: Fraction) -> Fraction:
        ran = work.lambda_ms.get(memory)
        return quicker(ms) if ran is None else quicker(ran) + max(Fraction(0), ms - ran)

    return replace(
        work,
        requests_per_vcpu=work.requests_per_vcpu * speed,
        queries_per_vcpu=work.queries_per_vcpu * speed,
        lambda_cpu_ms=work.lambda_cpu_ms / speed,
        init_ms=work.init_ms / speed,
        lambda_ms={memory: quicker(ms) for memory, ms in work.lambda_ms.items()},
        lambda_billed_ms={memory: billed(memory, ms) for memory, ms in work.lambda_billed_ms.items()},
    )
