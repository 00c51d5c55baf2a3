"""An environment: which platforms run where, how large, and until when, read from one TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost import files
from local.cost.errors import CostError
from local.cost.instances import memory_gib, vcpus
from local.cost.schema import number, read, switch, text, whole
from local.errors import UserError
from local.paths import ROOT

ENVIRONMENTS = ROOT / "container" / "environments"
PLATFORMS = ("lambda", "eks", "ecs")
NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
"""Names of resources begin with it; a load balancer's has 32 characters at most."""
ACCOUNT = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
NO_ACCOUNT = "000000000000"
"""The account of a file that is to be planned and not yet deployed."""


@dataclass(frozen=True)
class EnvironmentHeading:
    """The keys above the tables."""

    about: str = text("what the environment is for, in a sentence", "")
    account: str = text("the account's twelve digits; nothing is done in another one", NO_ACCOUNT)
    region: str = text("AWS region", "us-east-1")
    hours: Fraction = number("hours after the last `up` until it may be removed; 0 for never", 8, high=8760)
    team: str = text("first word of every answer", "Crossover")
    public: bool = switch("whether the Internet may reach the load balancers and function URLs", False)
    certificate: str = text("ARN of an ACM certificate for the load balancers", "")
    admin: str = text("ARN of a role or user that administers the cluster too", "")
    boundary: str = text("ARN of a policy that bounds the roles of functions, tasks and flow logs", "")


@dataclass(frozen=True)
class NetworkSettings:
    """`[network]`: the network of everything but functions without a database."""

    cidr: str = text("private network of 65,536 addresses", "10.20.0.0/16")
    access: str = text("how what serves reaches AWS", "nat", among=("nat", "nat-per-zone", "endpoints", "public"))
    flow_logs: bool = switch("whether every connection is logged", False)


@dataclass(frozen=True)
class DatabaseSettings:
    """`[database]`: RDS MySQL behind RDS Proxy, for the Twitter service of every platform."""

    instance: str = text("instance class", "db.t4g.medium")
    storage_gb: Fraction = whole("volume", 20, low=20, high=65_536)
    multi_az: bool = switch("whether a standby waits in another zone", False)
    replicas: Fraction = whole("read replicas", 0, high=2)
    backup_days: Fraction = whole("days that a point in time can be restored from", 7, low=1, high=35)
    max_connections: Fraction = whole("connections of the database", 1000, low=20, high=16_000)
    rotation_days: Fraction = whole("days between two rotations of the password; 0 for none", 30, high=365)


@dataclass(frozen=True)
class Eks:
    """`[eks]`: the cluster of the pods."""

    compute: str = text("where pods run", "nodes", among=("nodes", "fargate"))
    instance: str = text("instance type of the nodes, with a Graviton processor", "c8g.large")
    min: Fraction = whole("nodes that always run", 3, low=1, high=100)
    max: Fraction = whole("nodes that run at most", 4, low=1, high=100)
    disk_gb: Fraction = whole("root volume of a node", 20, low=20, high=1000)


@dataclass(frozen=True)
class Ecs:
    """`[ecs]`: the tasks on Fargate, ARM."""

    vcpu: Fraction = number("CPUs of a task", 1, low=Fraction(1, 4), high=4)
    memory_gb: Fraction = number("memory of a task", 2, low=Fraction(1, 2), high=30)
    min: Fraction = whole("tasks of a service that always run", 2, low=1, high=100)
    max: Fraction = whole("tasks of a service that run at most", 10, low=1, high=100)


@dataclass(frozen=True)
class MonitoringSettings:
    """`[monitoring]`: alarms and a dashboard."""

    email: str = text("address that gets the alarms", "")
    p99_seconds: Fraction = number("seconds that one request of a hundred may take", 1, low=Fraction(1, 100), high=30)
    container_insights: bool = switch("whether metrics of nodes, pods and tasks are collected", False)


@dataclass(frozen=True)
class Load:
    """`[load]`: the traffic that the plan's bill is for; each platform gets it."""

    rate: Fraction = number("requests/s", 10, high=1_000_000)
    hours: Fraction = number("hours of a month in which the environment stands", 730, low=1, high=730)


TABLES: Mapping[str, type] = {
    "network": NetworkSettings,
    "database": DatabaseSettings,
    "eks": Eks,
    "ecs": Ecs,
    "monitoring": MonitoringSettings,
    "load": Load,
}


