"""`crossover package`: zips that run in the emulator, and a folder that runs as a container would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from local.child import Child, answers, free_port, running
from tests.support.guest import crossover

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
MAIN = """
import os
import little

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": little.WORD})
"""


def wheel(folder: Path, name: str, tag: str, **files: bytes) -> None:
    """Write a wheel of one version."""
    info = f"{name}-1.0.dist-info"
    content = {f"{name}.py" if each == "source" else each: value for each, value in files.items()}
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    content[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    content[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*content, f"{info}/RECORD"]).encode()
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        for each, value in content.items():
            archive.writestr(each, value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder with a space, whose one library has a wheel for each architecture."""
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "wheels").mkdir()
    for machine in ("x86_64", "aarch64"):
        tag = f"py3-none-manylinux_2_17_{machine}"
        wheel(folder / "wheels", "little", tag, source=f'WORD = b"{machine}"\n'.encode())
    (folder / "requirements.txt").write_text("--no-index\n--find-links wheels\nlittle==1.0\n")
    (folder / "little.py").write_text('WORD = b"here"\n')  # what the check imports; the library's name, left out below
    (folder / "crossover.toml").write_text('app = "main:app"\nexclude = ["wheels", "little.py"]\n')
    return folder


def test_the_zips_run_in_the_emulator_and_are_the_same_every_time(project: Path) -> None:
    made = []
    for _ in range(2):
        ran = crossover("package", "--architecture", "x86_64", "--runtime", VERSION, "--json", cwd=project)
        assert ran.returncode == 0, ran.stderr
        made.append([(project / "package" / name).read_bytes() for name in ("function.zip", "layer.zip")])
    assert made[0] == made[1]
    said = json.loads(ran.stdout)
    assert said["trial"].endswith("GET / is answered 200")
    assert said["heaviest"][0]["name"] == "little"
    with zipfile.ZipFile(project / "package" / "function.zip") as archive:
        assert archive.namelist() == ["main.py", "requirements.txt"]
    with zipfile.ZipFile(project / "package" / "layer.zip") as archive:
        assert {"python/little.py", "python/mangum/__init__.py", "python/crossover_guest/handler.py"} <= {
            *archive.namelist()
        }


def test_the_folder_of_the_image_serves_as_its_entry_point_says(project: Path) -> None:
    assert crossover("package", "--architecture", "arm64", cwd=project).returncode == 0
    image = project / "package" / "image"
    lines = (image / "Dockerfile").read_text().splitlines()
    entry = json.loads(next(line for line in lines if line.startswith("ENTRYPOINT")).removeprefix("ENTRYPOINT "))
    port = free_port()
    command = [sys.executable, "-S", *entry[1:-2], "127.0.0.1", str(port)]
    variables = {**os.environ, "PYTHONPATH": f"{image}/application:{image}/libraries"}
    address = f"http://127.0.0.1:{port}/"
    child = Child(command, cwd=image / "application", env=variables, output=subprocess.DEVNULL)
    with running(child, lambda: answers(address), ready_seconds=30):
        assert httpx.get(address).text == "aarch64"


def test_a_library_without_a_wheel_is_one_line(project: Path) -> None:
    (project / "requirements.txt").write_text("--no-index\nnosuch_library_at_all\n")
    ran = crossover("package", cwd=project)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "nosuch-library-at-all" in ran.stderr


def test_a_folder_of_something_else_is_not_emptied(project: Path) -> None:
    ran = crossover("package", "--out", "wheels", cwd=project)
    assert (ran.returncode, "was not made by crossover package" in ran.stderr) == (2, True)
    assert list((project / "wheels").iterdir())
