"""SAM CLI, run as a user runs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [WORK / "venv/bin/sam", "local", "start-api", "--port", str(port), "--template", self.template]
        log = WORK / "start-api.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, *self._local, *self._overrides],
                cwd=WORK,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
            try:
                deadline = time.monotonic() + START_SECONDS
                while not _listens(port):
                    assert server.poll() is None, log.read_text()[-900:]
                    assert time.monotonic() < deadline, log.read_text()[-900:]
                    time.sleep(0.2)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()
                server.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))
