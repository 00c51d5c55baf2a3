"""`crossover.toml`: what the commands would otherwise have to be given as options, in a guest's folder."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from local.errors import UserError
from local.files import read_bounded

NAME = "crossover.toml"
MAX_BYTES = 65_536
MAX_SOURCES = 500
"""Python files that are looked through for an application."""
SOURCE_BYTES = 1_000_000
FRAMEWORKS = "FastAPI|Starlette|Litestar|Quart|Flask|BlackSheep|get_asgi_application|get_wsgi_application"
APPLICATION = re.compile(rf"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:{FRAMEWORKS})\(", re.MULTILINE)
FACTORY = re.compile(r"^def ((?:create|make|get|build)_(?:app|application|api))\(", re.MULTILINE)
"""A function that makes an application; it is called without arguments."""
SKIPPED_FOLDERS = frozenset((".venv", "venv", "env", "node_modules", "tests", "test", "build", "dist", "site-packages"))
REQUESTS = ("*.har", "openapi.json", "openapi.yaml", "openapi.yml", "requests.jsonl", "requests.curl", "access.log")


class ProjectFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file's keys. Paths are relative to its folder."""

    app: str
    requests: str | None = None
    store: str | None = None
    """URL of the application's database, such as sqlite:///shop.db."""
    store_variable: str | None = None
    """The variable that the application reads it from; DATABASE_URL by default."""
    python: str | None = None
    memory: Annotated[int, msgspec.Meta(ge=128, le=10_240)] | None = None
    """Memory of the function in MB, for `lambda` and `invoke`."""
    ignore: list[str] = []
    exclude: list[str] = []
    """Patterns of files that stay out of the package."""
    env: dict[str, str] = {}


def read(folder: Path) -> ProjectFile | None:
    """Return the folder's file; None where it has none. Raises `UserError` in one line."""
    path = folder / NAME
    try:
        content = read_bounded(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    try:
        return msgspec.convert(tomllib.loads(content.decode()), ProjectFile)
    except (ValueError, RecursionError) as problem:
        raise UserError(f"{path}: {problem}; its keys are {', '.join(ProjectFile.__struct_fields__)}") from None


def text_of(project: ProjectFile) -> str:
    """Return the file's text, keys without a value left out."""
    lines = ["# Read by the commands of crossover in this folder; options take precedence."]
    for name in ("app", "requests", "store", "store_variable", "python", "memory", "ignore", "exclude"):
        value = getattr(project, name)
        if value:
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    if project.env:
        lines.append("\n[env]")
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in project.env.items()]
    return "\n".join(lines) + "\n"


def applications(folder: Path) -> list[str]:
    """Return the applications that the folder's sources make at module level, as `MODULE:NAME`.

    Where there is none, return the functions that make one, as `MODULE:NAME()`.
    """
    names, factories = [], []
    for path in _sources(folder):
        with path.open("rb") as file:
            text = file.read(SOURCE_BYTES).decode("utf-8", "replace")
        parts = list(path.relative_to(folder).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if parts and all(part.isidentifier() for part in parts):
            module = ".".join(parts)
            names += [f"{module}:{name}" for name in APPLICATION.findall(text)]
            factories += [f"{module}:{name}()" for name in FACTORY.findall(text)]
    return names or factories


def requests_in(folder: Path) -> list[str]:
    """Return the files of the folder that look like requests, by their names."""
    return [path.name for pattern in REQUESTS for path in sorted(folder.glob(pattern)) if path.is_file()]


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the Python files of the folder and of the packages up to two levels below it."""
    count = 0
    for pattern in ("*.py", "*/*.py", "*/*/*.py"):
        for path in sorted(folder.glob(pattern)):
            if SKIPPED_FOLDERS.isdisjoint(path.relative_to(folder).parts) and path.is_file():
                count += 1
                if count > MAX_SOURCES:
                    return
                yield path
