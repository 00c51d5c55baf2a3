"""The scripts of a release: the changelog's section, the name of both images, what is published and in which order.

`docker`, `helm` and `gh` are scripts that note their use: nothing here has a registry.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from local.paths import ROOT

CI = ROOT / ".ci"
CHANGELOG = """# Changelog

## [Unreleased]

- Not yet.

## [1.2.0] - 2026-11-27

### Added

- A page ([how to](docs/how-to/page.md#top)), as [others](https://example.org/page) have.

## [1.2.0-rc.1] - 2026-11-20

- A trial.

## [1.1.0] - 2026-10-01
"""


def run(script: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a script does with these variables, and without those of a run on GitHub."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GH_"))}
    command = ["bash", str(script), *arguments]
    return subprocess.run(command, env={**plain, **variables}, capture_output=True, text=True, timeout=30)


@pytest.fixture
def changelog(tmp_path: Path) -> str:
    path = tmp_path / "CHANGELOG.md"
    path.write_text(CHANGELOG)
    return str(path)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file with a line for each use of a program that publishes, which stand first on the PATH of `programs`."""
    log = tmp_path / "used"
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("docker", "helm", "gh"):
        (programs / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >> {log}\ncase "$3" in inspect) echo sha256:0123;; esac\n'
        )
        (programs / name).chmod(0o755)
    return log


def path_of(notes: Path) -> str:
    return f"{notes.parent / 'programs'}:{os.environ['PATH']}"


def test_the_notes_of_a_release_are_its_section_of_the_changelog(changelog: str) -> None:
    done = run(CI / "changelog", "v1.2.0", changelog)
    assert done.returncode == 0
    assert done.stdout.splitlines() == CHANGELOG.splitlines()[8:11]
    assert run(CI / "changelog", "1.2.0-rc.1", changelog).stdout == "- A trial.\n"


def test_links_to_files_are_absolute_on_a_releases_page_and_others_stay(changelog: str) -> None:
    printed = run(CI / "changelog", "1.2.0", changelog, GITHUB_REPOSITORY="some/one").stdout
    assert "](https://github.com/some/one/blob/v1.2.0/docs/how-to/page.md#top)" in printed
    assert "](https://example.org/page)" in printed


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.2"])
def test_a_version_of_which_the_changelog_says_nothing_is_one_line_and_status_2(changelog: str, version: str) -> None:
    done = run(CI / "changelog", version, changelog)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"says nothing of {version}" in done.stderr


def test_a_release_of_no_version_makes_nothing() -> None:
    done = run(CI / "release_files", "v0.0.0")
    assert done.returncode == 2
    assert "says nothing of 0.0.0" in done.stderr


def test_wheel_chart_and_changelog_are_of_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((ROOT / "container/chart/Chart.yaml").read_text())
    (newest, *_) = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {project, chart["version"], chart["appVersion"], newest} == {project}


@pytest.mark.parametrize(("kind", "ref", "public"), [("branch", "main", "main"), ("tag", "v1.2.0", "1.2.0")])
def test_both_images_get_the_name_of_the_branch_or_version(
    notes: Path, tmp_path: Path, kind: str, ref: str, public: str
) -> None:
    outputs = tmp_path / "outputs"
    github = {"GITHUB_REPOSITORY": "Some/One", "GITHUB_SHA": "c0ffee", "GITHUB_OUTPUT": str(outputs)}
    named = {"GITHUB_REF_TYPE": kind, "GITHUB_REF_NAME": ref}
    done = run(CI / "join_image", PATH=path_of(notes), **github, **named)
    assert done.returncode == 0, done.stderr
    name = "ghcr.io/some/one"
    assert notes.read_text().splitlines()[0] == (
        f"docker buildx imagetools create --tag {name}:{public} --tag {name}:c0ffee "
        f"{name}:c0ffee-amd64 {name}:c0ffee-arm64"
    )
    assert outputs.read_text() == f"name={name}\ndigest=sha256:0123\n"


def published(notes: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """What `publish` does with the files of a folder."""
    clone = notes.parent / "clone"
    (clone / ".ci").mkdir(parents=True)
    (clone / "dist").mkdir()
    shutil.copy(CI / "publish", clone / ".ci/publish")
    sums = ""
    for name in ("x.whl", "crossover-1.tgz", "Layer-1.zip"):
        (clone / "dist" / name).write_text(name)
        sums += f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
    (clone / "dist/SHA256SUMS").write_text(sums)
    if tag == "v1-spoilt":
        (clone / "dist/x.whl").write_text("other")
    variables = {"GITHUB_REPOSITORY": "Some/One", "GITHUB_ACTOR": "one", "GH_TOKEN": "secret"}
    return run(clone / ".ci/publish", tag, PATH=path_of(notes), **variables)


@pytest.mark.parametrize(("tag", "option"), [("v1", ""), ("v1-rc.1", " --prerelease")])
def test_the_release_is_made_last_with_every_file_and_the_token_on_no_command_line(
    notes: Path, tag: str, option: str
) -> None:
    done = published(notes, tag)
    assert done.returncode == 0, done.stderr
    files = "x.whl crossover-1.tgz Layer-1.zip SHA256SUMS"
    assert notes.read_text().splitlines() == [
        "helm registry login ghcr.io --username one --password-stdin",
        f"helm push crossover-{tag[1:]}.tgz oci://ghcr.io/some/one/charts",
        f"gh release create {tag} --verify-tag --title {tag} --notes-file notes.md{option} -- {files}",
    ]


def test_files_that_changed_on_their_way_are_not_published(notes: Path) -> None:
    assert published(notes, "v1-spoilt").returncode != 0
    assert not notes.exists()