@dataclass(frozen=True)
class Environment:
    """An environment, checked. `database` is None where the file has no such table."""

    name: str
    platforms: tuple[str, ...]
    heading: EnvironmentHeading
    network: NetworkSettings
    database: DatabaseSettings | None
    eks: Eks
    ecs: Ecs
    monitoring: MonitoringSettings
    load: Load

    @property
    def contained(self) -> bool:
        """Whether a platform runs the image."""
        return "eks" in self.platforms or "ecs" in self.platforms

    @property
    def networked(self) -> bool:
        """Whether it has a network: functions without a database need none."""
        return self.contained or self.database is not None


def find(name: str) -> Environment:
    """Return the environment of a TOML file, given by its path or by the name of a shipped one.

    Raises:
        UserError: There is none, or it says what cannot be.
    """
    path = Path(name) if name.endswith(".toml") else ENVIRONMENTS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in ENVIRONMENTS.glob("*.toml")))
        raise UserError(f"{name}: is neither a file (.toml) nor one of {known} in container/environments")
    try:
        return parse(path.stem, files.toml(path), path.name)
    except CostError as problem:
        raise UserError(str(problem)) from None


def parse(name: str, document: Mapping[str, Any], where: str) -> Environment:
    """Return the environment in a TOML document that was read with decimals. `where` names the file in errors.

    Raises:
        CostError: One line with file and key, for what is unknown, out of range or contradictory.
    """
    if not NAME.fullmatch(name):
        raise CostError(f"{where}: the file's name is the environment's: up to 20 of a-z, 0-9 and -, first a letter")
    rest = {key: value for key, value in document.items() if key not in TABLES and key != "platforms"}
    for key in rest:
        if key not in EnvironmentHeading.__dataclass_fields__:
            known = ", ".join(["platforms", *(field.name for field in fields(EnvironmentHeading)), *TABLES])
            raise CostError(f"{where}: {key}: is not known; known are {known}")
    tables: dict[str, Any] = {key: read(cls, document.get(key, {}), f"{where}: {key}") for key, cls in TABLES.items()}
    if "database" not in document:
        tables["database"] = None
    made = Environment(name, _platforms(document.get("platforms"), where), _heading(rest, where), **tables)
    for problem in _contradictions(made):
        raise CostError(f"{where}: {problem}")
    return made


def _heading(table: Mapping[str, Any], where: str) -> EnvironmentHeading:
    heading = read(EnvironmentHeading, table, f"{where}: heading")
    if not ACCOUNT.fullmatch(heading.account):
        raise CostError(f'{where}: account: must be twelve digits in quotes, such as "123456789012"')
    if not REGION.fullmatch(heading.region):
        raise CostError(f"{where}: region: {heading.region!r} is no region such as us-east-1")
    return heading


def _platforms(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(platform not in PLATFORMS for platform in value):
        raise CostError(f"{where}: platforms: must be a list out of {', '.join(PLATFORMS)}")
    return tuple(platform for platform in PLATFORMS if platform in value)


def _contradictions(made: Environment) -> list[str]:
    """Return what does not go together, one line each."""
    problems = []
    network, database = made.network, made.database
    if made.eks.min > made.eks.max or made.ecs.min > made.ecs.max:
        problems.append("min: is above max")
    if network.access == "public" and "eks" in made.platforms and made.eks.compute == "fargate":
        problems.append("network.access: pods on Fargate run in private subnets only: nat, nat-per-zone or endpoints")
    if network.access == "public" and database is not None and "lambda" in made.platforms:
        problems.append(
            "network.access: a function has no public address and would not reach its secret; "
            "take nat, nat-per-zone or endpoints"
        )
    if network.access == "public" and database is not None and database.rotation_days:
        problems.append(
            'database.rotation_days: the rotation runs in private subnets; with access = "public" it must be 0'
        )
    if network.access == "endpoints" and "eks" in made.platforms:
        problems.append("network.access: add-ons and the load balancer controller come from registries outside: nat")
    if made.heading.public and network.access == "endpoints":
        problems.append("public: load balancers of the Internet go with nat, nat-per-zone or public")
    if database is not None:
        memory_gib(database.instance)
    if "eks" in made.platforms and made.eks.compute == "nodes":
        vcpus(made.eks.instance)
        if "g" not in made.eks.instance.partition(".")[0][1:]:
            problems.append(f"eks.instance: {made.eks.instance} has no Graviton processor, as c8g.large has")
    return problems
