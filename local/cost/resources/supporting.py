"""Supporting services: caches, secrets, keys, logs, monitoring, files and the image registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.formulas import Amount, ceiling, maximum, possible
from local.cost.resources.resource import Resource
from local.cost.schema import number, switch, text, whole


@dataclass(frozen=True, kw_only=True)
class CacheCluster(Resource):
    """`[cache]`: ElastiCache, or DynamoDB Accelerator (DAX)."""

    engine: str = text("which", among=("redis", "valkey", "dax"), open=True)
    instance: str = text("node type, such as cache.m7g.large or dax.r5.large", open=True)
    nodes: Amount = whole("nodes, at least", 1, low=1, high=500)
    requests_per_node: Amount = number("requests/s that a node serves; 0 adds none", 0)
    hit_ratio: Amount = number("share of the reads that it answers, so that the store is not asked", 0, high=1)

    @property
    def passed(self) -> Amount:
        """Share of the reads that come to the store."""
        return 1 - self.hit_ratio

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the nodes."""
        nodes = Quantity("nodes", self.nodes)
        if possible(self.requests_per_node):
            needed = ceiling(context.rate / self.requests_per_node)
            how = explain("{}/s / {}/s each, rounded up, at least {}", context.rate, self.requests_per_node, self.nodes)
            nodes = Quantity("nodes", maximum(self.nodes, needed), how=how)
        factors = [nodes, context.running()]
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
class Monitoring(Resource):
    """`[monitoring]`: Amazon CloudWatch besides logs. Container Insights is a switch of `[nodes]` and `[fargate]`."""

    alarms: Amount = whole("alarms on a metric, of standard resolution", 0, high=1_000_000)
    high_resolution_alarms: Amount = whole("alarms that look every 10 or 30 seconds", 0, high=1_000_000)
    metrics: Amount = whole("custom metrics", 0, high=100_000_000)
    dashboards: Amount = whole("dashboards", 0, high=5_000)
    observations_per_minute: Amount = number(
        "observations of Container Insights with enhanced observability (EKS), of the whole cluster", 0
    )
    free_tier: bool = switch("whether the 10 alarms and 10 metrics that are always free are left to use", False)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield alarms, metrics, dashboards and observations."""
        for name, count, dimension, noun in (
            ("alarms", self.alarms, "alarms", "alarms"),
            ("alarms-high-resolution", self.high_resolution_alarms, "alarms-high-resolution", "alarms"),
            ("metrics", self.metrics, "metrics", "metrics"),
            ("dashboards", self.dashboards, "dashboards", "dashboards"),
        ):
            if not possible(count):
                continue
            free = Fraction(0)
            if self.free_tier and name in ("alarms", "metrics"):
                free = context.price("cloudwatch", f"free-{name}").single
            factors = (Quantity(noun, count), context.kept())
            yield Item(name, factors, context.price("cloudwatch", dimension), free=free, when=count)
        if possible(self.observations_per_minute):
            how = explain("{} a minute × 60 × {} h", self.observations_per_minute, context.hours)
            seen = Quantity("observations", self.observations_per_minute * 60 * context.hours, how=how)
            price = context.price("cloudwatch", "container-insights-eks")
            yield Item("observations", (seen,), price, when=self.observations_per_minute)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeys(Resource):
    """`[keys]`: AWS KMS, symmetric keys."""

    count: Amount = whole("customer managed keys", 1, high=100_000)
    calls_per_request: Amount = number("calls of a request, to encrypt or decrypt", 0)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the keys and the calls that use them."""
        keys = (Quantity("keys", self.count), context.kept())
        yield Item("keys", keys, context.price("kms", "keys"), when=self.count)
        if possible(self.calls_per_request):
            calls = Quantity("calls each", self.calls_per_request)
            price = context.price("kms", "requests")
            yield Item("key-calls", (context.requests(), calls), price, when=self.calls_per_request)


@dataclass(frozen=True, kw_only=True)
class ObjectStorage(Resource):
    """`[files]`: Amazon S3, storage class Standard."""

    storage_gb: Amount = number("GB kept", 0)
    puts_per_request: Amount = number("PUT, COPY, POST and LIST calls of a request", 0)
    gets_per_request: Amount = number("GET and other calls of a request", 0)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield what is kept, written and read."""
        kept = (Quantity("GB", self.storage_gb, "GB"), context.kept())
        yield Item("files-stored", kept, context.price("s3", "storage"), when=self.storage_gb)
        for name, calls, dimension in (
            ("file-puts", self.puts_per_request, "put-requests"),
            ("file-gets", self.gets_per_request, "get-requests"),
        ):
            if possible(calls):
                factors = (context.requests(), Quantity("calls each", calls))
                yield Item(name, factors, context.price("s3", dimension), when=calls)


@dataclass(frozen=True, kw_only=True)
class Registry(Resource):
    """`[registry]`: Amazon ECR."""

    gb: Amount = number("GB of images", 1)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the images' storage."""
        yield Item("registry", (Quantity("GB", self.gb, "GB"), context.kept()), context.price("ecr", "storage"))
