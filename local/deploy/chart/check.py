"""`python -m local.deploy.chart.check`: helm lint, Kubernetes' schemas and checkov over every values file of the chart.

What takes seconds is asked again only where manifests, versions or justifications have changed since all was right.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping

import kubernetes_validate
import yaml

from local.console import console, error_line
from local.deploy.chart import checkov, manifests, programs

RIGHT = programs.WORK / "right"
"""Names the state in which all was right last."""


def main() -> int:
    """Checks everything; returns the exit status."""
    try:
        for values in manifests.VALUES:
            manifests.lint(values)
        rendered = {values: manifests.render(values) for values in manifests.VALUES}
        wrong = complaints(rendered)
    except programs.NotHere as problem:
        console.print(f"NOT RUN: the chart's checks: {problem}", style="yellow", markup=False, soft_wrap=True)
        return 0
    except (manifests.Refused, checkov.NotRead, subprocess.CalledProcessError) as problem:
        wrong = [str(problem)]
    for line in wrong:
        error_line(f"chart: {line}")
    if wrong:
        return 1
    count = sum(len(manifests.objects(text)) for text in rendered.values())
    versions = " and ".join(kubernetes_versions())
    console.print(f"chart: {count} objects of {len(rendered)} values files are right for Kubernetes {versions}")
    return 0


def complaints(rendered: Mapping[str, str]) -> list[str]:
    """What is wrong with manifests, one line each; none where the same were right before."""
    versions = kubernetes_versions()
    inputs = (checkov.JUSTIFIED.read_text(), programs.CHECKOV_LOCK.read_text(), *versions, *rendered.values())
    state = programs.digest("\0".join(inputs).encode())
    if RIGHT.exists() and RIGHT.read_text() == state:
        return []
    wrong = [line for values, text in rendered.items() for line in against_schemas(values, text, versions)]
    # values.yaml alone is part of every other one.
    found = checkov.findings({values: text for values, text in rendered.items() if values})
    wrong += checkov.complaints(found, checkov.justifications())
    if not wrong:
        RIGHT.write_text(state)
    return wrong


def kubernetes_versions() -> tuple[str, str]:
    """The oldest Kubernetes that the chart admits, and the newest whose schemas are known."""
    chart = yaml.safe_load((manifests.CHART / "Chart.yaml").read_text())
    oldest = str(chart["kubeVersion"]).removeprefix(">=").removesuffix(".0-0")
    return oldest, ".".join(kubernetes_validate.latest_version().split(".")[:2])


def against_schemas(values: str, text: str, versions: tuple[str, ...]) -> Iterator[str]:
    """What Kubernetes' schemas of these versions refuse, one line each; a kind without a schema among it."""
    for each in manifests.objects(text):
        what = f"{manifests.file_of(values).name}: {each['kind']} {each['metadata']['name']}"
        for version in versions:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as problem:
                place = ".".join(str(part) for part in problem.path)
                yield f"{what}, Kubernetes {version}: {place}: {problem.message}"
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{what}: Kubernetes {version} has no schema of {each['apiVersion']}"


if __name__ == "__main__":
    sys.exit(main())
