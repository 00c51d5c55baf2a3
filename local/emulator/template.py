"""What the template says, as far as this machine needs it: functions, layers, and parameters with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ANY = "ANY"
"""An HTTP API event's method where it takes all of them, which is SAM's default."""


@dataclass(frozen=True)
class Function:
    """A Lambda function of the template, with the globals merged in. Memory in MB, timeout in seconds."""

    name: str
    code: str
    package: str
    handler: str
    memory_mb: int
    timeout: float
    layers: tuple[str, ...]
    environment: Mapping[str, str]
    routes: tuple[tuple[str, str], ...]
    """The method, `ANY` for all of them, and the path of each HTTP API event."""
    reserved_concurrency: int | None
    provisioned_concurrency: int

    @property
    def paths(self) -> tuple[str, ...]:
        """The routes' paths, each once."""
        return tuple(dict.fromkeys(path for _, path in self.routes))

    @property
    def service(self) -> str:
        """The service's name: the last part of its package."""
        return self.package.rpartition(".")[2]


@dataclass(frozen=True)
class Layer:
    """A layer of the template: made by the target `build-NAME` of its folder's Makefile, or the folder as it is."""

    name: str
    content: str
    made: bool


@dataclass(frozen=True)
class Template:
    """The functions and layers of a template, by their logical names."""

    functions: Mapping[str, Function]
    layers: Mapping[str, Layer]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, kept as one-key mappings such as {"Ref": "Name"}."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise ValueError(f"!{suffix} has no value")


_Loader.add_multi_constructor("!", _short_tag)


def read_template(path: Path, parameters: Mapping[str, str] | None = None) -> Template:
    """Reads a template; `parameters` override the defaults.

    Resolves `Ref` to parameters and resources, and `Fn::If` by conditions of `Fn::Equals` and `Fn::Not`: what this
    project's template uses. Raises ValueError, one line, for anything else.
    """
    document = yaml.load(path.read_text(), _Loader)  # noqa: S506 - derived from SafeLoader
    values = {name: str(each.get("Default", "")) for name, each in document.get("Parameters", {}).items()}
    values.update(parameters or {})
    resolve = _Resolver(values, document.get("Conditions", {}))
    common = document.get("Globals", {}).get("Function", {})
    functions, layers = {}, {}
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            functions[name] = _function(name, resource, common, resolve)
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layers[name] = Layer(
                name, properties["ContentUri"].rstrip("/"), "BuildMethod" in resource.get("Metadata", {})
            )
    return Template(functions, layers)


@dataclass(frozen=True)
class _Resolver:
    parameters: Mapping[str, str]
    conditions: Mapping[str, Any]

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(self, value) if each is not None]
        if not isinstance(value, dict) or len(value) != 1:
            return {key: self(each) for key, each in value.items()} if isinstance(value, dict) else value
        ((name, argument),) = value.items()
        if name == "Ref":
            return None if argument == "AWS::NoValue" else self.parameters.get(argument, argument)
        if name == "Fn::If":
            condition, yes, no = argument
            return self(yes if self._holds(self.conditions[condition]) else no)
        if name.startswith("Fn::"):
            raise ValueError(f"{name} is not understood in a function or layer")
        return {name: self(argument)}

    def _holds(self, condition: Any) -> bool:
        ((name, arguments),) = condition.items()
        if name == "Fn::Equals":
            return bool(self(arguments[0]) == self(arguments[1]))
        if name == "Fn::Not":
            return not self._holds(arguments[0])
        if name == "Condition":
            return self._holds(self.conditions[arguments])
        raise ValueError(f"{name} is not understood in a condition")


def _function(name: str, resource: Any, common: Any, resolve: _Resolver) -> Function:
    own = resource["Properties"]

    def value(key: str, default: Any = None) -> Any:
        found = own.get(key, common.get(key, default))
        return resolve(found)

    variables = {
        **common.get("Environment", {}).get("Variables", {}),
        **own.get("Environment", {}).get("Variables", {}),
    }
    events = own.get("Events", {}).values()
    reserved = value("ReservedConcurrentExecutions")
    provisioned = value("ProvisionedConcurrencyConfig", {})
    return Function(
        name=name,
        code=own["CodeUri"].rstrip("/"),
        package=resource["Metadata"]["BuildProperties"]["ParentPackages"],
        handler=own["Handler"],
        memory_mb=int(value("MemorySize", 128)),
        timeout=float(value("Timeout", 3)),
        layers=tuple(resolve(common.get("Layers", [])) + resolve(own.get("Layers", []))),
        environment={key: str(text) for key, each in variables.items() if (text := resolve(each)) is not None},
        routes=tuple(_route(event["Properties"]) for event in events if event["Type"] == "HttpApi"),
        reserved_concurrency=None if reserved is None else int(reserved),
        provisioned_concurrency=int(provisioned.get("ProvisionedConcurrentExecutions", 0)),
    )


def _route(event: Any) -> tuple[str, str]:
    return str(event.get("Method", ANY)).upper(), event["Path"]
