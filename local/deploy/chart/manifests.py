"""The chart, rendered with a values file as a cluster would get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from local.deploy.chart.programs import NotHere, helm
from local.paths import ROOT
from local.program import run_program

Manifest = dict[str, Any]

CHART = ROOT / "container/chart"
EXAMPLE = ROOT / "local/deploy/chart/example.yaml"
"""What a user gives beside a values file."""
CHOICES = ROOT / "local/deploy/chart/choices.yaml"
"""What a user may choose beside it, all of it at once."""
RELEASE = "crossover"
HELM_SECONDS = 60
PLATFORMS = ("nodes", "fargate", "laptop")
VALUES = ("", *PLATFORMS)
"""The values files by what follows `values-`; "" is the chart's own values.yaml alone."""


class ChartRefusedError(ValueError):
    """The chart refuses values. The message is helm's."""


def file_of(values: str) -> Path:
    """Return a values file, by what follows `values-` in its name."""
    return CHART / (f"values-{values}.yaml" if values else "values.yaml")


def options(values: str) -> list[str]:
    """Return helm's options for a values file, with the example of what a user adds to it."""
    files = [file_of(values)] if values == "laptop" else [file_of(values), EXAMPLE]
    return [option for file in files for option in ("--values", str(file))]


def render(values: str, *more: str) -> str:
    """Return the manifests of a values file as YAML; `more` are options of helm.

    Raises `ChartRefusedError` and `NotHere`.
    """
    return run("template", RELEASE, str(CHART), "--namespace", RELEASE, *options(values), *more)


def objects(text: str) -> list[Manifest]:
    """Return the objects of rendered manifests."""
    return [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]


def lint(values: str) -> None:
    """Run `helm lint --strict`. Raises `ChartRefusedError` and `NotHere`."""
    run("lint", "--strict", "--quiet", str(CHART), *options(values))


def notes(values: str, *more: str) -> str:
    """Return what helm prints after an installation, as far as it is known without a cluster.

    Raises `ChartRefusedError`, and `NotHere` with helm 3, whose dry run needs a cluster.
    """
    arguments = ("install", RELEASE, str(CHART), "--namespace", RELEASE, "--dry-run=client", *options(values), *more)
    try:
        return run(*arguments).partition("\nNOTES:\n")[2]
    except ChartRefusedError as problem:
        if "cluster unreachable" in str(problem):
            raise NotHere("notes without a cluster need helm 4: https://helm.sh/docs/intro/install") from None
        raise


def run(*arguments: str) -> str:
    """Return helm's output. Raises `ChartRefusedError` with its message where it fails, and `NotHere`."""
    nowhere = str(Path("/nonexistent"))
    environment = {"PATH": "/usr/bin:/bin", "HOME": nowhere, "KUBECONFIG": nowhere}
    done = run_program([str(helm()), *arguments], HELM_SECONDS, env=environment)
    if done.returncode:
        raise ChartRefusedError((done.stderr + done.stdout).strip())
    return done.stdout
