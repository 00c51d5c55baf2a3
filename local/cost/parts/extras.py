"""What goes with it: caches, secrets, logs and the image registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.items import Item, Quantity
from local.cost.parts.part import Part
from local.cost.schema import number, text, whole
from local.cost.work import Case


@dataclass(frozen=True, kw_only=True)
class Cache(Part):
    """`[cache]`: ElastiCache, or DynamoDB Accelerator (DAX)."""

    engine: str = text("which", among=("redis", "valkey", "dax"), open=True)
    instance: str = text("node type, such as cache.m7g.large or dax.r5.large", open=True)
    nodes: int = whole("nodes", 1, low=1, high=500)

    def items(self, case: Case) -> Iterator[Item]:
        factors = [Quantity("nodes", Fraction(self.nodes)), case.running()]
        if self.engine == "dax":
            yield Item("dax", tuple(factors), case.price("dax", self.instance))
            return
        if self.engine == "valkey":
            factor = case.price("elasticache", "valkey-factor")
            factors.append(Quantity("Valkey's share", factor.single, "of the Redis price", row=factor))
        yield Item("cache", tuple(factors), case.price("elasticache", self.instance))


@dataclass(frozen=True, kw_only=True)
class Secrets(Part):
    """`[secrets]`: AWS Secrets Manager."""

    count: int = whole("secrets kept", 1, low=1, high=500_000)
    calls_per_hour: Fraction = number("calls by pods and by rotations", 0)
    calls_per_cold_start: Fraction = number("calls of a Lambda environment as it starts", 1)

    def items(self, case: Case) -> Iterator[Item]:
        yield Item(
            "secrets",
            (Quantity("secrets", Fraction(self.count)), case.kept()),
            case.price("secrets-manager", "secrets"),
        )
        price = case.price("secrets-manager", "calls")
        if self.calls_per_hour:
            yield Item("secret-calls", (Quantity("calls an hour", self.calls_per_hour), case.running()), price)
        if case.lambda_behind and self.calls_per_cold_start:
            cold = case.rate * case.mix.mean(lambda work: work.cold_share)
            calls = Quantity("calls each", self.calls_per_cold_start)
            yield Item("secret-calls-cold", (case.count_of_requests(cold, "cold starts"), calls), price)


@dataclass(frozen=True, kw_only=True)
class Logs(Part):
    """`[logs]`: CloudWatch Logs.

    Lambda's own START, END and REPORT lines are some 300 bytes an invocation, unless its system log level is WARN.
    """

    bytes_per_request: Fraction = number("bytes logged for a request", 0)
    kept_months: Fraction = number("months for which they are kept", 1, high=120)

    def items(self, case: Case) -> Iterator[Item]:
        if self.bytes_per_request:
            taken = case.gigabytes(self.bytes_per_request)
            yield Item("logs-in", (taken,), case.price("cloudwatch-logs", "ingestion"))
            yield Item(
                "logs-stored",
                (taken, Quantity("months kept", self.kept_months)),
                case.price("cloudwatch-logs", "storage"),
            )


@dataclass(frozen=True, kw_only=True)
class Registry(Part):
    """`[registry]`: Amazon ECR."""

    gb: Fraction = number("GB of images", 1)

    def items(self, case: Case) -> Iterator[Item]:
        yield Item("registry", (Quantity("GB", self.gb, "GB"), case.kept()), case.price("ecr", "storage"))
