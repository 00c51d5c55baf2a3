"""A base image without a registry: this machine's own Debian with its Python, by debootstrap."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from local.engine.private import FOLDER, NoEngine

NAME = "crossover-debian"
PACKAGES = ("ca-certificates", "python3", "python3-venv", "curl")
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))


def mirror() -> tuple[str, str]:
    """Address and suite of the Debian mirror that this machine's own apt uses. Raises `NoEngine`."""
    files = [path for source in SOURCES for path in (sorted(source.iterdir()) if source.is_dir() else [source])]
    for path in files:
        text = path.read_text() if path.is_file() else ""
        line = re.search(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\w+)\s+main", text, re.MULTILINE)
        if line:
            return line.group(1), line.group(2)
        address = re.search(r"^URIs:\s*(\S+)", text, re.MULTILINE)
        suite = re.search(r"^Suites:\s*(\w+)", text, re.MULTILINE)
        if address and suite:
            return address.group(1), suite.group(1)
    raise NoEngine("no Debian mirror in /etc/apt; the base image is made from one")


def base_image(address: str, work: Path = FOLDER) -> str:
    """The name of a minimal Debian with Python, made into an image unless the engine has it from an earlier run.

    Raises `NoEngine` where it cannot be made.
    """
    docker = ["docker", "-H", address]
    where, suite = mirror()
    name = f"{NAME}:{_digest(suite)}"
    if subprocess.run([*docker, "image", "inspect", name], capture_output=True).returncode == 0:
        return name
    root = work / "debian"
    shutil.rmtree(root, ignore_errors=True)
    packages = ",".join(PACKAGES)
    bootstrap = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(root), where]
    made = subprocess.run(bootstrap, capture_output=True, text=True)
    if made.returncode:
        raise NoEngine(f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}")
    try:
        _import(docker, root, name)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return name


def _digest(suite: str) -> str:
    """Names what an image was made of: another suite or other packages make another one."""
    return hashlib.sha256(" ".join((suite, *PACKAGES)).encode()).hexdigest()[:12]


def _import(docker: list[str], root: Path, name: str) -> None:
    """Makes a folder into an image. Raises `NoEngine`, and leaves no image behind that has but a part of it."""
    with subprocess.Popen(["tar", "-C", str(root), "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
        done = subprocess.run([*docker, "import", "-", name], stdin=tar.stdout, capture_output=True, text=True)
    if done.returncode:
        raise NoEngine(f"docker import failed: {' '.join((done.stderr or done.stdout).split())[-600:]}")
    if tar.returncode:
        subprocess.run([*docker, "image", "rm", name], capture_output=True)
        raise NoEngine(f"tar ended with {tar.returncode}; the base image would lack files")
