"""CloudFormation's intrinsic functions and pseudo parameters, as far as a template's functions and layers need them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local.files import read_bounded

PSEUDO_PARAMETERS: Mapping[str, Any] = {
    "AWS::AccountId": "000000000000",
    "AWS::NotificationARNs": [],
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/crossover/local",
    "AWS::StackName": "crossover",
    "AWS::URLSuffix": "amazonaws.com",
}
"""Values of an account on this machine. CloudFormation user guide, "Get AWS values using pseudo parameters"."""

MAX_DOCUMENT_BYTES = 1_000_000
"""CloudFormation takes a template of 1 MB (CloudFormation user guide, quotas)."""
MAX_VALUES = 1_000_000
"""Values that are evaluated of one template: YAML's aliases can write more than any machine holds."""
FUNCTION_TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


class TemplateError(ValueError):
    """A template cannot be used here. The message is one line and names the resource and the key."""


class Located(dict[str, Any]):
    """A mapping of the document that knows the line of each of its keys, the first line being 1."""

    lines: Mapping[str, int]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, kept as one-key mappings such as {"Ref": "Name"}."""


def _located(loader: _Loader, node: yaml.MappingNode) -> Iterator[Located]:
    mapping = Located()
    yield mapping
    mapping.update(loader.construct_mapping(node))  # type: ignore[arg-type]  # a key may be true, as in a condition
    mapping.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has three kinds of nodes
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)
_Loader.add_constructor("tag:yaml.org,2002:map", _located)


def load_document(path: Path) -> dict[str, Any]:
    """Read a template's YAML.

    Raises:
        TemplateError: where the file cannot be read or is no template.
    """
    try:
        document = yaml.load(read_bounded(path, MAX_DOCUMENT_BYTES).decode(), _Loader)  # noqa: S506 - derived from SafeLoader
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as problem:
        raise TemplateError(f"cannot read {path}: {' '.join(str(problem).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path} is no template: it has no Resources")
    return document


def is_intrinsic(value: Any) -> bool:
    """Return whether a value is one call of an intrinsic function."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Ref", "Condition", *_FUNCTIONS)


@dataclass(frozen=True)
class Given:
    """What is known of a stack besides its template."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    """Values of other stacks' exports, by their names."""
    pseudo: Mapping[str, str] = field(default_factory=dict)
    """Pseudo parameters that are not those of `PSEUDO_PARAMETERS`."""
    on_unknown: Callable[[str], None] | None = None
    """Called with what is not known here, for which a text stands in; None where that is an error."""


