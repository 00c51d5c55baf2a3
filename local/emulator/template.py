"""The functions and layers of a SAM template, as far as this machine needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from local.emulator.intrinsics import Resolver, TemplateError, is_intrinsic, load_document, text_of

ANY = "ANY"
"""An HTTP API event's method where it takes all of them, which is SAM's default."""
DEFAULT_ROUTE = "$default"
"""The path of an HTTP API event that names none: every path that no other route takes."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Function:
    """A Lambda function of the template, with the globals merged in. Memory in MB, timeout in seconds."""

    name: str
    code: str
    """Folder relative to the template; empty where `inline` is the code."""
    package: str
    """Package that `code` is put under in the artifact; empty for the artifact's root."""
    made: bool
    """Whether `code` has a Makefile whose target `build-NAME` makes the artifact."""
    inline: str
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
        """The service's name: the package of the handler's module, or the function's own name without one."""
        *_, package, _module, _function = ("", "", *self.handler.split("."))
        return package or self.name


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


def read_template(path: Path, parameters: Mapping[str, str] | None = None) -> Template:
    """Read a template; `parameters` override the defaults.

    Raises:
        TemplateError: for what this machine cannot follow; one line that names the resource and the key.
    """
    document = load_document(path)
    resolve = Resolver(document, parameters or {})
    common = (document.get("Globals") or {}).get("Function") or {}
    functions, layers = {}, {}
    for name, resource in document["Resources"].items():
        if name.startswith("Fn::ForEach"):
            raise TemplateError(f"{name} is not understood; write its resources out")
        if not isinstance(resource, dict) or "Type" not in resource:
            raise TemplateError(f"{name} has no Type")
        if "Condition" in resource and not resolve.holds(resource["Condition"]):
            continue
        if resource["Type"] == "AWS::Serverless::Function":
            functions[name] = _function(_Resource(name, resource, common, resolve))
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layer = _Resource(name, resource, {}, resolve)
            layers[name] = Layer(name, layer.folder("ContentUri"), layer.made)
    for function in functions.values():
        for layer_name in function.layers:
            if layer_name not in layers:
                raise TemplateError(
                    f"{function.name}: Layers names {layer_name}, which is no layer of this template; "
                    "a layer has to be built here to be emulated"
                )
    return Template(functions, layers)


class _Resource:
    """A resource's properties, with the globals merged in and evaluated one by one."""

    def __init__(self, name: str, resource: Mapping[str, Any], common: Mapping[str, Any], resolve: Resolver) -> None:
        self.name = name
        metadata = resource.get("Metadata") or {}
        self.made = metadata.get("BuildMethod") == "makefile"
        self.package = str((metadata.get("BuildProperties") or {}).get("ParentPackages") or "")
        self._properties = _merged(common, resource.get("Properties") or {})
        self._resolve = resolve

    def value(self, key: str, default: Any = None) -> Any:
        """Return a property, or the default where it is missing or empty."""
        try:
            value = self._resolve(self._properties.get(key))
        except TemplateError as problem:
            raise TemplateError(f"{self.name}: {key}: {problem}") from None
        return default if value is None else value

    def number(self, key: str, kind: Callable[[Any], Value], default: Any) -> Value:
        """Return a property as a number."""
        value = self.value(key, default)
        try:
            return kind(value)
        except (TypeError, ValueError):
            raise TemplateError(f"{self.name}: {key} is {value!r} and no number") from None

    def text(self, key: str) -> str:
        """Return a property that has to be there as text."""
        value = self.value(key)
        if not isinstance(value, str) or not value:
            raise TemplateError(f"{self.name}: {key} is missing, or is no text")
        return value

    def folder(self, key: str) -> str:
        """Return a property that names a folder beside the template."""
        value = self.text(key).rstrip("/")
        if value.startswith(("s3:", "arn:")):
            raise TemplateError(f"{self.name}: {key} is {value}; only a folder beside the template can be built here")
        return value

    def map(self, key: str) -> Mapping[str, Any]:
        """Return a property that is a map."""
        value = self.value(key, {})
        if not isinstance(value, dict):
            raise TemplateError(f"{self.name}: {key} is no map")
        return value


def _function(resource: _Resource) -> Function:
    runtime = resource.value("Runtime", "python")
    if resource.value("PackageType", "Zip") != "Zip" or not str(runtime).startswith("python"):
        raise TemplateError(f"{resource.name}: only Python functions in zip packages are built and emulated here")
    inline = resource.value("InlineCode", "")
    reserved = resource.value("ReservedConcurrentExecutions")
    provisioned = resource.map("ProvisionedConcurrencyConfig").get("ProvisionedConcurrentExecutions", 0)
    layers = resource.value("Layers", [])
    if not isinstance(layers, list):
        raise TemplateError(f"{resource.name}: Layers is no list")
    return Function(
        name=resource.name,
        code="" if inline else resource.folder("CodeUri"),
        package=resource.package,
        made=resource.made,
        inline=str(inline),
        handler=resource.text("Handler"),
        memory_mb=resource.number("MemorySize", int, 128),
        timeout=resource.number("Timeout", float, 3),
        layers=tuple(map(str, layers)),
        environment=_variables(resource),
        routes=tuple(_routes(resource)),
        reserved_concurrency=None if reserved is None else resource.number("ReservedConcurrentExecutions", int, None),
        provisioned_concurrency=int(provisioned),
    )


def _variables(resource: _Resource) -> dict[str, str]:
    variables = resource.map("Environment").get("Variables") or {}
    if not isinstance(variables, dict):
        raise TemplateError(f"{resource.name}: Environment.Variables is no map")
    texts = {}
    for name, value in variables.items():
        try:
            texts[str(name)] = text_of(value)
        except TemplateError as problem:
            raise TemplateError(f"{resource.name}: Environment.Variables.{name}: {problem}") from None
    return texts


def _routes(resource: _Resource) -> list[tuple[str, str]]:
    routes = []
    for event in resource.map("Events").values():
        if isinstance(event, dict) and event.get("Type") == "HttpApi":
            properties = event.get("Properties") or {}
            routes.append((str(properties.get("Method", ANY)).upper(), str(properties.get("Path", DEFAULT_ROUTE))))
    return routes


def _merged(common: Any, own: Any) -> Any:
    """Merge globals into a function's own properties as SAM does: maps key by key, lists one after the other.

    SAM developer guide, "Globals section of the AWS SAM template", Overridable globals.
    """
    if is_intrinsic(common) or is_intrinsic(own):
        return own
    if isinstance(common, dict) and isinstance(own, dict):
        return common | {key: _merged(common[key], value) if key in common else value for key, value in own.items()}
    if isinstance(common, dict) and own is None:
        return common
    if isinstance(common, list) and isinstance(own, list):
        return common + own
    return own
