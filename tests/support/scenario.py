"""What a reader of the report asks for, for the cost model in Python: `local/report/page/bill.js` does the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

from local.cost.bill import Bill
from local.cost.configuration import Choice, Configuration
from local.cost.exact import HOURS_PER_MONTH
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.resources.lambda_functions import LambdaFunctions
from local.cost.resources.resource import Resource
from local.cost.workload import Mix, ServiceWork

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

    def mix_of(self, works: Mapping[str, ServiceWork]) -> Mix:
        """The mixed workload."""
        return Mix.of([(works[name], weight) for name, weight in self.mix.items()])

    def bill(self, configuration: Configuration, works: Mapping[str, ServiceWork], book: PriceBook) -> Bill:
        """The bill of the cheapest choice that serves the rate."""
        return cheapest(
            self.adjusted(configuration),
            self.mix_of(works),
            self.rate,
            book,
            Usage(self.hours, self.share_under_load, self.speed),
        )

    def adjusted(self, configuration: Configuration) -> Configuration:
        """The configuration with the reader's memory and utilisation target in place of its own."""
        choices: list[Choice] = []
        for choice in configuration.choices:
            parts = {name: self._part(part) for name, part in choice.resources.items()}
            if all(parts != other.resources for other in choices):
                choices.append(Choice(choice.chosen, parts))
        return replace(configuration, choices=tuple(choices))

    def _part(self, part: Resource) -> Resource:
        keys = {each.name for each in fields(part)}  # type: ignore[arg-type]
        changes: dict[str, object] = {}
        if self.memory_mb and isinstance(part, LambdaFunctions):
            changes["memory_mb"] = Fraction(self.memory_mb)
        if self.utilisation and "spare" in keys:
            changes["utilisation"] = self.utilisation
        return replace(part, **changes) if changes else part  # type: ignore[type-var]
