"""The storage tier: RDS and Aurora with RDS Proxy, and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import BillSentence, CapacityLimit, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH
from local.cost.formulas import Amount, ceiling, choose, known, maximum, minimum, possible
from local.cost.instances import baseline, vcpus
from local.cost.resources.resource import Resource
from local.cost.schema import number, switch, text, whole
from local.cost.workload import ServiceWork

PROXY_MIN_VCPUS = 2
"""vCPUs that RDS Proxy bills at least (RDS Proxy pricing)."""
GP3_LARGE_GB = 400
"""GB from which a gp3 volume of MySQL or PostgreSQL is striped over four (Amazon RDS user guide, storage)."""
GP3_IOPS = (3_000, 12_000)
GP3_MBPS = (125, 500)
"""What it includes below and from that size."""
READ_BLOCK = 4096
"""Bytes of one DynamoDB read unit; an eventually consistent read takes half a unit (DynamoDB pricing)."""
WRITE_BLOCK = 1024
"""Bytes of one DynamoDB write unit (DynamoDB pricing)."""
RESERVED = {"reserved-1yr": 1, "reserved-3yr": 3}
"""Modes whose capacity is bought for so many years, and paid a part in advance; the whole year is paid, used or not."""
RESERVED_BLOCK = 100
"""Capacity units that are reserved together (DynamoDB pricing)."""


@dataclass(frozen=True, kw_only=True)
class Database(Resource):
    """`[database]`: a relational database. RDS and Aurora are two services with two price lists."""

    engine: str = text("which service", among=("rds-mysql", "rds-postgresql", "aurora-mysql"), open=True)
    instance: str = text("instance class, such as db.r7g.xlarge", open=True)
    multi_az: bool = switch("whether a standby waits in another zone (RDS)", False)
    replicas: Amount = whole("read replicas", 0, high=15, open=True)
    storage_gb: Amount = number("the volume", 20, high=131_072)
    volume: str = text("kind of volume (RDS)", "gp3", among=("gp3", "io1", "io2"), open=True)
    iops: Amount = whole("provisioned IOPS (RDS); gp3 includes 3,000, or 12,000 from 400 GB", 0, high=256_000)
    throughput_mbps: Amount = number(
        "provisioned MB/s of gp3 (RDS); it includes 125, or 500 from 400 GB", 0, high=4_000
    )
    backup_gb: Amount = number("backups beyond the free share", 0, high=1_310_720)
    io_per_request: Amount = number("storage requests of a request (Aurora)", 0)
    proxy: bool = switch("whether RDS Proxy stands in front", False)
    utilisation: Amount = number(
        "busy share of its CPU up to which it serves", Fraction(4, 5), low=Fraction(1, 100), high=1
    )

    def __post_init__(self) -> None:
        if self.engine == "aurora-mysql" and self.multi_az:
            raise CostError("Aurora has no multi_az; say replicas = 1")
        if self.engine == "aurora-mysql" and (self.iops or self.throughput_mbps or self.volume != "gp3"):
            raise CostError("Aurora has one kind of volume, without provisioned IOPS or throughput")
        small = self.volume == "gp3" and known(self.storage_gb) < GP3_LARGE_GB
        if small and (known(self.iops) > GP3_IOPS[0] or known(self.throughput_mbps) > GP3_MBPS[0]):
            has = f"{GP3_IOPS[0]:,} IOPS and {GP3_MBPS[0]} MB/s"
            raise CostError(f"gp3 under {GP3_LARGE_GB} GB has {has}, and no more; use a larger volume, or io2")
        if self.volume != "gp3" and not self.iops:
            raise CostError(f"iops: {self.volume} needs its provisioned IOPS")
        if self.volume != "gp3" and self.throughput_mbps:
            raise CostError("throughput_mbps: only gp3 has a provisioned throughput")
        if self.engine != "aurora-mysql" and self.io_per_request:
            raise CostError("io_per_request is billed on Aurora alone")
        vcpus(self.instance)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the instances, volumes, backups and the proxy."""
        price = context.price(self.engine, self.instance)
        writer = Quantity("instances", Fraction(1))
        yield Item("database", (writer, context.running()), price)
        copies = Fraction(1)
        if self.multi_az:
            factor = context.price("rds", "multi-az-factor")
            copies = factor.single
            how = explain("Multi-AZ is {} times Single-AZ", copies)
            extra = Quantity("standby share", copies - 1, how=how, row=factor)
            yield Item("database-standby", (writer, extra, context.running()), price)
        replicas = Quantity("replicas", self.replicas)
        yield Item("database-replicas", (replicas, context.running()), price, when=self.replicas)
        if possible(self.storage_gb):
            yield self._volume(context, copies)
        if self.engine != "aurora-mysql":
            yield from self._provisioned(context, copies)
        if possible(self.backup_gb):
            backup = (Quantity("GB", self.backup_gb, "GB"), context.kept())
            yield Item("database-backup", backup, context.price(self._volume_service, "backup"), when=self.backup_gb)
        if self.engine == "aurora-mysql" and possible(self.io_per_request):
            requests = Quantity("storage requests per request", self.io_per_request)
            price = context.price("aurora-mysql", "io-requests")
            yield Item("database-io", (context.requests(), requests), price, when=self.io_per_request)
        if self.proxy:
            yield Item("proxy", (self._proxy_vcpus(), context.running()), context.price("rds-proxy", "vcpu-hours"))

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the rate at which the database's CPU is as busy as it may be."""
        ms = context.mix.mean(_query_ms) * context.stored
        template = "{} vCPU × {} % busy / {} ms of its CPU a request"
        busy = minimum(self.utilisation, baseline(self.instance))
        why = explain(template, self._vcpus, busy * 100, ms)
        seconds = choose(ms, ms / 1000, Fraction(1))
        rate = self._vcpus * context.speed * busy / seconds
        yield CapacityLimit("database", rate, why, when=ms)

    @property
    def _volume_service(self) -> str:
        """The service whose rows price volumes and backups: RDS has the same for MySQL and PostgreSQL."""
        return "aurora-mysql" if self.engine == "aurora-mysql" else "rds"

    @property
    def _vcpus(self) -> Amount:
        return vcpus(self.instance) * (1 + self.replicas)

    def _volume(self, context: PricingContext, copies: Fraction) -> Item:
        factors = [Quantity("GB", self.storage_gb, "GB"), context.kept()]
        dimension = "storage"
        if self._volume_service == "rds":
            how = explain("Multi-AZ and each replica have their own")
            factors.append(Quantity("volumes", copies + self.replicas, how=how))
            dimension = f"storage-{self.volume}"
        price = context.price(self._volume_service, dimension)
        return Item("database-storage", tuple(factors), price, when=self.storage_gb)

    def _provisioned(self, context: PricingContext, copies: Fraction) -> Iterator[Item]:
        """Yield provisioned IOPS and throughput, on gp3 those beyond what the volume includes."""
        volumes = Quantity("volumes", copies + self.replicas)
        for name, wanted, included, dimension in (
            ("database-iops", self.iops, GP3_IOPS, f"{self.volume}-iops"),
            ("database-throughput", self.throughput_mbps, GP3_MBPS, f"{self.volume}-throughput"),
        ):
            if not possible(wanted):
                continue
            free: Amount = Fraction(0)
            if self.volume == "gp3":
                free = choose(GP3_LARGE_GB - self.storage_gb, Fraction(included[0]), Fraction(included[1]))
            billed = maximum(wanted - free, Fraction(0))
            how = explain("{} − {} that the volume includes", wanted, free)
            unit = "IOPS" if name == "database-iops" else "MB/s"
            factors = (Quantity(unit, billed, unit, how), context.kept(), volumes)
            yield Item(name, factors, context.price("rds", dimension), when=billed)

    def _proxy_vcpus(self) -> Quantity:
        writer = vcpus(self.instance)  # replicas are not billed
        how = explain("{} of the target's writer, at least {}", writer, PROXY_MIN_VCPUS)
        return Quantity("vCPU", max(writer, Fraction(PROXY_MIN_VCPUS)), how=how)


