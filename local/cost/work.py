"""The work of a request: what a service asks of whatever runs it. Given in files, either measured or assumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from local.cost.book import Book, Price
from local.cost.errors import CostError
from local.cost.exact import GB, HOURS_PER_MONTH, SECONDS_PER_HOUR, plain
from local.cost.items import Quantity, saying
from local.cost.linear import Linear
from local.cost.schema import number, numbers, switch, text, whole

LAMBDA_MB_PER_VCPU = Fraction(1769)
"""Memory at which a Lambda environment has one vCPU (AWS Lambda developer guide)."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One request of one service."""

    name: str = text("the service")
    source: str = text("where the figures come from")
    measured: bool = switch("whether they were measured; otherwise they are assumed", False)
    requests_per_vcpu: Fraction = number("requests/s that keep one vCPU busy", low=Fraction(1, 1000))
    wait_ms: Fraction = number("time in which a request only waits, for its database for instance", 0, high=900_000)
    lambda_cpu_ms: Fraction = number("CPU that Lambda's adapter adds to a request, at one vCPU", 0, high=900_000)
    lambda_ms: dict[str, Fraction] = numbers(
        "durations that were measured on Lambda, by memory in MB, in place of the estimate"
    )
    lambda_billed_ms: dict[str, Fraction] = numbers(
        "mean billed durations that were measured, by memory in MB, in place of rounding up"
    )
    init_ms: Fraction = number("INIT phase of a cold start", 0, high=900_000)
    cold_share: Fraction = number("share of the invocations that start cold", 0, high=1)
    memory_mb: int = whole("memory that one process needs", 128, low=1)
    request_bytes: Fraction = number("bytes of a request with its headers", 0)
    response_bytes: Fraction = number("bytes of a response with its headers", 0)
    requests_per_connection: Fraction = number("requests that a client sends over one connection", 1, low=1)
    connection_seconds: Fraction = number("seconds that a connection stays open", 1)
    queries: Fraction = number("queries to the relational database", 0)
    queries_per_vcpu: Fraction = number("queries/s that keep one vCPU of the database busy; 0: not known, no limit", 0)
    reads: Fraction = number("items read from DynamoDB", 0)
    item_bytes: Fraction = number("bytes of such an item", 0, high=409_600)
    read_blocks: Fraction = number("mean number of 4 KB blocks of such an item, where measured; 0: from its bytes", 0)
    writes: Fraction = number("items written to DynamoDB", 0)

    def duration_ms(self, memory_mb: int, speed: Fraction) -> Fraction:
        """Time that one invocation takes on Lambda, before rounding. One handler cannot use more than one vCPU."""
        measured = self.lambda_ms.get(str(memory_mb))
        if measured is not None:
            return measured
        share = min(Fraction(1), memory_mb / LAMBDA_MB_PER_VCPU) * speed
        return (1000 / self.requests_per_vcpu + self.lambda_cpu_ms) / share + self.wait_ms

    def billed_ms(self, memory_mb: int, speed: Fraction) -> Fraction:
        """The same, rounded up to whole milliseconds as Lambda bills it."""
        measured = self.lambda_billed_ms.get(str(memory_mb))
        duration = self.duration_ms(memory_mb, speed)
        if measured is not None:
            return max(measured, duration)
        return Fraction(-(-duration // 1))

    @property
    def bytes_both_ways(self) -> Fraction:
        return self.request_bytes + self.response_bytes


@dataclass(frozen=True)
class Mix:
    """Requests of one or more services in fixed shares that sum to one."""

    shares: tuple[tuple[Work, Fraction], ...]

    @classmethod
    def of(cls, weights: Sequence[tuple[Work, Fraction]]) -> Mix:
        """A mix by weights, such as the rates of a test. Raises `CostError` where they sum to nothing."""
        whole_weight = sum((weight for _, weight in weights), Fraction(0))
        if whole_weight <= 0:
            raise CostError("the weights of the mixed work must sum to more than nothing")
        return cls(tuple((work, weight / whole_weight) for work, weight in weights if weight))

    @property
    def name(self) -> str:
        if len(self.shares) == 1:
            return self.shares[0][0].name
        return " + ".join(f"{plain(share * 100, 4)} % {work.name}" for work, share in self.shares)

    @property
    def assumed(self) -> bool:
        return not all(work.measured for work, _ in self.shares)

    def mean(self, measure: Callable[[Work], Fraction]) -> Fraction:
        """The mean of a measure over the requests."""
        return sum((measure(work) * share for work, share in self.shares), Fraction(0))

    @property
    def vcpu_seconds(self) -> Fraction:
        """CPU of a mean request on one vCPU, in seconds."""
        return self.mean(lambda work: 1 / work.requests_per_vcpu)

    @property
    def memory_mb(self) -> int:
        """Memory that all the services need together, one process each."""
        return sum(work.memory_mb for work, _ in self.shares)


@dataclass(frozen=True)
class Case:
    """The circumstances in which a part of a configuration is priced."""

    mix: Mix
    rate: Linear
    """Requests/s while there is load: what fleets are sized for."""
    hours: Fraction
    book: Book
    region: str
    lambda_behind: bool = False
    """Whether the front's targets are Lambda functions."""
    addresses: int = 0
    """Public IPv4 addresses that the parts hold."""
    duty: Fraction = Fraction(1)
    """The share of the hours in which there is load. What goes by the request, or by its bytes, follows it."""

    @property
    def mean_rate(self) -> Linear:
        """Requests/s over all the hours."""
        return self.rate * self.duty

    @property
    def months(self) -> Fraction:
        """The share of a month in which things billed by the month are kept."""
        return self.hours / HOURS_PER_MONTH

    def price(self, service: str, dimension: str) -> Price:
        """The book's row in this region."""
        return self.book.price(service, dimension, self.region)

    def count_of_requests(self, rate: Linear | None = None, name: str = "requests") -> Quantity:
        """The month's requests, all of them or those of a part of the rate, as a factor of an item."""
        rate = self.rate if rate is None else rate
        share = f" × {plain(self.duty)} of them under load" if self.duty != 1 else ""
        how = saying("{}/s × {} s × {} h{}", rate.value, SECONDS_PER_HOUR, self.hours, share)
        return Quantity(name, rate * (SECONDS_PER_HOUR * self.hours * self.duty), how=how)

    def gigabytes(self, per_request: Fraction, name: str = "GB") -> Quantity:
        """The month's traffic at so many bytes a request, as a factor of an item."""
        requests = self.count_of_requests()
        how = saying("{} requests × {} bytes / {}", requests.value, per_request, GB)
        return Quantity(name, requests.amount * (per_request / GB), "GB", how)

    def running(self) -> Quantity:
        """The month's hours, as a factor of an item."""
        return Quantity("hours", self.hours, "h")

    def kept(self) -> Quantity:
        """The share of a month for which things billed by the month are kept, as a factor of an item."""
        return Quantity("months", self.months, "month", saying("{} h / {} h", self.hours, HOURS_PER_MONTH))
