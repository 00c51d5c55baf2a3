"""SAM CLI in an environment of its own, a private engine, and this project's template built by `sam build`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import ROOT
from tests.support import lambda_image
from tests.support.private_engine import can_start, private_engine
from tests.support.sam import WORK, Sam

LOCK = Path(__file__).with_name("requirements.txt")
TWEETS = 300


@pytest.fixture(scope="session")
def installed() -> Sam:
    """SAM CLI, whose pins are not ours, without an engine."""
    if not can_start():
        pytest.skip("NOT RUN: SAM CLI needs a container engine; see make test-sam")
    stamp = WORK / "venv" / ".lock"
    if not stamp.exists() or stamp.read_text() != LOCK.read_text():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(WORK / "venv")], check=True)
        target = ("--python", str(WORK / "venv/bin/python"), "--require-hashes", "--no-deps")
        subprocess.run([uv, "pip", "install", "--quiet", *target, "-r", str(LOCK)], check=True, cwd=ROOT)
        stamp.write_text(LOCK.read_text())
    (WORK / "home").mkdir(exist_ok=True)
    return Sam()


@pytest.fixture(scope="session")
def source() -> Path:
    """A copy of the sources with a store of synthetic tweets."""
    source = WORK / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for folder in ("functions", "layers"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    crossover = str(Path(sys.executable).with_name("crossover"))
    tweets, popular = str(WORK / "tweets.json"), str(WORK / "popular.txt")
    store = f"sqlite:///{source / 'layers/store/twitter.db'}"
    make = [crossover, "tweets", "--count", str(TWEETS), "--out", tweets, "--popular", popular]
    for command in (make, [crossover, "etl", tweets, "--popular", popular, "--store", store]):
        subprocess.run(command, check=True, capture_output=True)
    return source


@pytest.fixture(scope="session")
def sam(installed: Sam, source: Path) -> Iterator[Sam]:
    """SAM CLI with a private engine and the built template, which asks for the stand-in image's Python."""
    with private_engine() as engine:
        python = lambda_image.build(engine, WORK)
        template = (ROOT / "template.yaml").read_text()
        (source / "template.yaml").write_text(re.sub(r"python3\.\d+", f"python{python}", template))
        sam = Sam(engine.docker.address)
        sam.build(source, python)
        yield sam
