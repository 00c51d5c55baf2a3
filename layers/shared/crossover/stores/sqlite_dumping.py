"""Reading all records of a SQLite file, in the order of their keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from crossover.runner import Unavailable
from crossover.stores.parts import Part, check_unchanged
from crossover.stores.sealing import Damaged, unseal
from crossover.stores.sqlite import connect


def dump(path: Path, part: Part, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of the file's load, also where another file takes its place meanwhile.

    Raises:
        Unavailable: Where there is no such load, or the file is damaged.
    """
    connection, there = connect(path, part)
    with closing(connection):
        check_unchanged(there, version)
        count = 0
        try:
            for key, sealed in connection.execute("select key, record from records order by key"):
                yield key, unseal(key, sealed)
                count += 1
            (gaps,) = connection.execute("select count(*) from gaps").fetchone()
        except sqlite3.Error as problem:
            raise Unavailable(f"the store cannot be read: {problem}") from problem
    if count + 1 != gaps:
        raise Damaged("a record is missing")
