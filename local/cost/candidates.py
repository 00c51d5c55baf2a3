"""The web tiers and storage tiers that a plan chooses from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.connections import DatabaseConnections
from local.cost.instances import FARGATE_SPEEDS, Speed, speed_of

ALB = {"ingress": {"kind": "alb"}}
FARGATE_VCPU = [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4), Fraction(8), Fraction(16)]
INSTANCES = (
    "c8g.medium", "c8g.large", "c8g.xlarge", "c8g.2xlarge", "c7g.large", "m8g.large", "c9g.large", "c7i.large",
)  # fmt: skip
WEB_TIERS: Mapping[str, Mapping[str, Any]] = {
    **{
        f"EKS, {instance}": {"nodes": {"instance": instance, "public_addresses": True}, **ALB} for instance in INSTANCES
    },
    "ECS on Fargate": {
        "fargate": {"orchestrator": "ecs", "architecture": "arm64", "vcpu": FARGATE_VCPU, "public_addresses": True},
        **ALB,
    },
    "EKS on Fargate": {"fargate": {"orchestrator": "eks", "vcpu": FARGATE_VCPU}, "network": {"nat_gateways": 1}, **ALB},
    "Lambda, Function URL": {"lambda": {"memory_mb": [128, 256, 512, 1024, 1769]}, "ingress": {"kind": "function-url"}},
}
DATABASES = ("db.t4g.medium", "db.r7g.large", "db.r7g.xlarge", "db.r7g.2xlarge", "db.r7g.4xlarge")
REPLICAS = (0, 1, 2)


def _database(instance: str, replicas: int, *, proxy: bool) -> tuple[str, Mapping[str, Any]]:
    extra = "".join([f" + {replicas} replicas" * (replicas > 0), " + RDS Proxy" * proxy])
    database = {
        "engine": "rds-mysql",
        "instance": instance,
        "replicas": replicas,
        "storage_gb": 100,
        "proxy": proxy,
    }
    return f"RDS MySQL {instance}{extra}", {"database": database, "secrets": {}}


STORAGE_TIERS: Mapping[str, Mapping[str, Any]] = {
    **dict(
        _database(instance, replicas, proxy=proxy)
        for instance in DATABASES
        for replicas in REPLICAS
        for proxy in (False, True)
    ),
    "DynamoDB provisioned": {"dynamodb": {"mode": "provisioned", "storage_gb": 1}},
    "DynamoDB on demand": {"dynamodb": {"storage_gb": 1}},
}


def connections_of(tables: Mapping[str, Any]) -> DatabaseConnections | None:
    """Return the connections of a storage tier's database; None where it has none to run out of."""
    database = tables.get("database")
    if database is None:
        return None
    return DatabaseConnections(database["instance"], database["replicas"], proxy=database["proxy"])


def speed_of_tier(tables: Mapping[str, Any]) -> Speed | None:
    """Return what is known of a web tier's processor; None where it has none of its own."""
    if "nodes" in tables:
        return speed_of(tables["nodes"]["instance"])
    if "fargate" in tables:
        return FARGATE_SPEEDS[tables["fargate"].get("architecture", "x86_64")]
    return None


def network_of(tables: Mapping[str, Any], internet: bool) -> dict[str, Any]:
    """Return the table of the network, with responses to the Internet or without."""
    return {"network": {**tables.get("network", {}), "internet": internet}}


def decimals(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with its fractions as TOML has numbers."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(part) for part in value]
        return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else value

    return {key: plain(value) for key, value in table.items()}
