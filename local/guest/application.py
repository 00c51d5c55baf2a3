"""A guest: which application, in which folder, on which interpreter."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import UserError
from local.guest.support import support_folder
from local.paths import ROOT

REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?)?", re.ASCII)
"""MODULE[:ATTRIBUTE[()]], as uvicorn and gunicorn write it."""
VARIABLE = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
UNTELLING = frozenset(("api", "app", "application", "asgi", "backend", "main", "server", "src", "web", "wsgi"))
"""Names of modules and folders that say nothing of an application."""
PROJECT_FILES = ("pyproject.toml", "requirements.txt", "setup.py")
"""What makes the folder above the application's the project's: its environment may be there."""
ENVIRONMENTS = (".venv", "venv", "env")
"""Folders of a guest's directory that may hold its virtual environment, in this order."""
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
        """Its name in results: the first of its package's, its folder's and the one's above that says something."""
        package = self.reference.partition(":")[0].partition(".")[0]
        names = (package, self.directory.name, self.directory.parent.name)
        name = next((name for name in names if name and name not in UNTELLING), package)
        return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:40] or "app"

    def command(self, module: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of `crossover_guest` on the guest's interpreter."""
        return [self.python, "-c", BOOT.format(module=module), str(support_folder()), *arguments]


def guest_of(reference: str, directory: Path, python: str | None, variables: Sequence[str]) -> Guest:
    """Return the guest that a command's options name, before anything of it runs. Raises `UserError`."""
    if not REFERENCE.fullmatch(reference):
        raise UserError(f"--app takes MODULE:NAME, such as shop.main:app; not {reference[:80]!r}")
    folder = directory.expanduser().absolute()
    if not folder.is_dir():
        raise UserError(f"--directory: there is no folder {folder}")
    return Guest(reference, folder, _interpreter(python, folder), dict(map(_variable, variables)))


def environment_of(guest: Guest) -> dict[str, str]:
    """Return all variables of a guest's process in a container: this process's, and its own.

    Where this tool is installed, `PYTHONPATH` names its own folders first; a guest does not see them.
    """
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = os.pathsep.join(folder for folder in folders if folder and not Path(folder).is_relative_to(ROOT))
    return {**os.environ, "PYTHONPATH": kept, **guest.variables}


def _interpreter(python: str | None, folder: Path) -> str:
    if python is not None:
        path = Path(python).expanduser()
        if path.is_dir():
            path = path / "bin" / "python"
        if os.sep in python and not path.exists():
            raise UserError(f"--python: there is no {path}")
        return str(path.absolute()) if os.sep in str(path) else python
    places = [folder]
    if any((folder.parent / name).is_file() for name in PROJECT_FILES):
        places.append(folder.parent)
    for place in places:
        for name in ENVIRONMENTS:
            path = place / name / "bin" / "python"
            if path.exists():
                return str(path)
    return sys.executable


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not VARIABLE.fullmatch(name) or "\0" in value:
        raise UserError(f"--env takes NAME=VALUE; not {text[:80]!r}")
    return name, value
