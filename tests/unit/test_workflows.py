"""The workflows of .github: pinned, bounded, with no more rights than they use, and every command there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cli import command_group
from local.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = sorted((ROOT / ".ci").iterdir())
READ = "read"
SIGNING = {"id-token", "attestations"}
"""To ask for a token that stands for the run, which AWS exchanges for a role, and to keep what is signed with it."""
WRITTEN = {
    "nightly": {"id-token"},
    "preview": {"id-token"},
    "image": {"packages", *SIGNING},
    "release": {"contents", "packages", *SIGNING},
}
"""What the jobs of a workflow may write."""


def document(path: Path) -> dict[Any, Any]:
    loaded = yaml.safe_load(path.read_text())
    assert isinstance(loaded, dict)
    return loaded


def jobs(path: Path) -> list[tuple[str, dict[str, Any]]]:
    return list(document(path)["jobs"].items())


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for _, job in jobs(path) for step in job.get("steps", ())]


def commands(path: Path) -> list[str]:
    return [step["run"] for step in steps(path) if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_right_that_a_job_does_not_name_and_every_job_an_end(path: Path) -> None:
    assert document(path)["permissions"] == {}
    assert "concurrency" in document(path)
    for name, job in jobs(path):
        assert "uses" in job or job["timeout-minutes"] <= 180, name
        for what, right in job["permissions"].items():
            assert right == READ or what in WRITTEN.get(path.stem, ()), (name, what)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_that_another_calls_is_there_and_gets_the_rights_that_its_jobs_name(path: Path) -> None:
    for _, job in jobs(path):
        if "uses" in job:
            called = ROOT / job["uses"]
            assert "workflow_call" in document(called)[True]
            needed = {(what, right) for _, inner in jobs(called) for what, right in inner["permissions"].items()}
            granted = set(job["permissions"].items())
            assert {(what, right) for what, right in needed if (what, "write") not in granted} <= granted
            assert granted <= needed


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_pinned_to_a_commit_and_keeps_no_credentials(path: Path) -> None:
    text = path.read_text()
    used = [step for step in steps(path) if "uses" in step]
    for step in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        assert re.search(rf"{step['uses']} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_that_a_stranger_writes_reaches_a_shell_or_a_token(path: Path) -> None:
    on = document(path)[True]  # YAML 1.1 reads the key `on` so
    assert "pull_request_target" not in on
    assert all("${{" not in command for command in commands(path))


def test_no_job_of_a_pull_request_may_publish() -> None:
    for path in WORKFLOWS:
        if "pull_request" in document(path)[True]:
            for name, job in jobs(path):
                needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
                conditions = [job.get("if", ""), *(dict(jobs(path))[each].get("if", "") for each in needs)]
                if "write" in {right for what, right in job["permissions"].items() if what != "id-token"}:
                    assert "github.event_name != 'pull_request'" in conditions, (path.stem, name)


def test_an_image_is_pushed_with_its_contents_listed_and_named_only_after_a_scan_that_fails_on_what_can_be_mended() -> (
    None
):
    found = dict(jobs(ROOT / ".github/workflows/image.yml"))
    for name in ("try", "push"):
        last = found[name]["steps"][-1]
        assert last["uses"].startswith("anchore/scan-action@")
        assert (last["with"]["only-fixed"], last["with"]["severity-cutoff"]) == (True, "high")
        assert "fail-build" not in last["with"]  # on by default
        assert {each["architecture"] for each in found[name]["strategy"]["matrix"]["include"]} == {"amd64", "arm64"}
    assert found["join"]["needs"] == "push"
    assert "--push --attest" in (ROOT / ".ci" / "push_image").read_text()


def test_a_release_is_published_after_its_files_agree_and_its_image_was_scanned() -> None:
    found = dict(jobs(ROOT / ".github/workflows/release.yml"))
    assert (found["image"]["needs"], found["publish"]["needs"]) == ("files", "image")
    assert found["files"]["permissions"] == {"contents": READ}


def test_an_environment_of_a_pull_request_is_removed_whatever_happens() -> None:
    last = steps(ROOT / ".github/workflows/preview.yml")[-1]
    assert last["if"] == "always()"
    assert last["run"].startswith(".venv/bin/crossover deploy down")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_of_a_workflow_is_there(path: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(path):
        words = shlex.split(command.partition(">>")[0].partition("|")[0])
        if words[0] == "make":
            assert set(words[1:]) <= verbs
        elif words[0] == "bash":
            assert ROOT / words[1] in SCRIPTS
        else:
            assert words.pop(0) == ".venv/bin/crossover"
            part: Any = command_group()
            while words and words[0] in getattr(part, "commands", {}):
                part = part.commands[words.pop(0)]
            flags = {flag for parameter in part.params for flag in getattr(parameter, "opts", ())}
            assert {word for word in words if word.startswith("--")} <= flags, command


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_right_bash_and_stops_at_its_first_error(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert script.read_text().splitlines()[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in script.read_text()
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
