"""The functions of the template, built for this machine and ready to be emulated."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.emulator.artifacts import ROOT, TEMPLATE, Artifacts, build
from local.emulator.spec import BadSpec, Function, Scaling
from local.emulator.template import ANY, Template, read_template

OVERRIDES = ("TEAM_NAME", "TEAM_AWS_ACCOUNT", "TWITTER_STORE")
"""Settings of the emulator's own environment that override the template's."""


KEPT_SECONDS = 86_400
"""How long artifacts of other sources are kept: an emulator may still run them."""

LARGE = 1_000_000
"""Bytes of a file beyond which its time of change stands for its content."""


@dataclass(frozen=True)
class Limits:
    """Options that override what the template says of every function; None leaves the template's."""

    memory_mb: int | None = None
    timeout: float | None = None
    reserved: int | None = None
    provisioned: int | None = None
    idle_lifetime: float | None = None

    def over(self, scaling: Scaling) -> Scaling:
        """The scaling with the given options in place. Raises `BadSpec`."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return replace(scaling, **given)


@dataclass(frozen=True)
class Bundle:
    """Functions by the name of their service, and the methods and paths that they answer on, by their own names."""

    functions: Mapping[str, Function]
    routes: Mapping[tuple[str, str], str]


def from_template(
    limits: Limits,
    environ: Mapping[str, str] = os.environ,
    out: Path | None = None,
    template: Path = TEMPLATE,
    say: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Reads the template and builds the host artifacts, once for each content of their sources.

    Raises `BadSpec`, ValueError and `BuildError`.
    """
    read = read_template(template)
    return assemble(read, built_once(read, out or ROOT / ".build" / "emulated", say), limits, environ)


def built_once(template: Template, parent: Path, say: Callable[[str], None]) -> Artifacts:
    """The artifacts, in a folder named after what they are made of: commands at the same time do not meet."""
    folder = parent / _digest(template)
    if not folder.exists():
        _forget_old(parent)
        making = folder.with_name(f"{folder.name}.{os.getpid()}")
        build(template, "host", making, say=say)
        try:
            making.rename(folder)
        except OSError:  # somebody else was first
            shutil.rmtree(making)
    return Artifacts(
        functions={name: folder / name for name in template.functions},
        layers={name: folder / name for name in template.layers},
    )


def _digest(template: Template) -> str:
    digest = hashlib.sha256(f"{sys.version}{template}".encode())
    sources = [each.code for each in template.functions.values()] + [each.content for each in template.layers.values()]
    for source in sources:
        for path in sorted((ROOT / source).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                large = status.st_size > LARGE
                content = status.st_mtime_ns if large else hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(ROOT)}:{content}\n".encode())
    return digest.hexdigest()[:16]


def _forget_old(parent: Path) -> None:
    for folder in parent.glob("*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def assemble(template: Template, built: Artifacts, limits: Limits, environ: Mapping[str, str]) -> Bundle:
    """What the emulator needs to know of a template and its artifacts. Raises `BadSpec`."""
    given = {name: _from_here(environ[name]) for name in OVERRIDES if environ.get(name)}
    functions: dict[str, Function] = {}
    routes: dict[tuple[str, str], str] = {}
    for name, each in template.functions.items():
        scaling = Scaling(
            memory_mb=each.memory_mb,
            timeout=each.timeout,
            reserved=each.reserved_concurrency,
            provisioned=each.provisioned_concurrency,
        )
        layers = tuple(built.layers[layer].absolute() for layer in each.layers)
        variables = {**each.environment, **{key: value for key, value in given.items() if key in each.environment}}
        functions[each.service] = Function(
            name=name,
            code=built.functions[name].absolute(),
            handler=each.handler,
            layers=layers,
            variables={key: _in_layer(value, layers) for key, value in variables.items()},
            scaling=limits.over(scaling),
        )
        routes |= dict.fromkeys(each.routes or ((ANY, f"/{each.service}"),), name)
    return Bundle(functions, routes)


def _from_here(value: str) -> str:
    """A SQLite file's path that is relative to where the command runs, and not to the function's folder."""
    scheme, separator, path = value.partition("sqlite:///")
    return f"{separator}{Path(path).absolute()}" if separator and not scheme and path else value


def _in_layer(value: str, layers: tuple[Path, ...]) -> str:
    """A path below /opt where it really is: this machine has layers in folders of their own."""
    head, separator, path = value.partition("/opt/")
    if separator:
        for layer in reversed(layers):
            if path and (layer / path).exists():
                return f"{head}{layer / path}"
    return value


def function_of(bundle: Bundle, service: str) -> Function:
    """The function of a service. Raises `BadSpec` where there is none."""
    check_service(service, bundle.functions)
    return bundle.functions[service]


def check_service(service: str, known: Iterable[str]) -> None:
    """Raises `BadSpec` where the service is none of these."""
    if service not in known:
        raise BadSpec(f"no service is called {service[:40]!r}; there are: {', '.join(sorted(known))}")
