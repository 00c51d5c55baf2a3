"""The Lambda artifacts: what is inside, for which machine, and how large."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.cli import create_app
from local.emulator.artifacts import ROOT, TEMPLATE, Artifacts, Target, build
from local.emulator.template import Template, read_template

AARCH64 = 183
"""e_machine of an ELF file for arm64 (ELF for the Arm 64-bit Architecture, section 5.1)."""


def built(target: Target, folder: Path) -> Artifacts:
    return build(read_template(TEMPLATE), target, folder, say=lambda _: None)


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template(TEMPLATE)


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return built("lambda", tmp_path_factory.mktemp("lambda"))


@pytest.fixture(scope="module")
def for_host(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return built("host", tmp_path_factory.mktemp("host"))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_each_function_carries_its_own_files_only(for_lambda: Artifacts, template: Template) -> None:
    for name, folder in for_lambda.functions.items():
        tops = {path.relative_to(folder).parts[:2] for path in folder.rglob("*") if path.is_file()}
        assert tops == {("functions", template.functions[name].service)}
        assert size(folder) < 110_000


def test_layers_are_small_and_carry_no_tests_no_fastapi_and_no_boto3(for_lambda: Artifacts) -> None:
    for name, folder in for_lambda.layers.items():
        names = {path.name.lower() for path in folder.glob("python/*")}
        assert not names & {"tests", "fastapi", "starlette", "pydantic", "boto3", "botocore", "uvicorn", "segno"}
        # GMP, which makes signatures fast, is most of the one layer that may weigh more.
        assert size(folder / "python") < (9_000_000 if name == "BlockchainLayer" else 5_000_000)


def test_everything_native_is_for_arm64(for_lambda: Artifacts) -> None:
    for folder in for_lambda.layers.values():
        for tag in folder.rglob("*.dist-info/WHEEL"):
            tags = [line.split()[1] for line in tag.read_text().splitlines() if line.startswith("Tag:")]
            assert all(each.endswith(("-any", "aarch64")) for each in tags), tag
        for path in folder.rglob("*.so*"):
            head = path.read_bytes()[:20]
            assert head[:4] == b"\x7fELF"
            assert struct.unpack("<H", head[18:20])[0] == AARCH64, path


def test_every_source_of_the_runtimes_version_comes_with_bytecode_that_needs_no_check(for_host: Artifacts) -> None:
    for folder in (*for_host.functions.values(), *for_host.layers.values()):
        for source in folder.rglob("*.py"):
            bytecode = Path(cache_from_source(str(source)))
            assert bytecode.exists(), source
            magic, flags = struct.unpack("<4sI", bytecode.read_bytes()[:8])
            assert (magic, flags) == (MAGIC_NUMBER, 0b01), "by hash, unchecked (PEP 552)"
            assert str(folder).encode() not in bytecode.read_bytes(), "no path of the machine that built it"


def test_without_the_runtimes_python_sources_alone_are_built_and_it_is_said(tmp_path: Path) -> None:
    environ = {"PATH": os.defpath, "PYTHON": sys.executable, "PYTHON_VERSION": "3.99", "ARTIFACTS_DIR": str(tmp_path)}
    made = subprocess.run(
        ["make", "build-QrcodeFunction"], cwd=ROOT / "functions", env=environ, capture_output=True, text=True
    )
    assert made.returncode == 0
    assert "no bytecode: python3.99 is not on PATH" in made.stderr
    assert (tmp_path / "functions/qrcode/handler.py").exists()
    assert not list(tmp_path.rglob("*.pyc"))


def test_both_builds_come_from_one_lock(for_lambda: Artifacts, for_host: Artifacts) -> None:
    for name in for_lambda.layers:
        ours, theirs = (
            {path.name for path in (each.layers[name] / "python").glob("*.dist-info")}
            for each in (for_lambda, for_host)
        )
        assert ours == theirs


def test_the_functions_of_the_host_build_import_nothing_from_outside_it(
    for_host: Artifacts, template: Template
) -> None:
    """Isolated from the checkout and the environment: what Lambda would have, and no more."""
    for name, folder in for_host.functions.items():
        function = template.functions[name]
        paths = [folder, *(for_host.layers[layer] / "python" for layer in function.layers)]
        script = f"""
import sys; sys.path[:0] = {[str(path) for path in paths]!r}
from {function.handler.rpartition(".")[0]} import handler
print(handler({{"parameters": {{}}}}, None)["statusCode"])
print(*sorted(m for m in sys.modules if m.split(".")[0] in ("fastapi", "boto3", "asyncio")))
"""
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, env={"PATH": os.defpath}
        )
        # One invocation in a hundred or so logs a line of JSON first: its metrics, or a sampled request.
        printed = [line for line in ran.stdout.splitlines() if not line.startswith("{")]
        assert printed[:1] == ["200"], ran.stderr
        assert "fastapi" not in ran.stdout
        assert "boto3" not in ran.stdout


def test_the_template_promises_a_runtime_that_lasts_and_the_cheaper_machine(template: Template) -> None:
    text = TEMPLATE.read_text()
    assert "Runtime: python3.13" in text
    assert "Default: arm64" in text
    assert {function.service for function in template.functions.values()} >= {"qrcode"}


@pytest.mark.heavy
def test_each_artifact_is_zipped_by_choice_under_a_name_of_its_content(tmp_path: Path) -> None:
    ran = CliRunner().invoke(create_app(), ["build", "--out", str(tmp_path / "built"), "--zip", "--json"])
    assert ran.exit_code == 0, ran.output
    for name, artifact in json.loads(ran.stdout).items():
        path = Path(artifact["zip"])
        assert re.fullmatch(rf"{name}-[0-9a-f]{{16}}\.zip", path.name)
        with zipfile.ZipFile(path) as archive:
            folder = Path(artifact["folder"])
            files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
            assert set(archive.namelist()) == files
