"""The functions and layers of a SAM template, as far as this machine needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from crossover.path_template import BadTemplate, PathTemplate
from local.emulator.intrinsics import (
    FUNCTION_TYPES,
    Resolver,
    TemplateError,
    is_intrinsic,
    load_document,
    text_of,
)

ANY = "ANY"
"""An HTTP API event's method where it takes all of them, which is SAM's default."""
DEFAULT_ROUTE = "$default"
"""The path of an HTTP API event that names none: every path that no other route takes."""

Value = TypeVar("Value")
Note = Callable[[int, str], None]
"""Takes the line of what is not emulated, and a text that says what."""


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
    rest_routes: tuple[tuple[str, str], ...] = ()
    """As `routes`, of each event of a REST API."""
    url: bool = False
    """Whether it has a Function URL."""
    triggers: tuple[str, ...] = ()
    """The types of its other events, such as SQS."""
    runtime: str = ""

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
    built: bool = False
    """Whether SAM builds it for Python: the folder and its requirements become `python/`."""


@dataclass(frozen=True)
class Template:
    """The functions and layers of a template, by their logical names."""

    functions: Mapping[str, Function]
    layers: Mapping[str, Layer]
    notes: tuple[str, ...] = ()
    """What was not understood, each with its line; only where it is not an error."""


def line_of(mapping: Any, key: str) -> int:
    """Return the line of a key of a document's mapping; 0 where it is not known."""
    return getattr(mapping, "lines", {}).get(key, 0)  # type: ignore[no-any-return]


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
            functions[name] = function_of(ResourceProperties(name, resource, common, resolve))
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layer = ResourceProperties(name, resource, {}, resolve)
            layers[name] = Layer(name, layer.folder("ContentUri"), layer.made)
    for function in functions.values():
        for layer_name in function.layers:
            if layer_name not in layers:
                raise TemplateError(
                    f"{function.name}: Layers names {layer_name}, which is no layer of this template; "
                    "a layer has to be built here to be emulated"
                )
    return Template(functions, layers)


class ResourceProperties:
    """A resource's properties, with the globals merged in and evaluated one by one."""

    def __init__(
        self,
        name: str,
        resource: Mapping[str, Any],
        common: Mapping[str, Any],
        resolve: Resolver,
        note: Note | None = None,
    ) -> None:
        self.name = name
        self.note = note
        metadata = resource.get("Metadata") or {}
        self.made = metadata.get("BuildMethod") == "makefile"
        self.built = str(metadata.get("BuildMethod")).startswith("python")
        self.plain = resource["Type"] == FUNCTION_TYPES[1]
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

    def events(self) -> Mapping[str, Any]:
        """Return the events as they are written: what they are about need not be known here."""
        events = self._properties.get("Events")
        return events if isinstance(events, dict) and not is_intrinsic(events) else self.map("Events")

    def evaluated(self, value: Any) -> Any:
        """Return a value of a property, evaluated. Raises `TemplateError`."""
        return self._resolve(value)

    def map(self, key: str) -> Mapping[str, Any]:
        """Return a property that is a map."""
        value = self.value(key, {})
        if not isinstance(value, dict):
            raise TemplateError(f"{self.name}: {key} is no map")
        return value


def function_of(resource: ResourceProperties) -> Function:
    """Return a function as its resource describes it. Raises `TemplateError`."""
    runtime = resource.value("Runtime", "python")
    if resource.value("PackageType", "Zip") != "Zip" or not str(runtime).startswith("python"):
        raise TemplateError(f"{resource.name}: only Python functions in zip packages are built and emulated here")
    inline = resource.value("InlineCode", "")
    folder = "CodeUri"
    if resource.plain:
        code = resource.value("Code", "")
        inline = code.get("ZipFile", "") if isinstance(code, dict) else ""
        folder = "Code"
    reserved = resource.value("ReservedConcurrentExecutions")
    provisioned = resource.map("ProvisionedConcurrencyConfig").get("ProvisionedConcurrentExecutions", 0)
    layers = resource.value("Layers", [])
    if not isinstance(layers, list):
        raise TemplateError(f"{resource.name}: Layers is no list")
    return Function(
        name=resource.name,
        code="" if inline else resource.folder(folder),
        package=resource.package,
        made=resource.made,
        inline=str(inline),
        handler=resource.text("Handler"),
        memory_mb=resource.number("MemorySize", int, 128),
        timeout=resource.number("Timeout", float, 3),
        layers=tuple(map(str, layers)),
        environment=_variables(resource),
        routes=tuple(_routes(resource, "HttpApi")),
        rest_routes=tuple(_routes(resource, "Api")),
        url=bool(resource.value("FunctionUrlConfig")),
        triggers=tuple(_triggers(resource)),
        runtime=str(runtime),
        reserved_concurrency=None if reserved is None else resource.number("ReservedConcurrentExecutions", int, None),
        provisioned_concurrency=int(provisioned),
    )


def _variables(resource: ResourceProperties) -> dict[str, str]:
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


def _routes(resource: ResourceProperties, kind: str) -> list[tuple[str, str]]:
    """Return the method and the path of each event of an API: `HttpApi`, or `Api`, whose events have both."""
    routes = []
    for name, event in resource.events().items():
        if not isinstance(event, dict) or event.get("Type") != kind:
            continue
        properties = event.get("Properties") or {}
        method = str(resource.evaluated(properties.get("Method", ANY))).upper()
        path = str(resource.evaluated(properties.get("Path", DEFAULT_ROUTE)))
        method = ANY if method == "*" else method
        if path != DEFAULT_ROUTE:
            try:
                PathTemplate(path)
            except BadTemplate as problem:
                raise TemplateError(f"{resource.name}: Events.{name}: {problem}") from None
        routes.append((method, path))
        for key in ("Auth", "PayloadFormatVersion"):
            value = properties.get(key)
            if value is not None and str(value) != "2.0" and resource.note:
                resource.note(line_of(properties, key), f"{resource.name}: {key} of the event {name} is not emulated")
    return routes


def _triggers(resource: ResourceProperties) -> list[str]:
    events = (event.get("Type") for event in resource.events().values() if isinstance(event, dict))
    return [str(kind) for kind in events if kind not in ("Api", "HttpApi")]


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
