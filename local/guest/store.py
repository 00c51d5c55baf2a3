"""An application's store: a URL in a variable of its environment, and copies of a store that is one SQLite file."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from local.errors import UserError
from local.guest.application import VARIABLE, Guest

DEFAULT_VARIABLE = "DATABASE_URL"
"""What Heroku, Django's dj-database-url and most templates name it."""
SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)([^?]+)(\?.*)?", re.DOTALL)
BESIDE = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps beside a database."""


def with_store(guest: Guest, url: str, variable: str) -> Guest:
    """Return the guest with its store in its environment, unless an option names that variable. Raises `UserError`."""
    if not VARIABLE.fullmatch(variable) or "\0" in url:
        raise UserError(f"the store's variable is a name such as {DEFAULT_VARIABLE}; not {variable[:80]!r}")
    return replace(guest, variables={variable: url, **guest.variables}, store_variable=variable)


def on_a_copy(guest: Guest, folder: Path) -> Guest:
    """Return the guest on a copy of its SQLite file, made in a folder; another store stays as it is.

    So each platform starts from the same rows, and the file itself is never written to. A file that is not there yet
    is made in the folder by the application.

    Raises:
        UserError: where the file cannot be copied.
    """
    match = SQLITE.fullmatch(guest.variables.get(guest.store_variable, "")) if guest.store_variable else None
    if match is None or match[2] == ":memory:":
        return guest
    source = guest.directory / match[2]
    copy = folder / source.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("", *BESIDE):
            beside = Path(f"{source}{suffix}")
            if beside.is_file():
                shutil.copy(beside, Path(f"{copy}{suffix}"))
    except OSError as problem:
        raise UserError(f"cannot copy the store {source}: {problem.strerror}") from None
    url = f"{match[1]}{copy.absolute()}{match[3] or ''}"
    return replace(guest, variables={**guest.variables, guest.store_variable: url})