class Resolver:
    """Evaluates what a template says with its parameters' values."""

    def __init__(self, document: Mapping[str, Any], overrides: Mapping[str, str], given: Given | None = None) -> None:
        self._given = given or Given()
        self._values = 0
        self._pseudo = {**PSEUDO_PARAMETERS, **self._given.pseudo}
        self._parameters = {
            name: _typed(overrides.get(name, parameter.get("Default", "")), parameter.get("Type", "String"))
            for name, parameter in (document.get("Parameters") or {}).items()
        }
        self._conditions = document.get("Conditions") or {}
        self._mappings = document.get("Mappings") or {}
        self._resources = document["Resources"]

    def __call__(self, value: Any) -> Any:
        """Return a value with every intrinsic function evaluated; `AWS::NoValue` removes a key or an item.

        Raises:
            TemplateError: for a function that cannot be evaluated here, naming it.
        """
        self._values += 1
        if self._values > MAX_VALUES:
            raise TemplateError("the template writes more values than can be evaluated here")
        if isinstance(value, list):
            return [item for item in map(self, value) if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                try:
                    return self._call(name, argument)
                except (KeyError, TypeError, IndexError, AttributeError):
                    raise TemplateError(f"{name} has arguments that are not understood") from None
        resolved = {key: self(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}

    def holds(self, name: str) -> bool:
        """Return whether a named condition is true."""
        if name not in self._conditions:
            raise TemplateError(f"the condition {name} is not in Conditions")
        return self._true(self._conditions[name])

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._reference(argument)
        if name == "Fn::If":
            condition, yes, no = argument
            return self(yes if self.holds(condition) else no)
        if name == "Fn::Sub":
            text, local = (argument, {}) if isinstance(argument, str) else argument
            values = self(local)
            return _PLACEHOLDER.sub(lambda match: self._substitute(match, values), text)
        if name == "Fn::GetAtt":
            return self.attribute(argument)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(f"{name} cannot be evaluated on this machine")
        return function(self, self(argument))

    def _reference(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        if name in self._resources:
            return name
        return self._unknown(f"{name} is neither a parameter nor a resource", str(name))

    def attribute(self, argument: Any) -> Any:
        """Return an attribute of a resource: a function's ARN is known; another is an error, or a text stands in."""
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        kind = (self._resources.get(name) or {}).get("Type", "")
        arn = f"arn:aws:lambda:{self._pseudo['AWS::Region']}:{self._pseudo['AWS::AccountId']}:function:{name}"
        if attribute == "Arn" and kind in FUNCTION_TYPES:
            return arn
        stands_in = f"{name}.{attribute}"
        if attribute.endswith("Arn"):
            service = kind.split("::")[1].lower() if kind.count("::") == 2 else "local"
            stands_in = f"arn:aws:{service}:{self._pseudo['AWS::Region']}:{self._pseudo['AWS::AccountId']}:{name}"
        return self._unknown(f"{name}.{attribute} is an attribute of what is not emulated", stands_in)

    def imported(self, name: Any) -> Any:
        """Return the value of another stack's export."""
        if name in self._given.imports:
            return self._given.imports[name]
        return self._unknown(f"{name} is exported by another stack; give --import-value '{name}=VALUE'", str(name))

    def _unknown(self, problem: str, stands_in: str) -> str:
        if self._given.on_unknown is None:
            raise TemplateError(problem)
        self._given.on_unknown(f"{problem}; {stands_in!r} stands in for it")
        return stands_in

    def _substitute(self, match: re.Match[str], values: Mapping[str, Any]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in values:
            return text_of(values[name])
        if "." in name:
            return text_of(self.attribute(name))
        return text_of(self._reference(name))

    def _true(self, condition: Any) -> bool:
        ((name, arguments),) = condition.items()
        match name:
            case "Fn::Equals":
                left, right = self(arguments)
                return bool(text_of(left) == text_of(right))
            case "Fn::Not":
                return not self._true(arguments[0])
            case "Fn::And":
                return all(map(self._true, arguments))
            case "Fn::Or":
                return any(map(self._true, arguments))
            case "Condition":
                return self.holds(arguments)
        raise TemplateError(f"{name} is not understood in a condition")

    def find_in_map(self, arguments: Any) -> Any:
        """Look a value up in Mappings."""
        mapping, top, second, *_ = arguments
        return self(self._mappings[mapping][text_of(top)][text_of(second)])


_FUNCTIONS: dict[str, Any] = {
    "Fn::If": None,
    "Fn::Sub": None,
    "Fn::GetAtt": None,
    "Fn::ImportValue": Resolver.imported,
    "Fn::Base64": lambda _, argument: base64.b64encode(text_of(argument).encode()).decode(),
    "Fn::GetAZs": lambda _, region: [f"{region or 'us-east-1'}{zone}" for zone in "abc"],
    "Fn::Length": lambda _, argument: len(argument),
    "Fn::ToJsonString": lambda _, argument: json.dumps(argument, separators=(",", ":")),
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::Join": lambda _, arguments: arguments[0].join(map(text_of, arguments[1])),
    "Fn::Select": lambda _, arguments: arguments[1][int(arguments[0])],
    "Fn::Split": lambda _, arguments: arguments[1].split(arguments[0]),
}


def text_of(value: Any) -> str:
    """Return a scalar as CloudFormation writes it in a string: JSON's `true`, and numbers as they were written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise TemplateError("a list or a map stands where text has to be")
    return str(value)


def _typed(value: Any, kind: str) -> Any:
    text = text_of(value)
    return text.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else text
