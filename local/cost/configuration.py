"""A configuration: the parts of one deployment, read from a TOML document. Pure; `files` opens the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.errors import CostError
from local.cost.parts.databases import Database, DynamoDB
from local.cost.parts.extras import Cache, Logs, Registry, Secrets
from local.cost.parts.fargate import Fargate
from local.cost.parts.fronts import Front
from local.cost.parts.functions import Functions, ManagedInstances
from local.cost.parts.network import Network
from local.cost.parts.nodes import Nodes
from local.cost.parts.part import Part
from local.cost.schema import alternatives, read, text

PARTS: dict[str, type[Part]] = {
    "lambda": Functions,
    "managed_instances": ManagedInstances,
    "fargate": Fargate,
    "nodes": Nodes,
    "front": Front,
    "network": Network,
    "database": Database,
    "dynamodb": DynamoDB,
    "cache": Cache,
    "secrets": Secrets,
    "logs": Logs,
    "registry": Registry,
}
"""The tables that a configuration file may have, in the order of the bill."""
COMPUTE = ("lambda", "managed_instances", "fargate", "nodes")
ON_LAMBDA = ("lambda", "managed_instances")
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Heading:
    """The keys above the tables."""

    name: str = text("a name for people")
    about: str = text("what it is, in a sentence", "")
    source: str = text("where its figures come from", "")
    region: str = text("AWS region, as the price book has it", DEFAULT_REGION)


@dataclass(frozen=True)
class Choice:
    """One way to choose from the lists of a configuration."""

    chosen: str
    """What was chosen, such as `vcpu 0.25, architecture arm64`; empty where there was nothing to choose."""
    parts: Mapping[str, Part]

    @property
    def on_lambda(self) -> bool:
        return any(name in self.parts for name in ON_LAMBDA)


@dataclass(frozen=True)
class Configuration:
    """A deployment, with every choice that it leaves open."""

    heading: Heading
    choices: tuple[Choice, ...]
    work: Mapping[str, Fraction] = field(default_factory=dict)
    """The services that it is meant for and their weights; empty where that is for the caller to say."""

    @property
    def name(self) -> str:
        return self.heading.name


def parse(document: Mapping[str, Any], where: str) -> Configuration:
    """The configuration out of a TOML document read with decimals. `where` names the file in errors.

    Raises `CostError`, one line with file and key, for whatever is not known, missing, out of range or contradictory.
    """
    tables = {key: value for key, value in document.items() if key in PARTS}
    rest = {key: value for key, value in document.items() if key not in PARTS and key != "work"}
    for key in rest:
        if key not in Heading.__dataclass_fields__:
            known = ", ".join([*Heading.__dataclass_fields__, "work", *PARTS])
            raise CostError(f"{where}: {key}: is not known; known are {known}")
    if not tables:
        raise CostError(f"{where}: has nothing to price; give it tables out of {', '.join(PARTS)}")
    compute = [name for name in COMPUTE if name in tables]
    if len(compute) > 1:
        raise CostError(f"{where}: has {' and '.join(compute)}; one configuration runs on one of them")
    choices = tuple(
        Choice(chosen, _parts(alternative, where)) for chosen, alternative in alternatives(PARTS, tables, where)
    )
    for choice in choices:
        _refuse_contradictions(choice, where)
    return Configuration(
        read(Heading, rest, f"{where}: heading"), choices, weights(document.get("work", {}), f"{where}: work")
    )


def weights(value: object, where: str) -> dict[str, Fraction]:
    """Services and their weights: a single name, or a table of names and numbers."""
    if isinstance(value, str):
        return {value: Fraction(1)}
    if isinstance(value, Mapping) and all(
        isinstance(weight, int | Decimal) and not isinstance(weight, bool) and weight >= 0 for weight in value.values()
    ):
        return {name: Fraction(weight) for name, weight in value.items()}
    raise CostError(f"{where}: must be the name of a work, or a table of names and weights")


def _parts(tables: Mapping[str, Any], where: str) -> dict[str, Part]:
    parts = {name: read(PARTS[name], tables[name], f"{where}: {name}") for name in PARTS if name in tables}
    parts.setdefault("network", Network())
    return {name: parts[name] for name in PARTS if name in parts}


def _refuse_contradictions(choice: Choice, where: str) -> None:
    front = choice.parts.get("front")
    if isinstance(front, Front):
        if choice.on_lambda and front.kind == "nlb":
            raise CostError(f"{where}: front.kind: an NLB cannot have Lambda functions as targets; use alb")
        if not choice.on_lambda and front.kind == "function-url":
            raise CostError(f"{where}: front.kind: only Lambda has a Function URL")
