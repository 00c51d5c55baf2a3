"""The base image that this machine makes: a command that fails leaves no image and gives one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.deploy.docker import Docker, EngineError
from tests.support import debian_image

SHELL = "#!/bin/sh\n"
NO_IMAGE_YET = (
    SHELL + 'echo "$@" >> {log}\ncase "$1" in image) [ "$2" = rm ];; import) cat > /dev/null; {then};; esac\n'
)


def commands(folder: Path, **scripts: str) -> None:
    for name, script in scripts.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands that are found first. debootstrap works, tar too."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(debian_image, "mirror", lambda: ("http://mirror", "trixie"))
    commands(folder, debootstrap=SHELL + 'mkdir -p "$4"; touch "$4/file"\n')
    commands(folder, docker=NO_IMAGE_YET.format(log=tmp_path / "log", then="exit 0"))
    return folder


def test_an_image_is_named_after_its_suite_and_packages(bin_: Path, tmp_path: Path) -> None:
    first = debian_image.base_image(Docker(), tmp_path)
    assert first.startswith("crossover-debian:")
    assert not (tmp_path / "debian").exists()
    assert debian_image.base_image(Docker(), tmp_path) == first
    assert debian_image.base_image(Docker(), tmp_path, (*debian_image.PACKAGES, "less")) != first


def test_a_root_that_was_not_read_to_its_end_is_no_image(bin_: Path, tmp_path: Path) -> None:
    commands(bin_, tar=SHELL + "exit 2\n")
    with pytest.raises(EngineError, match="tar ended with 2"):
        debian_image.base_image(Docker(), tmp_path)
    assert "image rm crossover-debian:" in (tmp_path / "log").read_text().splitlines()[-1]


def test_an_import_that_fails_is_one_line(bin_: Path, tmp_path: Path) -> None:
    commands(bin_, docker=NO_IMAGE_YET.format(log=tmp_path / "log", then="echo no space\\\\nleft >&2; exit 1"))
    with pytest.raises(EngineError, match="docker import failed: no space") as problem:
        debian_image.base_image(Docker(), tmp_path)
    assert "\n" not in str(problem.value)
