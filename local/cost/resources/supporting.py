"""Supporting services: caches, secrets, logs and the image registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from local.cost.bill import Item, Quantity
from local.cost.context import PricingContext
from local.cost.formulas import Amount, possible
from local.cost.resources.resource import Resource
from local.cost.schema import number, text, whole


@dataclass(frozen=True, kw_only=True)
class Cache(Resource):
    """`[cache]`: ElastiCache, or DynamoDB Accelerator (DAX)."""

    engine: str = text("which", among=("redis", "valkey", "dax"), open=True)
    instance: str = text("node type, such as cache.m7g.large or dax.r5.large", open=True)
    nodes: Amount = whole("nodes", 1, low=1, high=500)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the nodes."""
        factors = [Quantity("nodes", self.nodes), context.running()]
        if self.engine == "dax":
            yield Item("dax", tuple(factors), context.price("dax", self.instance))
            return
        if self.engine == "valkey":
            factor = context.price("elasticache", "valkey-factor")
            factors.append(Quantity("Valkey's share", factor.single, "of the Redis price", row=factor))
        yield Item("cache", tuple(factors), context.price("elasticache", self.instance))


@dataclass(frozen=True, kw_only=True)
class Secrets(Resource):
    """`[secrets]`: AWS Secrets Manager."""

    count: Amount = whole("secrets kept", 1, low=1, high=500_000)
    calls_per_hour: Amount = number("calls by pods and by rotations", 0)
    calls_per_cold_start: Amount = number("calls of a Lambda environment as it starts", 1)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the secrets and the calls that read them."""
        secrets = Quantity("secrets", self.count)
        yield Item("secrets", (secrets, context.kept()), context.price("secrets-manager", "secrets"))
        price = context.price("secrets-manager", "calls")
        calls = Quantity("calls an hour", self.calls_per_hour)
        yield Item("secret-calls", (calls, context.running()), price, when=self.calls_per_hour)
        if context.on_lambda:
            cold = context.requests(
                context.rate * context.mix.mean(lambda workload: workload.cold_share), "cold starts"
            )
            calls = Quantity("calls each", self.calls_per_cold_start)
            yield Item("secret-calls-cold", (cold, calls), price, when=self.calls_per_cold_start)


@dataclass(frozen=True, kw_only=True)
class Logs(Resource):
    """`[logs]`: CloudWatch Logs.

    Lambda's own START, END and REPORT lines are some 300 bytes an invocation, unless its system log level is WARN.
    """

    bytes_per_request: Amount = number("bytes logged for a request", 0)
    kept_months: Amount = number("months for which they are kept", 1, high=120)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield what is taken in and what is kept."""
        if not possible(self.bytes_per_request):
            return
        taken = context.gigabytes(self.bytes_per_request)
        price = context.price("cloudwatch-logs", "ingestion")
        yield Item("logs-in", (taken,), price, when=self.bytes_per_request)
        kept = Quantity("months kept", self.kept_months)
        price = context.price("cloudwatch-logs", "storage")
        yield Item("logs-stored", (taken, kept), price, when=self.bytes_per_request)


@dataclass(frozen=True, kw_only=True)
class Registry(Resource):
    """`[registry]`: Amazon ECR."""

    gb: Amount = number("GB of images", 1)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the images' storage."""
        yield Item("registry", (Quantity("GB", self.gb, "GB"), context.kept()), context.price("ecr", "storage"))
