"""Builds the image: wheels are downloaded here by their hashes, then everything else happens in the engine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from local.deploy.docker import Docker, EngineError
from local.errors import UserError
from local.measure.results import commit
from local.paths import BUILD, ROOT
from local.program import run_program

DOCKERFILE = ROOT / "container" / "Dockerfile"
LOCK = ROOT / "container" / "requirements.txt"
WHEELS = BUILD / "image" / "wheels"
TAG = "crossover"
DOWNLOAD_SECONDS = 600
ARCHITECTURES = ("x86_64", "aarch64")
MANYLINUX = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""Every Debian and Ubuntu that has Python 3.11 has a newer C library than 2.28."""

ATTESTATIONS = ("--sbom=true", "--provenance=mode=max")
"""What buildx attests (https://docs.docker.com/build/metadata/attestations); a build's arguments are no secret here."""


def default_base() -> str:
    """Return the base image that the Dockerfile names."""
    line = next(line for line in DOCKERFILE.read_text().splitlines() if line.startswith("ARG BASE="))
    return line.removeprefix("ARG BASE=")


def require(docker: Docker) -> None:
    """Raise `UserError` where no engine answers."""
    if not docker.answers():
        raise UserError(
            "no container engine answers: start Docker (macOS: Docker Desktop or colima start; Debian, Ubuntu: "
            "apt-get install docker.io, then add yourself to the group docker or be root); "
            "make test-container brings an engine of its own where root on Debian runs it"
        )


def build(  # noqa: PLR0913 (the options of the build)
    docker: Docker,
    base: str,
    tag: str,
    platforms: str = "",
    push: bool = False,
    attest: bool = False,
    fetch: Callable[[str], None] | None = None,
) -> None:
    """Build an image, for the engine's own platform or with buildx for others.

    Args:
        docker: The engine.
        base: The base image, which has Python 3.11 or newer.
        tag: The image's name.
        platforms: `linux/amd64,linux/arm64`, for instance.
        push: Push it to the registry in its name.
        attest: Push a list of what is in it and of how it was made with it, which the engine's own store cannot keep.
        fetch: Puts the wheels for a version of Python where the Dockerfile looks for them.

    Raises:
        UserError: The options exclude each other, or the engine lacks buildx.
        EngineError: A build failed.
    """
    if "," in platforms and not push:
        raise UserError("an image for several platforms lives in a registry only: name it there with --tag, add --push")
    if attest and not push:
        raise UserError("--attest adds to what is pushed: name the registry with --tag, add --push")
    if (platforms or push) and not docker.has("buildx"):
        raise UserError("--platform and --push need Docker's buildx (Debian, Ubuntu: the package docker-buildx)")
    (fetch or fetch_wheels)(python_of(docker, base))
    command = ["build"]
    if platforms or push:
        command = ["buildx", "build", "--push" if push else "--load", *(("--platform", platforms) if platforms else ())]
        command += ATTESTATIONS if attest else ()
    arguments = ("--build-arg", f"BASE={base}", "--build-arg", f"REVISION={commit() or 'unknown'}", "--tag", tag)
    docker.show(*command, "--network", "none", "--file", str(DOCKERFILE), *arguments, str(ROOT))


def python_of(docker: Docker, base: str) -> str:
    """Return the version of an image's Python, `3.13` for instance. Raises `EngineError`."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    return docker.ask("run", "--rm", "--network", "none", "--entrypoint", "python3", base, "-c", ask)


def fetch_wheels(python: str, folder: Path = WHEELS, download: Callable[[str, str, Path], None] | None = None) -> None:
    """Put the locked wheels for a Python into a folder, for both architectures. Raises `EngineError`.

    Wheels of the same Python and lock are kept.
    """
    wanted = f"{python} {', '.join(MANYLINUX)}\n{LOCK.read_text()}"
    stamp = folder / ".stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    for architecture in ARCHITECTURES:
        (download or pip_download)(python, architecture, folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def pip_download(python: str, architecture: str, folder: Path) -> None:
    """Download the locked wheels by their hashes. Raises `EngineError`."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    pip += ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
    pip += [argument for name in MANYLINUX for argument in ("--platform", f"{name}_{architecture}")]
    done = run_program([*pip, "--dest", str(folder), "-r", str(LOCK)], DOWNLOAD_SECONDS)
    if done.returncode:
        output = " ".join((done.stderr or done.stdout).split())
        raise EngineError(f"the wheels for Python {python} on {architecture} are not available: {output[-600:]}")
