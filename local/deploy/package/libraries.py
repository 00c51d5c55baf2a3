"""An application's libraries, installed for a target by uv: wheels only, so that nothing is built or run here."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from local.deploy.package.requirements import last_line, uv
from local.deploy.package.target import ELF_MACHINES, BuildTarget
from local.errors import UserError
from local.guest.support import INSIDE, PACKAGE, module_paths

INSTALL_SECONDS = 900
FOR_LAMBDA = ("mangum", "typing_extensions")
FOR_SERVER = ("uvicorn", "click", "h11", "typing_extensions")
FOR_WSGI = ("a2wsgi",)
DROPPED_FILES = ("bin", ".lock")
"""Scripts name an interpreter by its path here."""


def install(requirements: str, target: BuildTarget, folder: Path, built: Collection[str], scratch: Path) -> None:
    """Install requirements into a folder. Raises `UserError`.

    Args:
        requirements: Text of a requirements file.
        target: For which machine.
        folder: A new folder.
        built: Packages that may be built from source here; right for those of pure Python.
        scratch: A folder for the requirements.
    """
    folder.mkdir(parents=True)
    if not requirements.strip():
        return
    file = scratch / "requirements.txt"
    file.write_text(requirements)
    command = [uv(), "pip", "install", "--quiet", "--no-progress", "--no-config", "--python", sys.executable]
    command += ["--target", str(folder), "--link-mode", "copy"]
    command += ["--python-platform", target.platform, "--python-version", target.python]
    command += ["--only-binary", ":all:", *(part for name in built for part in ("--no-binary", name))]
    try:
        done = subprocess.run(
            [*command, "-r", str(file)], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"installing the libraries took longer than {INSTALL_SECONDS} s") from None
    if done.returncode:
        hint = "; --build NAME builds one of pure Python from source" if "no usable wheels" in done.stderr else ""
        raise UserError(
            f"no libraries for Python {target.python} on {target.architecture}: {last_line(done.stderr)}{hint}"
        )
    for name in DROPPED_FILES:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    _check_machine(folder, target)


def distributions(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each installed distribution that are in the folder, by its name."""
    wheels: dict[str, list[Path]] = {}
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        name = record.parent.name.partition("-")[0]
        with record.open(newline="", encoding="utf-8") as file:
            paths = [folder / row[0] for row in csv.reader(file) if row and ".." not in Path(row[0]).parts]
        wheels[name] = [path for path in paths if path.is_file()]
    return wheels


def exclude(folder: Path, names: Collection[str]) -> None:
    """Remove distributions. Raises `UserError` for one that is not there."""
    installed = distributions(folder)
    known = {_normal(name): name for name in installed}
    for name in names:
        if _normal(name) not in known:
            raise UserError(f"--exclude: {name[:60]} is not installed; there are {', '.join(sorted(installed))}"[:600])
        for path in installed[known[_normal(name)]]:
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def add_support(folder: Path, modules: Collection[str]) -> None:
    """Add the entry and what it needs, as the emulator has them; what is installed takes precedence."""
    for name, source in module_paths(modules).items():
        if not (folder / name).exists():
            _copy(source, folder / name)
    _copy(INSIDE, folder / PACKAGE)


def _copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, destination)


def _check_machine(folder: Path, target: BuildTarget) -> None:
    """Raise `UserError` where a library is built for another machine, as one that was built here may be."""
    for path in sorted(folder.rglob("*.so*")):
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(b"\x7fELF") and int.from_bytes(head[18:20], "little") != ELF_MACHINES[target.architecture]:
            raise UserError(
                f"{path.relative_to(folder)} is not built for {target.architecture}; package on such a machine"
            )


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")
