"""A load: tables built beside those that serve, and put in their place by one RENAME TABLE."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from pymysql.cursors import Cursor
from pymysql.err import MySQLError

from crossover.stores.port import Loaded, LoadFailed
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.schemas import SCHEMAS, Pair, Schema
from crossover_mysql.target import Target

STATEMENT_SECONDS = 600.0
"""The longest statement of a load: waiting for readers of the old tables, or dropping them."""
BATCH_BYTES = 1_000_000
"""Records are sent in statements of about this size; all of one batch are in memory."""
BATCH_RECORDS = 2_000
NEW, OLD = "_new", "_old"
META = "crossover_meta"
META_COLUMNS = "version VARCHAR(64) NOT NULL PRIMARY KEY, layout VARCHAR(64) NOT NULL"
TABLES = [META, *(table for schema in SCHEMAS.values() for table in schema.tables)]
TABLE_OPTIONS = "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def load(target: Target, records: Iterable[Pair]) -> Loaded:
    """Loads a database with (key, record) pairs, in the target's schema.

    Until the swap, which is atomic, what was loaded before serves, whatever happens. Raises `LoadFailed`, also where
    another load of this database is running, a key comes twice or a record does not fit the schema or a packet.
    """
    patient = replace(target, read_timeout=STATEMENT_SECONDS)
    try:
        cursor = PyMySQLDriver(patient, lambda: (target.user, target.password)).connect()
        with closing(cursor.connection):
            return _Load(cursor, SCHEMAS[target.schema]).run(records)
    except MySQLError as problem:
        raise LoadFailed(f"cannot load {target}: {problem}") from problem


class _Load:
    def __init__(self, cursor: Cursor, schema: Schema) -> None:
        self._cursor = cursor
        self._schema = schema
        self._max_packet = int(self._all("SHOW VARIABLES LIKE 'max_allowed_packet'")[0][1])

    def run(self, records: Iterable[Pair]) -> Loaded:
        # The lock is the session's: it ends with this process, however that ends.
        if self._all("SELECT GET_LOCK(CONCAT('crossover load ', DATABASE()), 0)") != [(1,)]:
            raise LoadFailed("another load of this database is running")
        self._execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
        try:
            self._drop(NEW)
            version = secrets.token_hex(8)
            count = self._fill(records, version)
            self._swap()
        except BaseException:
            with suppress(MySQLError):
                self._drop(NEW)
            raise
        # The new tables serve by now: what goes wrong from here on fails no load, and the next one drops the old.
        with suppress(MySQLError):
            self._drop(OLD)
        return Loaded(version, count, self._size())

    def _fill(self, records: Iterable[Pair], version: str) -> int:
        for table, columns in {META: META_COLUMNS, **self._schema.tables}.items():
            self._execute(f"CREATE TABLE {table}{NEW} ({columns}) {TABLE_OPTIONS}")
        self._cursor.execute(f"INSERT INTO {META}{NEW} VALUES (%s, %s)", (version, self._schema.name))  # noqa: S608
        count = 0
        for batch in self._batches(records):
            try:
                for sql, rows in self._schema.inserts(batch, NEW):
                    self._cursor.executemany(sql, rows)
            except ValueError as problem:
                raise LoadFailed(str(problem)) from problem
            count += len(batch)
        return count

    def _batches(self, records: Iterable[Pair]) -> Iterator[list[Pair]]:
        # Bytes go out as hexadecimal digits.
        largest = self._max_packet // 2 - 1_024
        batch: list[Pair] = []
        size = 0
        for pair in records:
            length = len(pair[0]) + len(pair[1])
            if length > largest:
                raise LoadFailed(
                    f"a record of {len(pair[1]):,} bytes needs a max_allowed_packet of {2 * length + 4_096:,}, "
                    f"and the database's is {self._max_packet:,}"
                )
            if batch and (size + length > BATCH_BYTES or len(batch) == BATCH_RECORDS):
                yield batch
                batch, size = [], 0
            batch.append(pair)
            size += length
        if batch:
            yield batch

    def _swap(self) -> None:
        there = {row[0] for row in self._all("SHOW TABLES LIKE 'crossover\\_%'")}
        self._drop(OLD)
        moves = [f"{table} TO {table}{OLD}" for table in TABLES if table in there]
        moves += [f"{table}{NEW} TO {table}" for table in (META, *self._schema.tables)]
        self._execute(f"RENAME TABLE {', '.join(moves)}")

    def _drop(self, suffix: str) -> None:
        self._execute(f"DROP TABLE IF EXISTS {', '.join(table + suffix for table in TABLES)}")

    def _size(self) -> int:
        """Bytes of the tables, or 0 where the database does not tell."""
        tables = tuple(self._schema.tables)
        try:
            self._execute(f"ANALYZE TABLE {', '.join(tables)}")
            self._cursor.execute(
                "SELECT SUM(data_length + index_length) FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name IN %s",
                (tables,),
            )
            return int(self._cursor.fetchall()[0][0] or 0)
        except MySQLError:
            return 0

    def _execute(self, sql: str) -> None:
        self._cursor.execute(sql)

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql)
        return list(self._cursor.fetchall())
