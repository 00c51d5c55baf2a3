"""`crossover image`: the wheels, and what is asked of Docker. The `docker` here is a script that notes its use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer.testing

from local.cli import create_app as tool
from local.deploy import image
from local.deploy.docker import Docker, EngineError
from local.deploy.image import fetch_wheels
from local.errors import UserError


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one line for each use of a `docker` that answers `run` with a Python's version."""
    log = tmp_path / "used"
    script = tmp_path / "docker"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        'case "$1" in buildx) test -z "$NO_BUILDX";; run) echo 3.13;; build) test -z "$FAIL";; esac\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return log


def test_the_wheels_are_for_the_python_of_the_base_and_the_build_has_no_network(used: Path) -> None:
    fetched: list[str] = []
    image.build(Docker(), "some-base", "crossover", fetch=fetched.append)
    asked, made = used.read_text().splitlines()
    assert fetched == ["3.13"]
    assert asked.startswith("run --rm --network none --entrypoint python3 some-base -c")
    assert made.startswith("build --network none --file ")
    assert "--build-arg BASE=some-base --build-arg REVISION=" in made
    assert "--tag crossover " in made


def test_several_platforms_are_buildxs_and_go_to_a_registry(used: Path) -> None:
    image.build(Docker(), "b", "registry/crossover:1", "linux/amd64,linux/arm64", push=True, fetch=lambda _: None)
    made = used.read_text().splitlines()[-1]
    assert made.startswith("buildx build --push --platform linux/amd64,linux/arm64 --network none ")
    with pytest.raises(UserError, match="add --push"):
        image.build(Docker(), "b", "crossover", "linux/amd64,linux/arm64", fetch=lambda _: None)


def test_a_pushed_image_has_the_list_of_its_contents_and_its_provenance_by_choice(used: Path) -> None:
    image.build(Docker(), "b", "registry/crossover:1", push=True, attest=True, fetch=lambda _: None)
    made = used.read_text().splitlines()[-1]
    assert made.startswith("buildx build --push --sbom=true --provenance=mode=max --network none ")
    with pytest.raises(UserError, match="--attest adds to what is pushed"):
        image.build(Docker(), "b", "crossover", attest=True, fetch=lambda _: None)


def test_another_platform_alone_is_loaded_into_the_engine(used: Path) -> None:
    image.build(Docker(), "b", "crossover", "linux/arm64", fetch=lambda _: None)
    assert used.read_text().splitlines()[-1].startswith("buildx build --load --platform linux/arm64 ")


def test_without_buildx_there_is_one_line_that_says_what_to_do(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_BUILDX", "1")
    with pytest.raises(UserError, match="--platform and --push need Docker's buildx"):
        image.build(Docker(), "b", "crossover", "linux/arm64", fetch=lambda _: None)


def test_a_build_that_fails_is_one_line(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(EngineError, match="docker build failed; its output stands above"):
        image.build(Docker(), "b", "crossover", fetch=lambda _: None)


def test_without_an_engine_there_is_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = typer.testing.CliRunner().invoke(tool(), ["image"])
    assert isinstance(ran.exception, UserError)
    assert "no container engine answers: start Docker" in str(ran.exception)
    assert "apt-get install docker.io" in str(ran.exception)


def test_an_engine_that_hangs_does_not_hang_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "docker"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(EngineError, match=r"docker version did not end within 0\.2 s"):
        Docker().ask("version", seconds=0.2)


def test_wheels_are_fetched_for_both_architectures_and_once(tmp_path: Path) -> None:
    fetched: list[tuple[str, str]] = []

    def download(python: str, architecture: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / f"{python}-{architecture}.whl").touch()
        fetched.append((python, architecture))

    fetch_wheels("3.13", tmp_path / "wheels", download)
    fetch_wheels("3.13", tmp_path / "wheels", download)
    assert fetched == [("3.13", "x86_64"), ("3.13", "aarch64")]
    fetch_wheels("3.12", tmp_path / "wheels", download)
    assert sorted(path.name for path in (tmp_path / "wheels").glob("*.whl")) == [
        "3.12-aarch64.whl",
        "3.12-x86_64.whl",
    ]


def test_a_download_that_fails_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    def download(python: str, architecture: str, folder: Path) -> None:
        if architecture == "aarch64":
            raise EngineError("gone")
        folder.mkdir()

    with pytest.raises(EngineError, match="gone"):
        fetch_wheels("3.13", tmp_path / "wheels", download)
    assert not (tmp_path / "wheels" / ".stamp").exists()
