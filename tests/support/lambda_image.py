"""The stand-in image that `sam local` runs functions in: Debian's Python with AWS's runtime client."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from local.deploy.image import python_of
from local.paths import ROOT
from tests.support.private_engine import Engine

NAME = "crossover-lambda"
BOOTSTRAP = """#!/bin/sh
export PYTHONPATH=/var/task:/opt/python:/var/runtime
exec python3 -m awslambdaric "$_HANDLER"
"""
DOCKERFILE = """# AWS's Python image cannot be pulled everywhere.
# SAM CLI adds its own runtime interface emulator, which starts /var/runtime/bootstrap.
ARG BASE
FROM ${BASE}
COPY runtime /var/runtime
ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime LANG=C.UTF-8 TZ=:UTC
WORKDIR /var/task
ENTRYPOINT ["/var/runtime/bootstrap"]
"""


def architecture() -> str:
    """This machine's architecture, as the template names it."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def build(engine: Engine, work: Path) -> str:
    """Build the image and return its Python's version, `3.11` for instance. Raises `EngineError`."""
    version = python_of(engine.docker, engine.base)
    context = work / "image"
    shutil.rmtree(context, ignore_errors=True)
    runtime = context / "runtime"
    runtime.mkdir(parents=True)
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", str(runtime)]
    uv += ["--python-version", version, "--only-binary", ":all:", "--constraint", str(ROOT / "requirements/dev.txt")]
    subprocess.run([*uv, "awslambdaric"], check=True)
    (runtime / "bootstrap").write_text(BOOTSTRAP)
    (runtime / "bootstrap").chmod(0o755)
    (context / "Dockerfile").write_text(DOCKERFILE)
    engine.docker.ask("build", "--quiet", "--build-arg", f"BASE={engine.base}", "--tag", NAME, str(context))
    for tag in (f"{version}-{architecture()}", version):
        # Only this private engine has these names, so that they shadow no real image.
        engine.docker.ask("tag", NAME, f"public.ecr.aws/lambda/python:{tag}")
    return version
