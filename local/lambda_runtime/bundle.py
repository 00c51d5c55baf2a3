"""The functions of the template, built for this machine and ready to be emulated."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.build.artifacts import ROOT, TEMPLATE, Artifacts, build
from local.build.template import Template, read_template
from local.lambda_runtime.spec import BadSpec, Function, Scaling

OVERRIDES = ("TEAM_NAME", "TEAM_AWS_ACCOUNT", "TWITTER_STORE")
"""Settings of the emulator's own environment that override the template's."""


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
    """Functions by the name of their service, and the paths that they answer on."""

    functions: Mapping[str, Function]
    routes: Mapping[str, str]


def from_template(
    limits: Limits,
    environ: Mapping[str, str] = os.environ,
    out: Path | None = None,
    template: Path = TEMPLATE,
    say: Callable[[str], None] = lambda _: None,
) -> Bundle:
    """Builds the host artifacts and reads the template. Raises `BadSpec`, ValueError and `BuildError`."""
    read = read_template(template)
    built = build(read, "host", out or ROOT / ".build" / "host", say=say)
    return assemble(read, built, limits, environ)


def assemble(template: Template, built: Artifacts, limits: Limits, environ: Mapping[str, str]) -> Bundle:
    """What the emulator needs to know of a template and its artifacts. Raises `BadSpec`."""
    given = {name: environ[name] for name in OVERRIDES if environ.get(name)}
    functions: dict[str, Function] = {}
    routes: dict[str, str] = {}
    for name, each in template.functions.items():
        scaling = Scaling(
            memory_mb=each.memory_mb,
            timeout=each.timeout,
            reserved=each.reserved_concurrency,
            provisioned=each.provisioned_concurrency,
        )
        functions[each.service] = Function(
            name=name,
            code=built.functions[name].absolute(),
            handler=each.handler,
            layers=tuple(built.layers[layer].absolute() for layer in each.layers),
            variables={**each.environment, **given},
            scaling=limits.over(scaling),
        )
        routes |= dict.fromkeys(each.paths or (f"/{each.service}",), name)
    return Bundle(functions, routes)


def function_of(bundle: Bundle, service: str) -> Function:
    """The function of a service. Raises `BadSpec` where there is none."""
    try:
        return bundle.functions[service]
    except KeyError:
        known = ", ".join(sorted(bundle.functions))
        raise BadSpec(f"no service is called {service[:40]!r}; there are: {known}") from None
