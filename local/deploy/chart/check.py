"""`python -m local.deploy.chart.check`: helm lint, Kubernetes' schemas and checkov over every values file of the chart.

What takes seconds runs again only where manifests, versions or justifications have changed since all was right.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import kubernetes_validate
import yaml

from local.console import console, error_line
from local.deploy.chart import manifests, programs
from local.errors import UserError
from local.program import run_program

JUSTIFIED = Path(__file__).with_name("justified.toml")
"""What checkov finds and what stays, with the reason."""
LAST_RIGHT = programs.WORK / "right"
"""Has the digest of what was right last."""
CHECKOV_SECONDS = 300
"""It takes ten; more on a busy machine."""

Findings = dict[tuple[str, str], str]
"""By checkov's name of a check and the values file where it failed: what it asks for, or why it does not hold here."""


class UnreadManifestsError(RuntimeError):
    """checkov saw no manifests, or could not parse them."""


def main() -> int:
    """Check everything, print what is wrong, and return the exit status."""
    try:
        for values in manifests.VALUES:
            manifests.lint(values)
        rendered = {values: manifests.render(values) for values in manifests.VALUES}
        chosen = manifests.render("nodes", "--values", str(manifests.CHOICES))
        wrong = complaints(rendered, chosen)
    except programs.NotHere as problem:
        console.print(f"NOT RUN: the chart's checks: {problem}", style="yellow", markup=False, soft_wrap=True)
        return int(os.environ.get("CI") == "true")
    except (manifests.ChartRefusedError, UnreadManifestsError, UserError) as problem:
        wrong = [str(problem)]
    for line in wrong:
        error_line(f"chart: {line}")
    if wrong:
        return 1
    count = sum(len(manifests.objects(text)) for text in rendered.values())
    versions = " and ".join(kubernetes_versions())
    console.print(f"chart: {count} objects of {len(rendered)} values files are right for Kubernetes {versions}")
    return 0


def complaints(rendered: Mapping[str, str], chosen: str = "") -> list[str]:
    """Return what is wrong with manifests, one line each; nothing where the same were right before.

    Args:
        rendered: The manifests by what follows `values-` in the name of their values file.
        chosen: Those of `nodes` with every choice, which the schemas alone judge: what they hold is the user's.
    """
    versions = kubernetes_versions()
    inputs = (JUSTIFIED.read_text(), programs.CHECKOV_LOCK.read_text(), *versions, *rendered.values(), chosen)
    state = programs.digest("\0".join(inputs).encode())
    if LAST_RIGHT.exists() and LAST_RIGHT.read_text() == state:
        return []
    wrong = [line for values, text in rendered.items() for line in against_schemas(values, text, versions)]
    wrong += against_schemas("nodes", chosen, versions)
    # values.yaml alone is part of every other one.
    wrong += unjustified(findings({values: text for values, text in rendered.items() if values}), justifications())
    if not wrong:
        LAST_RIGHT.write_text(state)
    return wrong


def kubernetes_versions() -> tuple[str, str]:
    """Return the oldest Kubernetes that the chart admits, and the newest whose schemas are known."""
    chart = yaml.safe_load((manifests.CHART / "Chart.yaml").read_text())
    oldest = str(chart["kubeVersion"]).removeprefix(">=").removesuffix(".0-0")
    return oldest, ".".join(kubernetes_validate.latest_version().split(".")[:2])


def against_schemas(values: str, text: str, versions: tuple[str, ...]) -> Iterator[str]:
    """Yield what Kubernetes' schemas of these versions refuse, one line each; a kind without a schema among it."""
    for manifest in manifests.objects(text):
        what = f"{manifests.file_of(values).name}: {manifest['kind']} {manifest['metadata']['name']}"
        for version in versions:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as problem:
                place = ".".join(str(part) for part in problem.path)
                yield f"{what}, Kubernetes {version}: {place}: {problem.message}"
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{what}: Kubernetes {version} has no schema of {manifest['apiVersion']}"


def justifications(path: Path = JUSTIFIED) -> Findings:
    """Return the reasons of justified.toml."""
    entries = tomllib.loads(path.read_text()).items()
    return {(check, values): entry["reason"] for check, entry in entries for values in entry["on"]}


def unjustified(found: Findings, justified: Findings) -> list[str]:
    """Return findings without a justification, and justifications without a finding, one line each."""
    new = sorted(found.keys() - justified.keys())
    gone = sorted(justified.keys() - found.keys())
    return [
        *(f"{check} on {values}: {found[check, values]}; mend it, or justify it" for check, values in new),
        *(f"{check} on {values} is not found any more; take it out of {JUSTIFIED.name}" for check, values in gone),
    ]


def findings(rendered: Mapping[str, str], framework: str = "kubernetes") -> Findings:
    """Return what checkov finds in manifests or templates, given as YAML by the name of their file."""
    folder = programs.WORK / framework
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for values, text in rendered.items():
        (folder / f"{values}.yaml").write_text(text)
    # "." from inside, because checkov passes over every path with a hidden folder in it, as .build is one.
    command = [str(programs.checkov()), "--directory", ".", "--framework", framework, "--compact", "--quiet"]
    command += ["--output", "json", "--skip-download", "--soft-fail"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(programs.WORK), "LOG_LEVEL": "ERROR"}
    done = run_program(command, CHECKOV_SECONDS, env=environment, cwd=folder)
    if done.returncode:
        raise UnreadManifestsError(f"checkov failed: {' '.join(done.stderr.split())[-600:]}")
    report = json.loads(done.stdout)
    summary = report.get("summary", report)
    if summary["parsing_errors"] or not summary["passed"]:
        raise UnreadManifestsError(f"checkov did not read the manifests: {summary}")
    failed = report["results"]["failed_checks"]
    return {(check["check_id"], Path(check["file_path"]).stem): check["check_name"] for check in failed}


if __name__ == "__main__":
    sys.exit(main())
