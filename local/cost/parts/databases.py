"""The storage tier: RDS MySQL and Aurora with RDS Proxy, and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.errors import CostError
from local.cost.instances import vcpus
from local.cost.items import Item, Limit, Quantity, Words, saying
from local.cost.linear import whole
from local.cost.parts.part import Part
from local.cost.schema import number, switch, text
from local.cost.schema import whole as whole_number
from local.cost.work import Case, Work

PROXY_LEAST_VCPUS = 2
"""vCPUs that RDS Proxy bills at least (RDS Proxy pricing)."""
READ_BLOCK = 4096
"""Bytes of one DynamoDB read unit; an eventually consistent read takes half a unit."""
WRITE_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Database(Part):
    """`[database]`: a relational database. RDS MySQL and Aurora MySQL are two services with two price lists."""

    engine: str = text("which service", among=("rds-mysql", "aurora-mysql"), open=True)
    instance: str = text("instance class, such as db.r7g.xlarge", open=True)
    multi_az: bool = switch("whether a standby waits in another zone (RDS)", False)
    replicas: int = whole_number("read replicas", 0, high=15)
    storage_gb: Fraction = number("the volume, gp3 on RDS", 20, high=131_072)
    backup_gb: Fraction = number("backups beyond the free share", 0, high=1_310_720)
    io_per_request: Fraction = number("storage requests of a request (Aurora)", 0)
    proxy: bool = switch("whether RDS Proxy stands in front", False)
    utilisation: Fraction = number(
        "busy share of its CPU up to which it serves", Fraction(4, 5), low=Fraction(1, 100), high=1
    )

    def __post_init__(self) -> None:
        if self.engine == "aurora-mysql" and self.multi_az:
            raise CostError("Aurora has no multi_az; say replicas = 1")
        if self.engine == "rds-mysql" and self.io_per_request:
            raise CostError("io_per_request is billed on Aurora alone")
        vcpus(self.instance)

    def items(self, case: Case) -> Iterator[Item]:
        price = case.price(self.engine, self.instance)
        one = Quantity("instances", Fraction(1))
        yield Item("database", (one, case.running()), price)
        copies = Fraction(1)
        if self.multi_az:
            factor = case.price("rds-mysql", "multi-az-factor")
            copies = factor.single
            extra = Quantity(
                "standby share", copies - 1, how=saying("Multi-AZ is {} times Single-AZ", copies), row=factor
            )
            yield Item("database-standby", (one, extra, case.running()), price)
        if self.replicas:
            yield Item("database-replicas", (Quantity("replicas", Fraction(self.replicas)), case.running()), price)
        if self.storage_gb:
            yield self._volume(case, copies)
        if self.backup_gb:
            yield Item(
                "database-backup",
                (Quantity("GB", self.backup_gb, "GB"), case.kept()),
                case.price("rds-mysql", "backup"),
            )
        if self.io_per_request:
            requests = Quantity("storage requests per request", self.io_per_request)
            yield Item("database-io", (case.count_of_requests(), requests), case.price("aurora-mysql", "io-requests"))
        if self.proxy:
            yield Item("proxy", (self._proxy_vcpus(), case.running()), case.price("rds-proxy", "vcpu-hours"))

    def limits(self, case: Case) -> Iterator[Limit]:
        seconds = case.mix.mean(_query_seconds)
        if seconds:
            cores = vcpus(self.instance) * (1 + self.replicas)
            shown = "{} vCPU × {} % busy / {} ms of its CPU a request"
            why = saying(shown, cores, self.utilisation * 100, seconds * 1000)
            yield Limit("database", cores * self.utilisation / seconds, why)

    def _volume(self, case: Case, copies: Fraction) -> Item:
        factors = [Quantity("GB", self.storage_gb, "GB"), case.kept()]
        if self.engine == "aurora-mysql":
            return Item("database-storage", tuple(factors), case.price("aurora-mysql", "storage"))
        instances = copies + self.replicas
        factors.append(Quantity("volumes", instances, how=saying("Multi-AZ and each replica have their own")))
        return Item("database-storage", tuple(factors), case.price("rds-mysql", "storage-gp3"))

    def _proxy_vcpus(self) -> Quantity:
        cores = vcpus(self.instance) * (1 + self.replicas)
        how = saying("{} of the target, at least {}", cores, PROXY_LEAST_VCPUS)
        return Quantity("vCPU", max(cores, Fraction(PROXY_LEAST_VCPUS)), how=how)


def _query_seconds(work: Work) -> Fraction:
    return work.queries / work.queries_per_vcpu if work.queries_per_vcpu else Fraction(0)


@dataclass(frozen=True, kw_only=True)
class DynamoDB(Part):
    """`[dynamodb]`: one table."""

    mode: str = text("how it is billed", "on-demand", among=("on-demand", "provisioned"), open=True)
    consistency: str = text("of its reads", "eventual", among=("eventual", "strong"))
    storage_gb: Fraction = number("the table's size", 0)
    utilisation: Fraction = number("busy share of provisioned capacity", Fraction(7, 10), low=Fraction(1, 100), high=1)

    def items(self, case: Case) -> Iterator[Item]:
        share = Fraction(1) if self.consistency == "strong" else Fraction(1, 2)
        reads = case.mix.mean(lambda work: work.reads * _blocks(work) * share)
        writes = case.mix.mean(lambda work: work.writes * -(-work.item_bytes // WRITE_BLOCK))
        how_read = saying("reads × blocks of {} bytes × {} ({})", READ_BLOCK, share, self.consistency)
        how_written = saying("writes × blocks of {} bytes", WRITE_BLOCK)
        if reads:
            yield self._units(case, "dynamodb-reads", "read", reads, how_read)
        if writes:
            yield self._units(case, "dynamodb-writes", "write", writes, how_written)
        if self.storage_gb:
            yield Item(
                "dynamodb-storage",
                (Quantity("GB", self.storage_gb, "GB"), case.kept()),
                case.price("dynamodb", "storage"),
            )

    def _units(self, case: Case, name: str, verb: str, units: Fraction, how: Words) -> Item:
        per_request = Quantity(f"{verb} units per request", units, how=how)
        if self.mode == "on-demand":
            return Item(name, (case.count_of_requests(), per_request), case.price("dynamodb", f"{verb}-request-units"))
        capacity = whole(case.rate * (units / self.utilisation))
        shown = saying("{}/s × {} / {}, rounded up", case.rate.value, units, self.utilisation)
        factor = Quantity("capacity units", capacity, how=shown)
        return Item(
            name, (factor, case.running()), case.price("dynamodb", f"{verb}-capacity-hours"), given=(per_request,)
        )


def _blocks(work: Work) -> Fraction:
    return work.read_blocks or Fraction(max(1, -(-work.item_bytes // READ_BLOCK)))
