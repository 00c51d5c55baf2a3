"""AWS Lambda: on demand, with provisioned concurrency, with SnapStart; and Lambda Managed Instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import CapacityLimit, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.errors import CostError
from local.cost.exact import SECONDS_PER_HOUR
from local.cost.formulas import Amount, ceiling, choose, maximum, possible
from local.cost.instances import LAMBDA_SPEEDS, speed_of, vcpus
from local.cost.resources.resource import ComputeFleet, Resource
from local.cost.schema import FIT, fitted, number, switch, text, whole
from local.cost.workload import ServiceWork

REQUESTS_PER_ENVIRONMENT = 10
"""Synchronous requests/s that one environment takes at most, however short they are (Lambda quotas)."""
SYSTEM_LOG_BYTES = 300
"""Of START, END and REPORT for one invocation, as this project's functions write them."""
DEFAULT_CONCURRENCY = 1000
"""Concurrent environments of an account that never asked for more (Lambda quotas)."""
SNAPSHOT_MIN_HOURS = 3
"""A SnapStart snapshot is billed for at least so long (Lambda pricing)."""
MANAGED_MIN_INSTANCES = 3
"""Lambda Managed Instances start three for availability (Lambda developer guide)."""
MB_PER_GB = 1024
ARCHITECTURES = ("arm64", "x86_64")
MillisecondsOf = Callable[[ServiceWork], Amount]


