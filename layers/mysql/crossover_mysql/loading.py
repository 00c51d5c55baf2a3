"""A load: tables built beside those that serve, and put in their place by one RENAME TABLE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from pymysql.cursors import Cursor
from pymysql.err import MySQLError, OperationalError, ProgrammingError

from crossover.stores.parts import Loading, Part, part_of
from crossover.stores.port import DistributedRecords, Loaded, LoadFailed, check_replaced
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
INSERT = f"INSERT INTO {RECORDS}{NEW} VALUES (%s, %s)"  # noqa: S608
OVERWRITE = " ON DUPLICATE KEY UPDATE record = VALUES(record)"
TABLE_OPTIONS = "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
Pair = tuple[bytes, bytes]
"""A key and its record."""


def load(target: Target, records: Iterable[Pair] | DistributedRecords, loading: Loading) -> Loaded:
    """Load a database with (key, record) pairs; workers that hold them write them themselves.

    Until the swap, which is atomic, what was loaded before serves, whatever happens.

    Raises:
        LoadFailed: Also where another load of this database is running, a key comes twice or a record does not fit a
            packet.
    """
    try:
        cursor = _connect(target)
        with closing(cursor.connection):
            return _Load(cursor, target).run(records, loading)
    except MySQLError as problem:
        raise LoadFailed(f"cannot load {target}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class PartWriter:
    """Writes a worker's pairs into the tables of a load that is under way elsewhere. It can be pickled."""

    target: Target
    version: str
    """Of that load: the pairs of one that was given up never come into another's tables."""

    def __call__(self, records: Iterable[Pair]) -> tuple[int]:
        """Write the pairs, those that were written before again, and return how many they are. Raises `LoadFailed`."""
        try:
            cursor = _connect(self.target)
            with closing(cursor.connection):
                writer = _RowWriter(cursor)
                cursor.execute(f"SELECT version FROM {META}{NEW}")  # noqa: S608
                if cursor.fetchall() != ((self.version,),):
                    raise LoadFailed("the load that this part belongs to was given up")
                return (writer.write(records, OVERWRITE),)
        except MySQLError as problem:
            raise LoadFailed(f"cannot load {self.target}: {problem}") from problem


def _connect(target: Target) -> Cursor:
    cursor = PyMySQLDriver(replace(target, read_timeout=STATEMENT_SECONDS), credentials_of(target)).connect()
    cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
    return cursor


class _RowWriter:
    """Writes pairs in statements that fit the server."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        cursor.execute("SHOW VARIABLES LIKE 'max_allowed_packet'")
        self._max_packet = int(cursor.fetchall()[0][1])
        # pymysql cuts the rows of executemany into statements of this size.
        cursor.max_stmt_length = min(BATCH_BYTES, self._max_packet - STATEMENT_BYTES)  # type: ignore[misc]

    def write(self, records: Iterable[Pair], on_duplicate: str = "") -> int:
        """Write pairs into the new table, and return how many they are."""
        count = 0
        for batch in self._batches(records):
            self._cursor.executemany(f"{INSERT}{on_duplicate}", batch)
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


class _Load:
    """One load, on a connection of its own."""

    def __init__(self, cursor: Cursor, target: Target) -> None:
        self._cursor = cursor
        self._target = target
        self._writer = _RowWriter(cursor)

    def run(self, records: Iterable[Pair] | DistributedRecords, loading: Loading) -> Loaded:
        # The lock is the session's: it ends with this process, however that ends.
        if self._all("SELECT GET_LOCK(CONCAT('crossover load ', DATABASE()), 0)") != [(1,)]:
            raise LoadFailed("another load of this database is running")
        self._check_replaced(part_of(loading.version))
        try:
            self._drop(NEW)
            self._drop(OLD)  # of a killed load: now, and not when the other parts' loads switch
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

    def _check_replaced(self, part: Part) -> None:
        """Raise `LoadFailed` where another part of a store is there. That it can be asked now is certain."""
        try:
            version = "".join(str(row[0]) for row in self._all(f"SELECT version FROM {META}"))  # noqa: S608
        except (ProgrammingError, OperationalError):
            return  # nothing is loaded, or by another version of Crossover
        check_replaced(version, part)

    def _fill(self, records: Iterable[Pair] | DistributedRecords, version: str) -> int:
        for table, columns in TABLES.items():
            self._execute(f"CREATE TABLE {table}{NEW} ({columns}) {TABLE_OPTIONS}")
        self._cursor.execute(f"INSERT INTO {META}{NEW} VALUES (%s, %s)", (version, LAYOUT))  # noqa: S608
        if not isinstance(records, DistributedRecords):
            return self._writer.write(records)
        sent = self._sent(records, PartWriter(self._target, version))
        ((rows,),) = self._all(f"SELECT COUNT(*) FROM {RECORDS}{NEW}")  # noqa: S608
        if rows != sent:
            raise LoadFailed(f"the workers wrote {sent:,} records under {rows:,} keys: a key comes twice")
        return sent

    def _sent(self, records: DistributedRecords, writer: PartWriter) -> int:
        """Have the workers write, and use the connection meanwhile."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="load")
        try:
            sending = thread.submit(records.write_with, writer)
            while not wait((sending,), KEEP_ALIVE_SECONDS).done:
                self._all("SELECT 1")
            return sum(sending.result())
        finally:
            thread.shutdown(wait=False)

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
