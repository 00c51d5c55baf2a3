"""A guest: which application, in which folder, on which interpreter, and whether it can be imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import UserError
from local.guest.support import support_folder

REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?)?", re.ASCII)
"""MODULE[:ATTRIBUTE[()]], as uvicorn and gunicorn write it."""
VARIABLE = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
ENVIRONMENTS = (".venv", "venv", "env")
"""Folders of a guest's directory that may hold its virtual environment, in this order."""
OLDEST = (3, 10)
CHECK_SECONDS = 60
BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from crossover_guest.{module} import main; main()"
"""A program for `python -c`: the working directory comes first on the import path, the support folder last."""


@dataclass(frozen=True)
class Guest:
    """An application of another project."""

    reference: str
    """MODULE[:ATTRIBUTE[()]]."""
    directory: Path
    """Its working directory, which is first on its import path."""
    python: str = sys.executable
    """The interpreter."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of its own."""
    memory_mb: int | None = None
    """Of its function; None for the default."""
    requests: Path | None = None
    """File of its requests, where its project names one."""
    ignored: tuple[str, ...] = ()
    """Headers and JSON keys that may differ between platforms."""
    excluded: tuple[str, ...] = ()
    """Patterns of files that stay out of its package."""
    store_variable: str = ""
    """The variable that names its store; empty where its project names none."""

    @property
    def name(self) -> str:
        """Its name in results: the package of its module, or its folder's."""
        module = self.reference.partition(":")[0]
        package, _, rest = module.partition(".")
        name = package if rest else self.directory.name or package
        return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:40] or "app"

    def command(self, module: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of `crossover_guest` on the guest's interpreter."""
        return [self.python, "-c", BOOT.format(module=module), str(support_folder()), *arguments]


@dataclass(frozen=True)
class Checked:
    """What importing a guest has shown."""

    version: tuple[int, int]
    """Of its interpreter."""
    import_path: tuple[str, ...]
    """Of its interpreter, the directory and the support folder left out."""
    kind: str
    """`asgi` or `wsgi`."""
    import_seconds: float


def guest_of(reference: str, directory: Path, python: str | None, variables: Sequence[str]) -> Guest:
    """Return the guest that a command's options name, before anything of it runs. Raises `UserError`."""
    if not REFERENCE.fullmatch(reference):
        raise UserError(f"--app takes MODULE:NAME, such as shop.main:app; not {reference[:80]!r}")
    folder = directory.expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"--directory: there is no folder {folder}")
    return Guest(reference, folder, _interpreter(python, folder), dict(map(_variable, variables)))


def checked(guest: Guest) -> Checked:
    """Import the guest in a process of its own.

    Raises:
        UserError: where it cannot be imported, with the last frame of its traceback, or is no application.
    """
    try:
        done = subprocess.run(
            guest.command("check", guest.reference),
            cwd=guest.directory,
            env=environment_of(guest),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"importing {guest.reference} took longer than {CHECK_SECONDS} s") from None
    except OSError as problem:
        raise UserError(f"cannot run {guest.python}: {problem.strerror}; give another --python") from None
    lines = done.stderr.splitlines()
    if done.returncode:
        own = [line.removeprefix("crossover: ") for line in lines if line.startswith("crossover: ")]
        last = own or lines or [f"the interpreter ended with status {done.returncode}"]
        raise UserError(last[-1] if own else f"{guest.reference} cannot be imported: {last[-1]}")
    if not done.stdout:
        raise UserError(f"{guest.reference} cannot be imported: it ends the interpreter, with status 0")
    report = json.loads(done.stdout)
    version = tuple(report["version"])
    if version < OLDEST:
        raise UserError(f"{guest.python} is Python {version[0]}.{version[1]}; a guest runs on 3.10 or later")
    own_folders = {str(guest.directory), str(support_folder())}
    path = tuple(folder for folder in report["path"] if folder not in own_folders)
    return Checked((version[0], version[1]), path, report["kind"], report["import_seconds"])


def environment_of(guest: Guest) -> dict[str, str]:
    """Return all variables of a guest's process in a container: this process's, and its own."""
    return {**os.environ, **guest.variables}


def _interpreter(python: str | None, folder: Path) -> str:
    if python is not None:
        path = Path(python).expanduser()
        if path.is_dir():
            path = path / "bin" / "python"
        if os.sep in python and not path.exists():
            raise UserError(f"--python: there is no {path}")
        return str(path.absolute()) if os.sep in str(path) else python
    for name in ENVIRONMENTS:
        path = folder / name / "bin" / "python"
        if path.exists():
            return str(path)
    return sys.executable


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not VARIABLE.fullmatch(name) or "\0" in value:
        raise UserError(f"--env takes NAME=VALUE; not {text[:80]!r}")
    return name, value
