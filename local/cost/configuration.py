"""A configuration: the resources of one deployment, read from a TOML document. Pure; `files` opens the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.errors import CostError
from local.cost.price_book import region_named
from local.cost.resources.databases import Database, DynamoDB
from local.cost.resources.fargate import Fargate
from local.cost.resources.ingress import Ingress
from local.cost.resources.lambda_functions import LambdaFunctions, ManagedInstances
from local.cost.resources.network import Network
from local.cost.resources.nodes import Nodes
from local.cost.resources.resource import Resource
from local.cost.resources.supporting import (
    CacheCluster,
    EncryptionKeys,
    Logs,
    Monitoring,
    ObjectStorage,
    Registry,
    Secrets,
)
from local.cost.schema import alternatives, read, text

RESOURCES: dict[str, type[Resource]] = {
    "lambda": LambdaFunctions,
    "managed_instances": ManagedInstances,
    "fargate": Fargate,
    "nodes": Nodes,
    "ingress": Ingress,
    "network": Network,
    "database": Database,
    "dynamodb": DynamoDB,
    "cache": CacheCluster,
    "secrets": Secrets,
    "keys": EncryptionKeys,
    "logs": Logs,
    "monitoring": Monitoring,
    "files": ObjectStorage,
    "registry": Registry,
}
"""The tables that a configuration file may have, in the order of the bill."""
COMPUTE = ("lambda", "managed_instances", "fargate", "nodes")
ON_LAMBDA = ("lambda", "managed_instances")
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class ConfigurationHeading:
    """The keys above the tables."""

    name: str = text("a name for people")
    about: str = text("what it is, in a sentence", "")
    source: str = text("where its figures come from", "")
    region: str = text("AWS region, as the price book has it", DEFAULT_REGION)


@dataclass(frozen=True)
class Choice:
    """One way to choose from the lists of a configuration.

    Attributes:
        chosen: What was chosen, as settings and values; empty where there was nothing to choose.
    """

    chosen: tuple[tuple[str, object], ...]
    resources: Mapping[str, Resource]

    @property
    def label(self) -> str:
        """What was chosen in words, such as `vcpu 0.25, architecture arm64`."""
        return ", ".join(f"{key} {value}" for key, value in self.chosen)

    @property
    def on_lambda(self) -> bool:
        """Whether requests are passed on to Lambda functions."""
        return any(name in self.resources for name in ON_LAMBDA)


@dataclass(frozen=True)
class Configuration:
    """A deployment, with every choice that it leaves open.

    Attributes:
        workload: The services that it is meant for and their weights; empty where the caller has to say.
    """

    heading: ConfigurationHeading
    choices: tuple[Choice, ...]
    workload: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.heading.name


def to_internet(configuration: Configuration) -> Configuration:
    """Return the configuration with all its responses going out to the Internet."""
    return _with_network(configuration, internet=True)


def to_zones(configuration: Configuration) -> Configuration:
    """Return the configuration with all its traffic coming from other zones of its region."""
    return _with_network(configuration, cross_zone_share=Fraction(1))


def _with_network(configuration: Configuration, **changes: object) -> Configuration:
    choices = []
    for choice in configuration.choices:
        network = choice.resources["network"]
        changed = replace(network, **changes) if isinstance(network, Network) else network  # type: ignore[arg-type]
        choices.append(replace(choice, resources={**choice.resources, "network": changed}))
    return replace(configuration, choices=tuple(choices))


def in_region(configuration: Configuration, region: str | None) -> Configuration:
    """Return the configuration in another region; as it is where none is given.

    Raises:
        CostError: It is not written like the name of a region.
    """
    if region:
        region_named(region)
    return replace(configuration, heading=replace(configuration.heading, region=region)) if region else configuration


def parse(document: Mapping[str, Any], where: str) -> Configuration:
    """Return the configuration in a TOML document that was read with decimals. `where` names the file in errors.

    Raises:
        CostError: One line with file and key, for what is unknown, missing, out of range or contradictory.
    """
    tables = {key: value for key, value in document.items() if key in RESOURCES}
    rest = {key: value for key, value in document.items() if key not in RESOURCES and key != "workload"}
    for key in rest:
        if key not in ConfigurationHeading.__dataclass_fields__:
            known = ", ".join([*ConfigurationHeading.__dataclass_fields__, "workload", *RESOURCES])
            raise CostError(f"{where}: {key}: is not known; known are {known}")
    if not tables:
        raise CostError(f"{where}: has nothing to price; give it tables out of {', '.join(RESOURCES)}")
    compute = [name for name in COMPUTE if name in tables]
    if len(compute) > 1:
        raise CostError(f"{where}: has {' and '.join(compute)}; one configuration runs on one of them")
    choices = tuple(
        Choice(chosen, _resources(alternative, where)) for chosen, alternative in alternatives(RESOURCES, tables, where)
    )
    for choice in choices:
        _refuse_contradictions(choice, where)
    return Configuration(
        read(ConfigurationHeading, rest, f"{where}: heading"),
        choices,
        weights(document.get("workload", {}), f"{where}: workload"),
    )


def weights(value: object, where: str) -> dict[str, Fraction]:
    """Return services and their weights out of a single name, or a table of names and numbers."""
    if isinstance(value, str):
        return {value: Fraction(1)}
    if isinstance(value, Mapping) and all(
        isinstance(weight, int | Decimal) and not isinstance(weight, bool) and weight >= 0 for weight in value.values()
    ):
        return {name: Fraction(weight) for name, weight in value.items()}
    raise CostError(f"{where}: must be the name of a workload, or a table of names and weights")


def _resources(tables: Mapping[str, Any], where: str) -> dict[str, Resource]:
    resources = {name: read(RESOURCES[name], tables[name], f"{where}: {name}") for name in RESOURCES if name in tables}
    resources.setdefault("network", Network())
    return {name: resources[name] for name in RESOURCES if name in resources}


def _refuse_contradictions(choice: Choice, where: str) -> None:
    ingress = choice.resources.get("ingress")
    if isinstance(ingress, Ingress):
        if choice.on_lambda and ingress.kind == "nlb":
            raise CostError(f"{where}: ingress.kind: an NLB cannot have Lambda functions as targets; use alb")
        if not choice.on_lambda and ingress.kind == "function-url":
            raise CostError(f"{where}: ingress.kind: only Lambda has a Function URL")
