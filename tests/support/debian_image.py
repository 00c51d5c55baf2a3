"""A base image without a registry: this machine's own Debian with its Python, by debootstrap."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from local.deploy.docker import Docker, EngineError
from local.program import run_program

NAME = "crossover-debian"
PACKAGES = ("ca-certificates", "python3", "python3-venv", "curl")
BOOTSTRAP_SECONDS = 1800
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))


def mirror() -> tuple[str, str]:
    """Return address and suite of the Debian mirror that apt uses here. Raises `EngineError` without one."""
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
    raise EngineError("no Debian mirror in /etc/apt; the base image is made from one")


def base_image(docker: Docker, work: Path, packages: tuple[str, ...] = PACKAGES) -> str:
    """Return the name of a minimal Debian with Python, imported unless the engine has it. Raises `EngineError`."""
    address, suite = mirror()
    name = f"{NAME}:{hashlib.sha256(' '.join((suite, *packages)).encode()).hexdigest()[:12]}"
    if subprocess.run(docker.command("image", "inspect", name), capture_output=True).returncode == 0:
        return name
    root = work / "debian"
    _remove(root)
    bootstrap = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(root), address]
    try:
        made = run_program(bootstrap, BOOTSTRAP_SECONDS)
        if made.returncode:
            raise EngineError(f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}")
        _import(docker, root, name)
    finally:
        _remove(root)
    return name


def _remove(root: Path) -> None:
    """Remove a root folder, also what a debootstrap that was interrupted left mounted in it."""
    for name in ("proc", "sys"):
        subprocess.run(["umount", "--lazy", str(root / name)], capture_output=True)
    shutil.rmtree(root, ignore_errors=True)


def _import(docker: Docker, root: Path, name: str) -> None:
    """Import a folder as an image; a folder that was not read completely leaves no image. Raises `EngineError`."""
    with subprocess.Popen(["tar", "-C", str(root), "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(docker.command("import", "-", name), stdin=tar.stdout, capture_output=True, text=True)
    if done.returncode:
        raise EngineError(f"docker import failed: {' '.join((done.stderr or done.stdout).split())[-600:]}")
    if tar.returncode:
        subprocess.run(docker.command("image", "rm", name), capture_output=True)
        raise EngineError(f"tar ended with {tar.returncode}; the base image would lack files")
