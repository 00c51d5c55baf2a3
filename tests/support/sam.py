"""SAM CLI, run as a user runs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.child import Child, free_port, running
from local.paths import ROOT
from tests.support import lambda_image

WORK = ROOT / ".build" / "sam"
"""What is made here stays: a second run is faster."""
START_SECONDS = 60
COMMAND_SECONDS = 600


class Sam:
    """SAM CLI with an engine: no telemetry, no account."""

    def __init__(self, engine_address: str = "") -> None:
        self.template = WORK / "built" / "template.yaml"
        self._environment = {
            "PATH": f"/usr/bin:/bin:{os.environ['PATH']}",
            "HOME": str(WORK / "home"),
            "DOCKER_HOST": engine_address,
            "SAM_CLI_TELEMETRY": "0",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        self._overrides = ("--parameter-overrides", f"Architecture={lambda_image.architecture()}")
        self._local = ("--skip-pull-image", "--region", "us-east-1", "--layer-cache-basedir", str(WORK / "layers"))

    def run(self, *arguments: str, cwd: Path = WORK, **variables: str) -> str:
        """Run a command; return its standard output, or fail the test with the end of its messages."""
        done = subprocess.run(
            [WORK / "venv/bin/sam", *arguments],
            cwd=cwd,
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, (done.stderr or done.stdout)[-900:]
        return done.stdout

    def build(self, source: Path, python: str) -> None:
        """`sam build` for this machine and a Python's version."""
        machine = "aarch64" if lambda_image.architecture() == "arm64" else "x86_64"
        platforms = f"manylinux_2_28_{machine} manylinux2014_{machine}"
        folders = ("--build-dir", str(self.template.parent), "--cache-dir", str(WORK / "cache"))
        variables = {"PYTHON": sys.executable, "PYTHON_VERSION": python, "PLATFORMS": platforms}
        self.run("build", "--template", "template.yaml", *folders, *self._overrides, cwd=source, **variables)

    def invoke(self, function: str, event: Path) -> str:
        """`sam local invoke`; returns the function's answer."""
        options = ("--event", str(event), "--template", str(self.template), *self._local, *self._overrides)
        return self.run("local", "invoke", function, *options).strip("\n").split("\n")[-1]

    @contextmanager
    def start_api(self) -> Iterator[str]:
        """`sam local start-api` on a free port; gives its address."""
        port = free_port()
        command = [str(WORK / "venv/bin/sam"), "local", "start-api", "--port", str(port)]
        command += ["--template", str(self.template)]
        with (WORK / "start-api.log").open("wb") as log:
            child = Child(command, cwd=WORK, env=self._environment, output=log)
            with running(child, lambda: _listens(port), ready_seconds=START_SECONDS):
                yield f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))
