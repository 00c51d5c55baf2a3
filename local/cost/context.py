"""The context in which a resource is priced: the traffic, the time, the place and the price book."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from local.cost.bill import OPEN_RATE, Quantity, explain
from local.cost.errors import NoPrice
from local.cost.exact import GB, HOURS_PER_MONTH, SECONDS_PER_HOUR
from local.cost.formulas import Amount, Formula
from local.cost.price_book import Price, PriceBook, PriceTier
from local.cost.workload import Mix


@dataclass(frozen=True)
class PricingContext:
    """What resources are priced for.

    Attributes:
        mix: The requests.
        hours: Hours of the month in which the configuration stands.
        duty: The share of those hours in which there is load. What is billed by the request, or by its bytes, follows
            the load; fleets are sized for it and stand ready throughout.
        speed: Speed of every vCPU relative to the one that the workload was measured on.
        on_lambda: Whether requests are passed on to Lambda functions.
        addresses: Public IPv4 addresses that the resources hold.
        stored: Share of the reads that come to the store: a cache answers the others.
        rate: Requests/s while there is load: the open input that bills are lines over.
        missing: Prices that were asked for and that the book lacks in this region.
    """

    mix: Mix
    book: PriceBook
    region: str
    hours: Amount = HOURS_PER_MONTH
    duty: Amount = Fraction(1)
    speed: Amount = Fraction(1)
    on_lambda: bool = False
    addresses: Amount = Fraction(0)
    stored: Amount = Fraction(1)
    rate: Amount = OPEN_RATE
    missing: list[str] = field(default_factory=list)

    @property
    def mean_rate(self) -> Amount:
        """Requests/s over all the hours."""
        return self.rate * self.duty

    def price(self, service: str, dimension: str) -> Price:
        """Return the book's row in this region.

        Where the book has none, note it in `missing` and return a price of 0, so that all that is missing can be said
        at once; the bill is then refused.
        """
        try:
            return self.book.price(service, dimension, self.region)
        except NoPrice:
            if (name := f"{service} {dimension}") not in self.missing:
                self.missing.append(name)
            return Price(service, dimension, "", 1, (PriceTier(None, Fraction(0)),), self.region, "", "unknown", "weak")

    def requests(self, rate: Amount | None = None, name: str = "requests") -> Quantity:
        """Return the month's requests as a factor of an item, all of them or those of a part of the rate."""
        rate = self.rate if rate is None else rate
        always = not isinstance(self.duty, Formula) and self.duty == 1
        template = "{}/s × {} s × {} h" + ("" if always else " × {} of them under load")
        how = explain(template, rate, SECONDS_PER_HOUR, self.hours, *(() if always else (self.duty,)))
        return Quantity(name, rate * self.hours * SECONDS_PER_HOUR * self.duty, how=how)

    def gigabytes(self, per_request: Amount, name: str = "GB") -> Quantity:
        """Return the month's traffic at so many bytes a request, as a factor of an item."""
        requests = self.requests().amount
        return Quantity(
            name,
            requests * (per_request / GB),
            "GB",
            explain("{} requests × {} bytes / {}", requests, per_request, GB),
        )

    def running(self) -> Quantity:
        """Return the month's hours, as a factor of an item."""
        return Quantity("hours", self.hours, "h")

    def kept(self) -> Quantity:
        """Return the share of a month in which things billed by the month are kept, as a factor of an item."""
        months = self.hours / HOURS_PER_MONTH
        return Quantity("months", months, "month", explain("{} h / {} h", self.hours, HOURS_PER_MONTH))