@dataclass(frozen=True, kw_only=True)
class LambdaFunctions(Resource):
    """`[lambda]`: one function for each service of the workload."""

    memory_mb: Amount = whole("memory of the function", low=128, high=10_240, open=True)
    architecture: str = text("processor", "arm64", among=ARCHITECTURES, open=True)
    speed: Amount = number(
        "speed of its vCPU, relative to the one the workload was measured on", 1, low=Fraction(1, 100), high=100
    )
    free_tier: bool = switch("whether the account still has its monthly free tier", False)
    provisioned: Amount | str = fitted("environments of provisioned concurrency", 0, low=0, high=1_000_000)
    utilisation: Amount = number(
        "busy share of the provisioned environments, where they follow the rate",
        Fraction(7, 10),
        low=Fraction(1, 100),
        high=1,
    )
    snapstart: bool = switch("whether cold starts restore a snapshot", False)
    versions: Amount = whole("published versions whose snapshots are kept", 1, low=1, high=1000)
    system_log_bytes: Amount = number(
        "bytes of Lambda's own log lines an invocation (START, END, REPORT); 0: its system log level is WARN",
        SYSTEM_LOG_BYTES,
    )
    quota: Amount = whole(
        "concurrent environments that the account is allowed; 0: as many as needed", 0, high=10_000_000
    )

    def __post_init__(self) -> None:
        if self.snapstart and self.provisioned:
            raise CostError("snapstart and provisioned cannot both be used on one function")
        if self.free_tier and self.provisioned:
            raise CostError("free_tier does not apply to functions with provisioned concurrency")

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield requests, durations, and what provisioned concurrency or SnapStart adds."""
        free_requests = context.price("lambda", "free-requests").single if self.free_tier else Fraction(0)
        yield Item("lambda-requests", (context.requests(),), context.price("lambda", "requests"), free=free_requests)
        on_demand = context.rate
        if isinstance(self.provisioned, str) or possible(self.provisioned):
            ready = self._provisioned_environments(context)
            on_demand = maximum(context.rate - ready.amount / self._environment_seconds(context), Fraction(0))
            yield from self._provisioned_items(context, ready, context.rate - on_demand)
        if self.provisioned != FIT:
            yield from self._duration_items(context, on_demand)
        if self.snapstart:
            yield from self._snapstart_items(context)
        if possible(self.system_log_bytes):
            yield from self._log_items(context)

    def _provisioned_items(self, context: PricingContext, ready: Quantity, served: Amount) -> Iterator[Item]:
        how = explain("{} s × {} h", SECONDS_PER_HOUR, context.hours)
        seconds = Quantity("seconds", context.hours * SECONDS_PER_HOUR, "s", how)
        present = Fraction(1) if isinstance(self.provisioned, str) else self.provisioned
        yield Item(
            "provisioned-idle",
            (ready, self._gb(), seconds),
            context.price("lambda", f"provisioned-idle-{self.architecture}"),
            when=present,
        )
        requests = context.requests(served, "requests served there")
        billed = self._gb_seconds(context, "billed", lambda workload: self._billed_ms(context, workload))
        price = context.price("lambda", f"provisioned-duration-{self.architecture}")
        yield Item("provisioned-duration", (requests, billed), price, when=present)

    def _duration_items(self, context: PricingContext, rate: Amount) -> Iterator[Item]:
        """Yield duration, rounding and INIT, which share the month's tiers and its free tier in this order."""
        price = context.price("lambda", f"gb-seconds-{self.architecture}")
        free = context.price("lambda", "free-gb-seconds").single if self.free_tier else Fraction(0)
        requests = context.requests(rate)
        factor = context.price("lambda", "init-factor")
        durations = [
            ("lambda-duration", self._gb_seconds(context, "run", lambda one: self._duration_ms(context, one))),
            ("lambda-rounding", self._gb_seconds(context, "rounded up", lambda one: self._rounding_ms(context, one))),
        ]
        if not self.snapstart:
            durations.append(
                ("lambda-init", self._gb_seconds(context, "INIT", lambda one: self._init_ms(context, one)))
            )
        before: Amount = Fraction(0)
        for name, gb_seconds in durations:
            factors = [requests, gb_seconds]
            if name == "lambda-init":
                factors.append(Quantity("INIT factor", factor.single, factor.unit, row=factor))
            inputs = (self._processor(),) if name == "lambda-duration" else ()
            item = Item(name, tuple(factors), price, inputs=inputs, before=before, free=free)
            yield item
            before = item.volume + before

    def _snapstart_items(self, context: PricingContext) -> Iterator[Item]:
        hours = maximum(context.hours, Fraction(SNAPSHOT_MIN_HOURS))
        how = explain("{} s × {} h, at least {} h", SECONDS_PER_HOUR, hours, SNAPSHOT_MIN_HOURS)
        seconds = Quantity("seconds", hours * SECONDS_PER_HOUR, "s", how)
        snapshots = Quantity("snapshots", self.versions * context.mix.services, how=explain("versions × functions"))
        yield Item("snapstart-cache", (snapshots, self._gb(), seconds), context.price("lambda", "snapstart-cache"))
        cold = context.requests(context.rate * context.mix.mean(lambda one: one.cold_share), "cold starts")
        yield Item("snapstart-restore", (cold, self._gb()), context.price("lambda", "snapstart-restore"))

    def _log_items(self, context: PricingContext) -> Iterator[Item]:
        taken = context.gigabytes(self.system_log_bytes)
        price = context.price("cloudwatch-logs", "lambda-ingestion")
        yield Item("lambda-logs", (taken,), price, when=self.system_log_bytes)
        price = context.price("cloudwatch-logs", "storage")
        yield Item("lambda-logs-stored", (taken,), price, when=self.system_log_bytes)

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the rate that the account's quota serves, and 0 where a service does not fit into the memory."""
        rate_of_one = 1 / self._environment_seconds(context)
        why = explain("{} environments × {} requests/s each", self.quota, rate_of_one)
        yield CapacityLimit("lambda quota", rate_of_one * self.quota, why, when=self.quota)
        for workload, share in context.mix.shares:
            too_large = choose(share, workload.memory_mb - self.memory_mb, Fraction(0))
            why = explain("{} needs {} MB", workload.name, workload.memory_mb)
            yield CapacityLimit("lambda memory", Fraction(0), why, when=too_large)

    def quotas(self, context: PricingContext) -> Iterator[Quantity]:
        """Yield the concurrent environments that the account must be allowed."""
        needed = ceiling(context.rate * self._environment_seconds(context))
        template = "the larger of {}/s / {} and {}/s × {} s, rounded up; an account has {} by default"
        rate, seconds = context.rate, self._duration_seconds(context)
        how = explain(template, rate, REQUESTS_PER_ENVIRONMENT, rate, seconds, DEFAULT_CONCURRENCY)
        yield Quantity("concurrent Lambda environments", needed, how=how)

    def _provisioned_environments(self, context: PricingContext) -> Quantity:
        if not isinstance(self.provisioned, str):
            return Quantity("environments", self.provisioned)
        busy = context.rate * self._environment_seconds(context)
        how = explain("{} busy / {}, rounded up", busy, self.utilisation)
        return Quantity("environments", ceiling(busy / self.utilisation), how=how)

    def _duration_ms(self, context: PricingContext, workload: ServiceWork) -> Amount:
        return workload.duration_ms(self.memory_mb, context.speed * self.speed, LAMBDA_SPEEDS[self.architecture].ratio)

    def _billed_ms(self, context: PricingContext, workload: ServiceWork) -> Amount:
        return workload.billed_ms(self.memory_mb, context.speed * self.speed, LAMBDA_SPEEDS[self.architecture].ratio)

    def _init_ms(self, context: PricingContext, workload: ServiceWork) -> Amount:
        return workload.cold_ms(self.memory_mb, context.speed, LAMBDA_SPEEDS[self.architecture].ratio)

    def _processor(self) -> Quantity:
        speed = LAMBDA_SPEEDS[self.architecture]
        template = "of Graviton4, from {} to {}: {}; a duration measured on Lambda is not scaled by it"
        return Quantity("vCPU speed", speed.ratio, how=explain(template, speed.low, speed.high, speed.source))

    def _rounding_ms(self, context: PricingContext, workload: ServiceWork) -> Amount:
        return self._billed_ms(context, workload) - self._duration_ms(context, workload)

    def _duration_seconds(self, context: PricingContext) -> Amount:
        return context.mix.mean(lambda workload: self._duration_ms(context, workload)) / 1000

    def _environment_seconds(self, context: PricingContext) -> Amount:
        """Return for how long a request occupies an environment: its duration, at least a tenth of a second."""
        return maximum(Fraction(1, REQUESTS_PER_ENVIRONMENT), self._duration_seconds(context))

    def _gb(self) -> Quantity:
        return Quantity(
            "GB", self.memory_mb / Fraction(MB_PER_GB), "GB", explain("{} MB / {}", self.memory_mb, MB_PER_GB)
        )

    def _gb_seconds(self, context: PricingContext, what: str, measure: MillisecondsOf) -> Quantity:
        milliseconds = context.mix.mean(measure)
        how = explain("{} ms {} / 1,000 × {} MB / {}", milliseconds, what, self.memory_mb, MB_PER_GB)
        return Quantity("GB-s per request", milliseconds * self.memory_mb / (1000 * MB_PER_GB), "GB-s", how)