def _query_ms(workload: ServiceWork) -> Amount:
    per_vcpu = workload.queries_per_vcpu
    return choose(per_vcpu, workload.queries * 1000 / choose(per_vcpu, per_vcpu, Fraction(1)), Fraction(0))


@dataclass(frozen=True, kw_only=True)
class DynamoDB(Resource):
    """`[dynamodb]`: one table."""

    mode: str = text("how it is billed", "on-demand", among=("on-demand", "provisioned", *RESERVED), open=True)
    consistency: str = text("of its reads", "eventual", among=("eventual", "strong"))
    storage_gb: Amount = number("the table's size", 0)
    utilisation: Amount = number("busy share of provisioned capacity", Fraction(7, 10), low=Fraction(1, 100), high=1)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield reads, writes and the table's storage."""
        share = Fraction(1) if self.consistency == "strong" else Fraction(1, 2)
        reads = context.mix.mean(lambda workload: workload.reads * _blocks(workload) * share) * context.stored
        writes = context.mix.mean(lambda workload: workload.writes * ceiling(workload.item_bytes / WRITE_BLOCK))
        how_read = explain("reads × blocks of {} bytes × {} ({})", READ_BLOCK, share, self.consistency)
        if context.stored != 1:
            template = "reads × blocks of {} bytes × {} ({}) × {} that no cache answers"
            how_read = explain(template, READ_BLOCK, share, self.consistency, context.stored)
        how_written = explain("writes × blocks of {} bytes", WRITE_BLOCK)
        if possible(reads):
            yield from self._units(context, "dynamodb-reads", "read", reads, how_read)
        if possible(writes):
            yield from self._units(context, "dynamodb-writes", "write", writes, how_written)
        if possible(self.storage_gb):
            storage = (Quantity("GB", self.storage_gb, "GB"), context.kept())
            yield Item("dynamodb-storage", storage, context.price("dynamodb", "storage"), when=self.storage_gb)

    def _units(self, context: PricingContext, name: str, verb: str, units: Amount, how: BillSentence) -> Iterator[Item]:
        per_request = Quantity(f"{verb} units per request", units, how=how)
        if self.mode == "on-demand":
            price = context.price("dynamodb", f"{verb}-request-units")
            yield Item(name, (context.requests(), per_request), price, when=units)
            return
        capacity = ceiling(context.rate * (units / self.utilisation))
        shown = explain("{}/s × {} / {}, rounded up", context.rate, units, self.utilisation)
        prefix, years = "", RESERVED.get(self.mode)
        if years is not None:
            capacity = RESERVED_BLOCK * ceiling(context.rate * (units / self.utilisation) / RESERVED_BLOCK)
            template = "{}/s × {} / {}, rounded up to {}"
            shown = explain(template, context.rate, units, self.utilisation, RESERVED_BLOCK)
            prefix = f"{self.mode}-"
        factor = Quantity("capacity units", capacity, how=shown)
        price = context.price("dynamodb", f"{prefix}{verb}-capacity-hours")
        yield Item(name, (factor, context.running()), price, inputs=(per_request,), when=units)
        if years is not None:
            share = Quantity(
                "of the term",
                context.hours / (HOURS_PER_MONTH * 12 * years),
                how=explain("{} h of {} years of {} h a month", context.hours, years, HOURS_PER_MONTH),
            )
            price = context.price("dynamodb", f"{prefix}{verb}-upfront")
            yield Item(f"{name}-upfront", (factor, share), price, when=units)


def _blocks(workload: ServiceWork) -> Amount:
    by_size = maximum(Fraction(1), ceiling(workload.item_bytes / READ_BLOCK))
    return choose(workload.read_blocks, workload.read_blocks, by_size)
