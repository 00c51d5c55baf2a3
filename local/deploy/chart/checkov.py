"""checkov over rendered manifests: every finding is justified, and every justification is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from local.deploy.chart import programs
from local.paths import ROOT

JUSTIFIED = ROOT / "local/deploy/chart/justified.toml"


class NotRead(RuntimeError):
    """checkov saw no manifests, or could not parse them."""


class Finding(NamedTuple):
    """A check of checkov's that failed on the manifests of a values file."""

    check: str
    values: str


class Justification(NamedTuple):
    """Why findings of a check stay, and on which values files."""

    check: str
    values: tuple[str, ...]
    reason: str


def justifications(path: Path = JUSTIFIED) -> list[Justification]:
    """What justified.toml says."""
    return [
        Justification(check, tuple(each["on"]), each["reason"])
        for check, each in tomllib.loads(path.read_text()).items()
    ]


def complaints(found: Mapping[Finding, str], justified: list[Justification]) -> list[str]:
    """What is wrong: findings without a justification, and justifications without a finding. One line each."""
    expected = {Finding(each.check, values) for each in justified for values in each.values}
    new = sorted(found.keys() - expected)
    gone = sorted(expected - found.keys())
    return [
        *(f"{each.check} on {each.values}: {found[each]}; mend it, or justify it in {JUSTIFIED.name}" for each in new),
        *(f"{each.check} on {each.values} is not found any more; take it out of {JUSTIFIED.name}" for each in gone),
    ]


def findings(manifests: Mapping[str, str]) -> dict[Finding, str]:
    """What checkov finds in manifests, which are YAML by the name of their values file: the checks' names."""
    folder = programs.WORK / "rendered"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for values, text in manifests.items():
        (folder / f"{values}.yaml").write_text(text)
    # "." from inside, because it passes over every path with a hidden folder in it, as .build is one.
    command = [str(programs.checkov()), "--directory", ".", "--framework", "kubernetes", "--compact", "--quiet"]
    command += ["--output", "json", "--skip-download", "--soft-fail"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(programs.WORK), "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, cwd=folder)
    report = json.loads(done.stdout)
    summary = report.get("summary", report)
    if summary["parsing_errors"] or not summary["passed"]:
        raise NotRead(f"checkov did not read the manifests: {summary}")
    return {
        Finding(each["check_id"], Path(each["file_path"]).stem): each["check_name"]
        for each in report["results"]["failed_checks"]
    }
