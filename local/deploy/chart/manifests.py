"""The chart, rendered: what a values file makes of it, as a cluster would be given it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from local.deploy.chart.programs import NotHere, helm
from local.paths import ROOT

Manifest = dict[str, Any]

CHART = ROOT / "container/chart"
EXAMPLE = ROOT / "local/deploy/chart/example.yaml"
RELEASE = "crossover"
PLATFORMS = ("nodes", "fargate", "laptop")
VALUES = ("", *PLATFORMS)
"""The values files by what follows `values-`; "" is the chart's own values.yaml alone."""


class Refused(ValueError):
    """The chart refuses values. The message is helm's."""


def file_of(values: str) -> Path:
    """A values file, by what follows `values-` in its name."""
    return CHART / (f"values-{values}.yaml" if values else "values.yaml")


def options(values: str) -> list[str]:
    """What helm is given for a values file, with the example of what somebody who deploys adds to it."""
    files = [file_of(values)] if values == "laptop" else [file_of(values), EXAMPLE]
    return [option for file in files for option in ("--values", str(file))]


def render(values: str, *more: str) -> str:
    """The manifests of a values file as YAML; `more` are options of `helm template`. Raises `Refused` and `NotHere`."""
    return run("template", RELEASE, str(CHART), "--namespace", RELEASE, *options(values), *more)


def objects(text: str) -> list[Manifest]:
    """The objects of rendered manifests."""
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def lint(values: str) -> None:
    """`helm lint --strict`. Raises `Refused` and `NotHere`."""
    run("lint", "--strict", "--quiet", str(CHART), *options(values))


def notes(values: str, *more: str) -> str:
    """What helm says after an installation, as far as it can be known without a cluster.

    Raises `Refused`, and `NotHere` with helm 3, which does not even pretend to install without one.
    """
    arguments = ("install", RELEASE, str(CHART), "--namespace", RELEASE, "--dry-run=client", *options(values), *more)
    try:
        return run(*arguments).partition("\nNOTES:\n")[2]
    except Refused as problem:
        if "cluster unreachable" in str(problem):
            raise NotHere("notes without a cluster need helm 4: https://helm.sh/docs/intro/install") from None
        raise


def run(*arguments: str) -> str:
    """helm's output. Raises `Refused` with its message where it fails, and `NotHere`."""
    nowhere = str(Path("/nonexistent"))
    environment = {"PATH": "/usr/bin:/bin", "HOME": nowhere, "KUBECONFIG": nowhere}
    done = subprocess.run([str(helm()), *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise Refused((done.stderr + done.stdout).strip())
    return done.stdout
