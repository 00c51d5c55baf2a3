"""A container engine for the tests: the user's, or a private one without network rules that ends with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from local.child import Child, running
from local.deploy import image
from local.deploy.docker import Docker
from local.paths import ROOT
from tests.support import debian_image

FOLDER = ROOT / ".build" / "engine"
"""The engine's data, where a second run finds the base image, and its log."""
SUBNET = "172.30.99.1/24"
START_SECONDS = 30
PROGRAMS = ("dockerd", "iptables", "debootstrap", "docker")
MISSING = (
    "a container engine is missing; root on Debian starts one of its own after "
    "apt-get install --no-install-recommends docker.io iptables debootstrap"
)


class Engine(NamedTuple):
    """A container engine and the base image to build on."""

    docker: Docker
    base: str


def can_start() -> bool:
    """Return whether this machine can run a private engine."""
    return os.name == "posix" and os.geteuid() == 0 and all(shutil.which(program) for program in PROGRAMS)


@contextmanager
def any_engine() -> Iterator[Engine]:
    """The user's engine with BASE or the Dockerfile's base image, else a private one; skips the test without either."""
    users = Docker()
    if users.answers():
        yield Engine(users, os.environ.get("BASE") or image.default_base())
        return
    with private_engine() as engine:
        yield engine


@contextmanager
def private_engine(folder: Path = FOLDER) -> Iterator[Engine]:
    """A private engine with its data in `folder`; skips the test where this machine cannot run one."""
    if not can_start():
        pytest.skip(f"NOT RUN: {MISSING}")
    folder = folder.absolute()  # dockerd loops for ever on a relative folder
    folder.mkdir(parents=True, exist_ok=True)
    runtime = Path("/run") / f"crossover-{os.getpid()}"
    socket = runtime.with_suffix(".sock")
    command = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(runtime)]
    command += ["--pidfile", str(folder / "pid"), "-H", f"unix://{socket}", "--storage-driver=overlay2"]
    command += ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", f"--bip={SUBNET}"]
    docker = Docker(f"unix://{socket}")
    with (folder / "engine.log").open("wb") as log:
        try:
            with running(Child(command, output=log), docker.answers, ready_seconds=START_SECONDS):
                yield Engine(docker, debian_image.base_image(docker, folder))
        finally:
            socket.unlink(missing_ok=True)
            shutil.rmtree(runtime, ignore_errors=True)
            # dockerd leaves its data folder mounted on itself, and `make clean` could not remove it.
            subprocess.run(["umount", str(folder / "data")], capture_output=True)
