"""What an application needs, from the files in which Python projects say it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from local.errors import UserError
from local.files import read_bounded

MAX_BYTES = 8 * 2**20
EXPORT_SECONDS = 120


class Requirements(NamedTuple):
    """A requirements file's text, and where it is from."""

    text: str
    source: Path


def requirements_of(folder: Path, named: Path | None) -> Requirements:
    """Return the requirements in the named file, or in the first file of the folder or of its parent that has some.

    The order is uv.lock, Pipfile.lock, requirements.txt, pyproject.toml: what is locked goes first.

    Raises:
        UserError: where there is no such file, or it cannot be used.
    """
    if named is not None:
        reader = READERS.get(named.name, _requirements_txt)
        text = reader(named)
        if text is None:
            raise UserError(f"{named} has no dependencies of a project")
        return Requirements(text, named)
    for place in (folder, folder.parent):
        for name, reader in READERS.items():
            path = place / name
            if path.is_file() and (text := reader(path)) is not None:
                return Requirements(text, path)
    raise UserError(f"{folder} has none of {', '.join(READERS)}; name what it needs with --requirements FILE")


def _uv_lock(path: Path) -> str:
    command = [uv(), "export", "--frozen", "--no-dev", "--no-emit-project", "--no-header", "--quiet"]
    command += ["--project", str(path.parent), "--format", "requirements.txt"]
    done = _run(command)
    if done.returncode:
        raise UserError(f"cannot read {path}: {last_line(done.stderr)}")
    return done.stdout


def _pipfile_lock(path: Path) -> str:
    """Return the default packages of a Pipfile.lock, with their hashes."""
    try:
        packages = json.loads(_text(path))["default"]
        lines = []
        for name, entry in packages.items():
            marker = f" ; {entry['markers']}" if "markers" in entry else ""
            hashes = "".join(f" --hash={digest}" for digest in entry.get("hashes", ()))
            extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
            lines.append(f"{name}{extras}{entry['version']}{marker}{hashes}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"cannot read {path}: it is no Pipfile.lock with versions") from None
    return "\n".join(lines) + "\n"


def _requirements_txt(path: Path) -> str:
    """Return a line that includes the file, so that what it names relative to itself is found."""
    _text(path)
    return f"-r {path.absolute()}\n"


def _pyproject(path: Path) -> str | None:
    """Return the project's dependencies; None where the file has no table of a project."""
    try:
        document = tomllib.loads(_text(path))
    except (ValueError, RecursionError) as problem:
        raise UserError(f"cannot read {path}: {problem}") from None
    project = document.get("project")
    if not isinstance(project, dict):
        if "poetry" in document.get("tool", {}):
            raise UserError(f"{path} is of Poetry's own form; run poetry export -o requirements.txt")
        return None
    dependencies = project.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(dependency, str) for dependency in dependencies):
        raise UserError(f"cannot read {path}: project.dependencies is no list of texts")
    return "".join(f"{dependency}\n" for dependency in dependencies)


READERS: dict[str, Callable[[Path], str | None]] = {
    "uv.lock": _uv_lock,
    "Pipfile.lock": _pipfile_lock,
    "requirements.txt": _requirements_txt,
    "pyproject.toml": _pyproject,
}


def uv() -> str:
    """Return the path of uv. Raises `UserError`."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise UserError(f"uv is not installed; run: {sys.executable} -m pip install uv") from None


def last_line(text: str) -> str:
    """Return what a tool printed as its error: the causes in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line.removeprefix("error: ").removeprefix("cause: ") for line in lines if not line.startswith("hint:")]
    return " ".join(said)[-600:] or "no message"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=EXPORT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UserError(f"uv export took longer than {EXPORT_SECONDS} s") from None


def _text(path: Path) -> str:
    try:
        return read_bounded(path, MAX_BYTES).decode()
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"cannot read {path}: it is not UTF-8") from None
