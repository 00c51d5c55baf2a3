"""The stand-in image that `sam local` runs functions in."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from local.engine import debian, private
from local.paths import ROOT

NAME = "crossover-lambda"
BOOTSTRAP = """#!/bin/sh
export PYTHONPATH=/var/task:/opt/python:/var/runtime
exec python3 -m awslambdaric "$_HANDLER"
"""


def architecture() -> str:
    """This machine's, as the template names it."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def build(address: str, work: Path) -> str:
    """Builds the image in this test's own engine; gives its Python's version, `3.11` for instance."""
    base = debian.base_image(address)
    docker = ["docker", "-H", address]
    ask = [*docker, "run", "--rm", "--network", "none", base, "python3", "-c"]
    asked = [*ask, "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    context = work / "image"
    shutil.rmtree(context, ignore_errors=True)
    runtime = context / "runtime"
    runtime.mkdir(parents=True)
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", str(runtime)]
    uv += ["--python-version", version, "--only-binary", ":all:", "--constraint", str(ROOT / "requirements/dev.txt")]
    subprocess.run([*uv, "awslambdaric"], check=True)
    (runtime / "bootstrap").write_text(BOOTSTRAP)
    (runtime / "bootstrap").chmod(0o755)
    shutil.copy(Path(__file__).with_name("Dockerfile"), context)
    build = [*docker, "build", "--quiet", "--build-arg", f"BASE={base}", "--tag", NAME, str(context)]
    made = subprocess.run(build, env={"PATH": "/usr/bin:/bin", "DOCKER_BUILDKIT": "0"}, capture_output=True, text=True)
    if made.returncode:
        raise private.NoEngine(f"the stand-in image could not be built: {made.stderr.strip()[-500:]}")
    for tag in (f"{version}-{architecture()}", version):
        # Only this private engine has these names, so that nobody's real image is shadowed.
        subprocess.run([*docker, "tag", NAME, f"public.ecr.aws/lambda/python:{tag}"], check=True)
    return version