@dataclass(frozen=True, kw_only=True)
class ManagedInstances(Resource):
    """`[managed_instances]`: Lambda on EC2 instances that Lambda manages; many requests at once in one environment."""

    instance: str = text("EC2 instance type", open=True)
    count: Amount | str = fitted("instances", FIT)
    spare: Amount = whole("instances beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Amount = number("busy share of their CPU", Fraction(3, 5), low=Fraction(1, 100), high=1)
    speed: Amount = number("speed of a vCPU over what its processor is taken for", 1, low=Fraction(1, 100), high=100)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the instances, the management fee and the requests."""
        size = self._fleet().size(context)
        price = context.price("ec2", self.instance)
        fee = context.price("lambda-managed-instances", "management-fee")
        share = Quantity("management fee", fee.single, "of the EC2 price", row=fee)
        yield Item("managed-instances", (size, context.running()), price)
        yield Item("managed-fee", (size, context.running(), share), price)
        yield Item("managed-requests", (context.requests(),), context.price("lambda-managed-instances", "requests"))

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the limit of a fixed fleet."""
        return self._fleet().limits(context)

    def _fleet(self) -> ComputeFleet:
        vcpu = vcpus(self.instance) * speed_of(self.instance).ratio * self.speed
        return ComputeFleet("instances", self.count, self.spare, self.utilisation, vcpu, MANAGED_MIN_INSTANCES)
