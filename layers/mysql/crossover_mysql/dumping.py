"""Reading all records of a database, in the order of their keys, page by page: no statement holds up a load for long.

The tables may be exchanged between two statements. So a page counts once the load is still the same after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import accumulate, takewhile
from typing import Any

from pymysql.err import MySQLError

from crossover.runner import Unavailable
from crossover.stores.parts import check_unchanged
from crossover.stores.sealing import unseal
from crossover_mysql.credentials import credentials_of
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.target import Target

STATEMENT_SECONDS = 60.0
"""The longest statement of a dump."""
PAGE_KEYS, PAGE_BYTES = 1_000, 1_000_000
"""Records of a page, at most, and their bytes, unless it has one record alone."""

_SIZES = f"SELECT id, OCTET_LENGTH(record) FROM crossover_records WHERE id {{}} %s ORDER BY id LIMIT {PAGE_KEYS}"  # noqa: S608
_PAGE = "SELECT id, record FROM crossover_records WHERE id {} %s AND id <= %s ORDER BY id"
_VERSION = "SELECT version FROM crossover_meta"


def dump(target: Target, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of the database's load.

    Raises:
        Unavailable: Where the database cannot be read, or has another load than this one.
    """
    patient = replace(target, read_timeout=STATEMENT_SECONDS)
    try:
        cursor = PyMySQLDriver(patient, credentials_of(target)).connect()
        with closing(cursor.connection):

            def rows(sql: str, *parameters: bytes) -> list[tuple[Any, ...]]:
                cursor.execute(sql, parameters)
                return list(cursor.fetchall())

            after, beyond = b"", ">="
            while sizes := rows(_SIZES.format(beyond), after):
                sums = accumulate(size for _, size in sizes)
                fitting = sum(1 for _ in takewhile(lambda total: total <= PAGE_BYTES, sums))
                last = sizes[max(fitting, 1) - 1][0]
                page = rows(_PAGE.format(beyond), after, last)
                check_unchanged("".join(row[0] for row in rows(_VERSION)), version)
                yield from ((key, unseal(key, sealed)) for key, sealed in page)
                after, beyond = last, ">"
            check_unchanged("".join(row[0] for row in rows(_VERSION)), version)
    except MySQLError as problem:
        raise Unavailable(f"{target} cannot be read: {problem}") from problem
