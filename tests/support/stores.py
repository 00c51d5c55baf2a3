"""What a SQLite store holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from crossover.stores.sealing import unseal


def records_of(store: Path) -> dict[bytes, bytes]:
    """Return the unsealed records by their keys, in the order of keys."""
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("select key, record from records order by key").fetchall()
    return {key: unseal(key, sealed) for key, sealed in rows}
