"""AWS Lambda: on demand, with provisioned concurrency, with SnapStart; and Lambda Managed Instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.errors import CostError
from local.cost.exact import SECONDS_PER_HOUR
from local.cost.instances import vcpus
from local.cost.items import Item, Limit, Quantity, saying
from local.cost.linear import Amount, Linear, constant, larger, whole
from local.cost.parts.part import Fleet, Part
from local.cost.schema import FIT, fitted, number, switch, text
from local.cost.schema import whole as whole_number
from local.cost.work import Case, Work

REQUESTS_PER_ENVIRONMENT = 10
"""Synchronous requests/s that one environment takes at most, however short they are (Lambda quotas)."""
DEFAULT_CONCURRENCY = 1000
"""Concurrent environments of an account that never asked for more (Lambda quotas)."""
SNAPSHOT_HOURS = 3
"""A SnapStart snapshot is billed for at least so long (Lambda pricing)."""
MB_PER_GB = 1024
ARCHITECTURES = ("arm64", "x86_64")
MsOf = Callable[[Work], Fraction]


@dataclass(frozen=True, kw_only=True)
class Functions(Part):
    """`[lambda]`: one function for each service of the work."""

    memory_mb: int = whole_number("memory of the function", low=128, high=10_240, open=True)
    architecture: str = text("processor", "arm64", among=ARCHITECTURES, open=True)
    speed: Fraction = number(
        "speed of its vCPU, relative to the one the work was measured on", 1, low=Fraction(1, 100), high=100
    )
    free_tier: bool = switch("whether the monthly free tier is still to be had", False)
    provisioned: int | str = fitted("environments of provisioned concurrency", 0, low=0, high=1_000_000)
    utilisation: Fraction = number(
        "busy share of the provisioned environments, where they follow the rate",
        Fraction(7, 10),
        low=Fraction(1, 100),
        high=1,
    )
    snapstart: bool = switch("whether cold starts restore a snapshot", False)
    versions: int = whole_number("published versions whose snapshots are kept", 1, low=1, high=1000)
    quota: int = whole_number(
        "concurrent environments that the account is allowed; 0: as many as needed", 0, high=10_000_000
    )

    def __post_init__(self) -> None:
        if self.snapstart and self.provisioned:
            raise CostError("snapstart and provisioned cannot both be used on one function")

    def items(self, case: Case) -> Iterator[Item]:
        free_requests = case.price("lambda", "free-requests").single if self.free_tier else Fraction(0)
        yield Item("lambda-requests", (case.count_of_requests(),), case.price("lambda", "requests"), free=free_requests)
        on_demand: Linear = case.rate
        if self.provisioned:
            kept = self._kept(case)
            ready = constant(0, case.rate.at) + kept.amount
            on_demand = larger(case.rate - ready / self._seconds_of_environment(case), 0)
            yield from self._provisioned_items(case, kept, case.rate - on_demand)
        if self.provisioned != FIT:
            yield from self._duration_items(case, on_demand)
        if self.snapstart:
            yield from self._snapstart_items(case)

    def _provisioned_items(self, case: Case, kept: Quantity, served: Linear) -> Iterator[Item]:
        seconds = Quantity(
            "seconds", SECONDS_PER_HOUR * case.hours, "s", saying("{} s × {} h", SECONDS_PER_HOUR, case.hours)
        )
        yield Item(
            "provisioned-idle",
            (kept, self._gb(), seconds),
            case.price("lambda", f"provisioned-idle-{self.architecture}"),
        )
        requests = case.count_of_requests(served, "requests served there")
        per_request = self._per_request(case, "billed", lambda work: work.billed_ms(self.memory_mb, self.speed))
        yield Item(
            "provisioned-duration",
            (requests, per_request),
            case.price("lambda", f"provisioned-duration-{self.architecture}"),
        )

    def _duration_items(self, case: Case, rate: Linear) -> Iterator[Item]:
        """Duration, rounding and INIT share the month's tiers and its free tier, in this order."""
        price = case.price("lambda", f"gb-seconds-{self.architecture}")
        free = case.price("lambda", "free-gb-seconds").single if self.free_tier else Fraction(0)
        requests = case.count_of_requests(rate)
        durations = [
            (
                "lambda-duration",
                self._per_request(case, "run", lambda work: work.duration_ms(self.memory_mb, self.speed)),
            ),
            ("lambda-rounding", self._per_request(case, "rounded up", self._rounding_ms)),
        ]
        if not self.snapstart:
            durations.append(
                ("lambda-init", self._per_request(case, "INIT", lambda work: work.cold_share * -(-work.init_ms // 1)))
            )
        before: Amount = Fraction(0)
        for name, per_request in durations:
            factors = (
                (requests, per_request, *self._init_factor(case)) if name == "lambda-init" else (requests, per_request)
            )
            item = Item(name, factors, price, before=before, free=free)
            yield item
            before = item.volume + before

    def _init_factor(self, case: Case) -> Iterator[Quantity]:
        row = case.price("lambda", "init-factor")
        yield Quantity("INIT factor", row.single, row.unit, row=row)

    def _snapstart_items(self, case: Case) -> Iterator[Item]:
        hours = max(case.hours, Fraction(SNAPSHOT_HOURS))
        seconds = Quantity(
            "seconds",
            SECONDS_PER_HOUR * hours,
            "s",
            saying("{} s × {} h, at least {} h", SECONDS_PER_HOUR, hours, SNAPSHOT_HOURS),
        )
        snapshots = Quantity(
            "snapshots", Fraction(self.versions * len(case.mix.shares)), how=saying("versions × functions")
        )
        yield Item("snapstart-cache", (snapshots, self._gb(), seconds), case.price("lambda", "snapstart-cache"))
        cold = case.count_of_requests(case.rate * case.mix.mean(lambda work: work.cold_share), "cold starts")
        yield Item("snapstart-restore", (cold, self._gb()), case.price("lambda", "snapstart-restore"))

    def limits(self, case: Case) -> Iterator[Limit]:
        if self.quota:
            each = 1 / self._seconds_of_environment(case)
            yield Limit(
                "lambda quota", self.quota * each, saying("{} environments × {} requests/s each", self.quota, each)
            )
        for work, _ in case.mix.shares:
            if work.memory_mb > self.memory_mb:
                yield Limit("lambda memory", Fraction(0), saying("{} needs {} MB", work.name, work.memory_mb))

    def quotas(self, case: Case) -> Iterator[Quantity]:
        needed = whole(case.rate * self._seconds_of_environment(case))
        shown = "the larger of {}/s / {} and {}/s × {} s, rounded up; an account has {} by default"
        rate, seconds = case.rate.value, self._duration_seconds(case)
        how = saying(shown, rate, REQUESTS_PER_ENVIRONMENT, rate, seconds, DEFAULT_CONCURRENCY)
        yield Quantity("concurrent Lambda environments", needed, how=how)

    def _kept(self, case: Case) -> Quantity:
        if self.provisioned != FIT:
            return Quantity("environments", Fraction(self.provisioned))
        busy = case.rate * self._seconds_of_environment(case)
        how = saying("{} busy / {}, rounded up", busy.value, self.utilisation)
        return Quantity("environments", whole(busy / self.utilisation), how=how)

    def _duration_seconds(self, case: Case) -> Fraction:
        return case.mix.mean(lambda work: work.duration_ms(self.memory_mb, self.speed)) / 1000

    def _seconds_of_environment(self, case: Case) -> Fraction:
        """Seconds for which one request takes up an environment: its duration, and never under a tenth of a second."""
        return max(Fraction(1, REQUESTS_PER_ENVIRONMENT), self._duration_seconds(case))

    def _rounding_ms(self, work: Work) -> Fraction:
        return work.billed_ms(self.memory_mb, self.speed) - work.duration_ms(self.memory_mb, self.speed)

    def _gb(self) -> Quantity:
        return Quantity(
            "GB", Fraction(self.memory_mb, MB_PER_GB), "GB", saying("{} MB / {}", self.memory_mb, MB_PER_GB)
        )

    def _per_request(self, case: Case, what: str, measure: MsOf) -> Quantity:
        milliseconds = case.mix.mean(measure)
        how = saying("{} ms {} / 1,000 × {} MB / {}", milliseconds, what, self.memory_mb, MB_PER_GB)
        return Quantity("GB-s per request", milliseconds * self.memory_mb / 1000 / MB_PER_GB, "GB-s", how)


@dataclass(frozen=True, kw_only=True)
class ManagedInstances(Part):
    """`[managed_instances]`: Lambda on EC2 instances that Lambda manages; many requests at once in one environment."""

    instance: str = text("EC2 instance type", open=True)
    count: int | str = fitted("instances", FIT)
    spare: int = whole_number("instances beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Fraction = number("busy share of their CPU", Fraction(3, 5), low=Fraction(1, 100), high=1)
    speed: Fraction = number(
        "speed of a vCPU, relative to the one the work was measured on", 1, low=Fraction(1, 100), high=100
    )

    def items(self, case: Case) -> Iterator[Item]:
        size = self._fleet().size(case)
        price = case.price("ec2", self.instance)
        fee = case.price("lambda-managed-instances", "management-fee")
        share = Quantity("management fee", fee.single, "of the EC2 price", row=fee)
        yield Item("managed-instances", (size, case.running()), price)
        yield Item("managed-fee", (size, case.running(), share), price)
        yield Item("managed-requests", (case.count_of_requests(),), case.price("lambda-managed-instances", "requests"))

    def limits(self, case: Case) -> Iterator[Limit]:
        return self._fleet().limits(case)

    def _fleet(self) -> Fleet:
        return Fleet("instances", self.count, self.spare, self.utilisation, vcpus(self.instance) * self.speed)
