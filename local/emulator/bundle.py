"""The functions of the template, built for this machine and ready to be emulated."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.emulator.artifacts import ROOT, TEMPLATE, UNSHIPPED, Artifacts, build
from local.emulator.routing import Door
from local.emulator.spec import BadSpec, FunctionSpec, Scaling
from local.emulator.template import ANY, Template, read_template
from local.paths import BUILD

Install = Callable[[Path, Callable[[str], None]], None]
"""Puts what a copied folder requires into it."""
OVERRIDES = ("BASE_PATH", "TEAM_NAME", "TEAM_AWS_ACCOUNT", "TWITTER_STORE")
"""Settings of the emulator's own environment that override the template's."""


MAX_AGE_SECONDS = 86_400
"""How long artifacts of other sources are kept: an emulator may still run them."""

LARGE_BYTES = 1_000_000
"""Size of a file beyond which its time of change stands for its content."""


@dataclass(frozen=True)
class FunctionLimits:
    """Options that override what the template says of every function; None leaves the template's."""

    memory_mb: int | None = None
    timeout: float | None = None
    reserved: int | None = None
    provisioned: int | None = None
    idle_lifetime: float | None = None

    def over(self, scaling: Scaling) -> Scaling:
        """Return the scaling with these options in place. Raises `BadSpec`."""
        options = {name: value for name, value in vars(self).items() if value is not None}
        return replace(scaling, **options)


@dataclass(frozen=True)
class Bundle:
    """Functions by the name of their service, and the methods and paths that they answer on, by their own names."""

    functions: Mapping[str, FunctionSpec]
    routes: Mapping[tuple[str, str], str]
    doors: tuple[Door, ...] = ()
    """In place of `routes`, where the template says which event source is before which function."""


def from_template(
    limits: FunctionLimits,
    environ: Mapping[str, str] = os.environ,
    out: Path | None = None,
    template: Path = TEMPLATE,
    say: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Read the template and build the host artifacts, once for each content of their sources.

    Raises:
        TemplateError: for what cannot be followed here.
        BadSpec: for a function that Lambda would refuse.
        BuildError: where an artifact cannot be built.
    """
    read = read_template(template)
    return assemble(read, built_once(read, out or BUILD / "emulated", say), limits, environ)


def built_once(
    template: Template, parent: Path, say: Callable[[str], None], root: Path = ROOT, install: Install | None = None
) -> Artifacts:
    """Return the artifacts, in a folder named after what they are made of: concurrent commands do not collide.

    `root` is the template's folder; `install` is called with each copied folder.
    """
    folder = parent / _digest(template, root)
    if not folder.exists():
        forget_old(parent)
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            build(template, "host", making, root, say)
            if install is not None:
                for copied in _copied(template):
                    install(making / copied, say)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        try:
            making.rename(folder)
        except OSError:  # another command was first
            shutil.rmtree(making)
    return Artifacts(
        functions={name: folder / name for name in template.functions},
        layers={name: folder / name for name in template.layers},
    )


def _copied(template: Template) -> Iterator[str]:
    """Yield the folders of functions and of layers that SAM builds for Python by copying."""
    yield from (name for name, function in template.functions.items() if not function.made)
    yield from (f"{name}/python" for name, layer in template.layers.items() if layer.built)


def _digest(template: Template, root: Path) -> str:
    digest = hashlib.sha256(f"{sys.version}{template}{root}".encode())
    sources = {function.code for function in template.functions.values()}
    sources |= {layer.content for layer in template.layers.values()}
    for source in sorted(sources - {""}):
        for path in sorted((root / source).rglob("*")):
            inside = path.relative_to(root / source)
            if not UNSHIPPED.intersection(inside.parts) and path.is_file():
                status = path.stat()
                large = status.st_size > LARGE_BYTES
                content = status.st_mtime_ns if large else hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{source}/{inside}:{content}\n".encode())
    return digest.hexdigest()[:16]


def forget_old(parent: Path) -> None:
    """Remove what was built more than a day ago."""
    for folder in parent.glob("*"):
        if time.time() - folder.stat().st_mtime > MAX_AGE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def assemble(template: Template, built: Artifacts, limits: FunctionLimits, environ: Mapping[str, str]) -> Bundle:
    """Put together what the emulator needs of a template and its artifacts. Raises `BadSpec`."""
    overrides = {name: _from_here(environ[name]) for name in OVERRIDES if environ.get(name)}
    functions: dict[str, FunctionSpec] = {}
    routes: dict[tuple[str, str], str] = {}
    for name, function in template.functions.items():
        scaling = Scaling(
            memory_mb=function.memory_mb,
            timeout=function.timeout,
            reserved=function.reserved_concurrency,
            provisioned=function.provisioned_concurrency,
        )
        layers = tuple(built.layers[layer].absolute() for layer in function.layers)
        variables = dict(function.environment) | {
            name: value for name, value in overrides.items() if name in function.environment
        }
        functions[function.service] = FunctionSpec(
            name=name,
            code=built.functions[name].absolute(),
            handler=function.handler,
            layers=layers,
            variables={key: _in_layer(value, layers) for key, value in variables.items()},
            scaling=limits.over(scaling),
        )
        base = variables.get("BASE_PATH", "").rstrip("/")
        for method, path in function.routes or ((ANY, f"/{function.service}"),):
            routes |= {(method, path): name, (method, base + path if path.startswith("/") else path): name}
    return Bundle(functions, routes)


def _from_here(value: str) -> str:
    """Make a SQLite file's path relative to where the command runs, and not to the function's folder; of each file."""

    def absolute(url: str) -> str:
        scheme, separator, path = url.partition("sqlite:///")
        return f"{separator}{Path(path).absolute()}" if separator and not scheme and path else url

    return "|".join(map(absolute, value.split("|")))


def _in_layer(value: str, layers: tuple[Path, ...]) -> str:
    """Return a path below /opt where it really is: this machine has layers in folders of their own."""
    head, separator, path = value.partition("/opt/")
    if separator:
        for layer in reversed(layers):
            if path and (layer / path).exists():
                return f"{head}{layer / path}"
    return value


def service_of(name: str, template: Template) -> str:
    """Return the service that a name means: its own, or its function's logical name.

    Raises:
        BadSpec: where there is no such function.
    """
    for function in template.functions.values():
        if name in (function.service, function.name):
            return function.service
    check_service(name, {function.service for function in template.functions.values()})
    raise AssertionError


def check_service(service: str, services: Iterable[str]) -> None:
    """Raise `BadSpec` where the service is none of these."""
    if service not in services:
        raise BadSpec(f"no service is called {service[:40]!r}; there are: {', '.join(sorted(services))}")
