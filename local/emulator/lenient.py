"""A template of another project: what is not understood becomes a note with its line, and the rest is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.emulator.intrinsics import FUNCTION_TYPES, Given, Resolver, TemplateError, load_document
from local.emulator.template import Function, Layer, ResourceProperties, Template, function_of, line_of

APIS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
SILENT = ("AWS::Lambda::Permission", "AWS::Logs::LogGroup", "AWS::IAM::")
"""Types of resources that do nothing here and need no note."""
PUBLISHED = {"AWSLambdaPowertoolsPython": "aws-lambda-powertools[all]"}
"""The beginning of the name of a layer that AWS publishes, and what is in it (Powertools for AWS Lambda, Install)."""
NOT_MOUNTED = ("FileSystemConfigs", "DurableConfig", "SnapStart")
"""What a function may say that nothing here does."""
NOT_DONE = {
    "Auth": "every request is let in",
    "CorsConfiguration": "no preflight request is answered",
    "Cors": "no preflight request is answered",
    "DefinitionBody": "its routes are not read, only those of the functions' events",
    "DefinitionUri": "its routes are not read, only those of the functions' events",
}
"""What an API may say that the emulated one does not do."""


def read_leniently(path: Path, given: Given) -> Template:
    """Read a template of another project.

    Raises:
        TemplateError: where the file is no template, or a parameter is none of it.
    """
    document = load_document(path)
    parameters = document.get("Parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(parameter, dict) for parameter in parameters.values()):
        raise TemplateError(f"the Parameters of {path.name} are no map of maps")
    for name in given.parameters:
        if name not in parameters:
            raise TemplateError(f"{path.name} has no parameter {name[:80]}; it has: {', '.join(parameters) or 'none'}")
    reading = _Reading(document, path.name)
    for name, parameter in parameters.items():
        if "Default" not in parameter and name not in given.parameters:
            reading.note(line_of(parameters, name), f"{name} has no default; give --parameter-overrides {name}=VALUE")
    return reading.read(given)


def published(layer: str) -> str:
    """Return what a layer that AWS publishes is made of, as a requirement; empty for any other layer."""
    return next((text for name, text in PUBLISHED.items() if layer.startswith("arn:") and f":{name}" in layer), "")


@dataclass
class _Reading:
    """What has been read so far."""

    document: Mapping[str, Any]
    file: str
    line: int = 0
    """Of the resource that is being read."""
    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    notes: dict[str, str] = field(default_factory=dict)
    """By what they say."""

    def note(self, line: int, text: str) -> None:
        """Keep a note, at the first of its lines."""
        self.notes.setdefault(text, f"{self.file}:{line}: {text}")

    def read(self, given: Given) -> Template:
        """Read every resource."""
        given = replace(given, on_unknown=lambda text: self.note(self.line, text))
        resources = self.document["Resources"]
        resolve = Resolver(self.document, given.parameters, given)
        for kind in ("Api", "HttpApi"):
            self._note_api(f"Globals.{kind}", (self.document.get("Globals") or {}).get(kind))
        for name, resource in resources.items():
            self.line = line_of(resources, name)
            try:
                self._read(str(name), resource, resolve)
            except TemplateError as problem:
                self.note(self.line, f"{problem}; it is left out")
            except (AttributeError, TypeError, KeyError, ValueError, RecursionError):
                self.note(self.line, f"{name} is not understood; it is left out")
        for function in list(self.functions.values()):
            self._check_layers(function, line_of(resources, function.name))
        if self.others:
            kinds = (f"{count} {kind}" if count > 1 else kind for kind, count in sorted(self.others.items()))
            self.notes["others"] = f"{self.file}: not emulated: {', '.join(kinds)}"
        return Template(self.functions, self.layers, tuple(self.notes.values()))

    def _read(self, name: str, resource: Any, resolve: Resolver) -> None:
        if name.startswith("Fn::") or not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise TemplateError(f"{name} is not understood")
        if "Condition" in resource and not resolve.holds(resource["Condition"]):
            return
        kind = resource["Type"]
        if kind in FUNCTION_TYPES:
            common = ((self.document.get("Globals") or {}).get("Function") or {}) if kind == FUNCTION_TYPES[0] else {}
            self.functions[name] = function_of(ResourceProperties(name, resource, common, resolve, self.note))
            properties = resource["Properties"]
            for key in NOT_MOUNTED:
                if key in properties:
                    self.note(line_of(properties, key), f"{name}: {key} is not emulated")
        elif kind in LAYERS:
            layer = ResourceProperties(name, resource, {}, resolve, self.note)
            self.layers[name] = Layer(name, layer.folder("ContentUri"), layer.made, layer.built)
        elif kind in APIS:
            self._note_api(name, resource.get("Properties"))
        elif not kind.startswith(SILENT):
            self.others[kind] += 1

    def _note_api(self, name: str, properties: Any) -> None:
        for key, text in NOT_DONE.items():
            if isinstance(properties, dict) and key in properties:
                self.note(line_of(properties, key), f"{name}: {key} is not emulated: {text}")

    def _check_layers(self, function: Function, line: int) -> None:
        kept = tuple(layer for layer in function.layers if layer in self.layers or published(layer))
        for layer in function.layers:
            if published(layer):
                self.note(line, f"{layer.split(':')[-2]} stands for the newest {published(layer)} of the package index")
            elif layer not in self.layers:
                self.note(line, f"{function.name}: the layer {layer} is none of this template; it runs without")
        self.functions[function.name] = replace(function, layers=kept)
