"""A load: tables built beside those that serve, and put in their place by one RENAME TABLE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from pymysql.cursors import Cursor
from pymysql.err import MySQLError

from crossover.stores.parts import Loading
from crossover.stores.port import Loaded, LoadFailed
from crossover.stores.sealing import SEAL_BYTES, seal
from crossover_mysql.credentials import credentials_of
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.store import LAYOUT
from crossover_mysql.target import Target

STATEMENT_SECONDS = 600.0
"""The longest statement of a load: waiting for readers of the old tables, or dropping them."""
KEEP_ALIVE_SECONDS = 10.0
"""How often a load that waits for others uses its connection, which nothing on the way may then take for idle."""
BATCH_BYTES = 1_000_000
"""Records are sent in statements of about this size, or of the server's max_allowed_packet where that is less."""
BATCH_RECORDS = 2_000
ESCAPED_BYTE = 2
"""Bytes that pymysql may write for one of a value."""
ROW_BYTES = 64
"""What a statement has for each row besides its values."""
STATEMENT_BYTES = 256
"""What a statement has besides its rows."""
NEW, OLD = "_new", "_old"
META, RECORDS = "crossover_meta", "crossover_records"
TABLES = {
    META: "version VARCHAR(64) NOT NULL PRIMARY KEY, layout VARCHAR(64) NOT NULL",
    RECORDS: "id VARBINARY(255) NOT NULL PRIMARY KEY, record LONGBLOB NOT NULL",
}
"""Each table's columns, in SQL."""
TABLE_OPTIONS = "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
Pair = tuple[bytes, bytes]
"""A key and its record."""


def load(target: Target, records: Iterable[Pair], loading: Loading) -> Loaded:
    """Load a database with (key, record) pairs.

    Until the swap, which is atomic, what was loaded before serves, whatever happens.

    Raises:
        LoadFailed: Also where another load of this database is running, a key comes twice or a record does not fit a
            packet.
    """
    patient = replace(target, read_timeout=STATEMENT_SECONDS)
    try:
        cursor = PyMySQLDriver(patient, credentials_of(target)).connect()
        with closing(cursor.connection):
            return _Load(cursor).run(records, loading)
    except MySQLError as problem:
        raise LoadFailed(f"cannot load {target}: {problem}") from problem


class _Load:
    """One load, on a connection of its own."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._max_packet = int(self._all("SHOW VARIABLES LIKE 'max_allowed_packet'")[0][1])
        # pymysql cuts the rows of executemany into statements of this size.
        cursor.max_stmt_length = min(BATCH_BYTES, self._max_packet - STATEMENT_BYTES)  # type: ignore[misc]

    def run(self, records: Iterable[Pair], loading: Loading) -> Loaded:
        # The lock is the session's: it ends with this process, however that ends.
        if self._all("SELECT GET_LOCK(CONCAT('crossover load ', DATABASE()), 0)") != [(1,)]:
            raise LoadFailed("another load of this database is running")
        self._execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
        try:
            self._drop(NEW)
            count = self._fill(records, loading.version)
            while not loading.may_switch(KEEP_ALIVE_SECONDS):
                self._all("SELECT 1")
            self._swap()
        except BaseException:
            with suppress(MySQLError):
                self._drop(NEW)
            raise
        # The new tables serve by now: an error from here on fails no load, and the next load drops the old tables.
        with suppress(MySQLError):
            self._drop(OLD)
        return Loaded(loading.version, count, self._size())

    def _fill(self, records: Iterable[Pair], version: str) -> int:
        for table, columns in TABLES.items():
            self._execute(f"CREATE TABLE {table}{NEW} ({columns}) {TABLE_OPTIONS}")
        self._cursor.execute(f"INSERT INTO {META}{NEW} VALUES (%s, %s)", (version, LAYOUT))  # noqa: S608
        count = 0
        for batch in self._batches(records):
            self._cursor.executemany(f"INSERT INTO {RECORDS}{NEW} VALUES (%s, %s)", batch)  # noqa: S608
            count += len(batch)
        return count

    def _batches(self, records: Iterable[Pair]) -> Iterator[list[Pair]]:
        """Yield sealed records in lists of about `BATCH_BYTES`: all of one list are in memory."""
        batch: list[Pair] = []
        size = 0
        for key, record in records:
            length = len(key) + len(record) + SEAL_BYTES
            packet = ESCAPED_BYTE * length + ROW_BYTES + STATEMENT_BYTES
            if packet > self._max_packet:
                raise LoadFailed(
                    f"a record of {len(record):,} bytes needs a max_allowed_packet of {packet:,}, "
                    f"and the database's is {self._max_packet:,}"
                )
            if batch and (size + length > BATCH_BYTES or len(batch) == BATCH_RECORDS):
                yield batch
                batch, size = [], 0
            batch.append((key, seal(key, record)))
            size += length
        if batch:
            yield batch

    def _swap(self) -> None:
        present = {row[0] for row in self._all("SHOW TABLES LIKE 'crossover\\_%'")}
        self._drop(OLD)
        moves = [f"{table} TO {table}{OLD}" for table in TABLES if table in present]
        moves += [f"{table}{NEW} TO {table}" for table in TABLES]
        self._execute(f"RENAME TABLE {', '.join(moves)}")

    def _drop(self, suffix: str) -> None:
        self._execute(f"DROP TABLE IF EXISTS {', '.join(table + suffix for table in TABLES)}")

    def _size(self) -> int:
        """Return the bytes of the records, or 0 where the database does not say."""
        try:
            self._execute(f"ANALYZE TABLE {RECORDS}")
            rows = self._all(
                "SELECT SUM(data_length + index_length) FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = 'crossover_records'"
            )
            return int(rows[0][0] or 0)
        except MySQLError:
            return 0

    def _execute(self, sql: str) -> None:
        self._cursor.execute(sql)

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql)
        return list(self._cursor.fetchall())
