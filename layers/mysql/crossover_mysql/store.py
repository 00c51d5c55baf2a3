"""Records in MySQL, RDS, RDS Proxy or MariaDB: `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (see `target`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pymysql.cursors import Cursor
from pymysql.err import MySQLError, ProgrammingError

from crossover.runner import Refused, Unavailable
from crossover.stores.port import Loaded
from crossover_mysql.budget import Budget, budget
from crossover_mysql.driver import NO_SUCH_TABLE, Credentials, PyMySQLDriver, code_of
from crossover_mysql.policy import GAUGES, Stats
from crossover_mysql.pool import Pool
from crossover_mysql.schemas import SCHEMAS, Schema
from crossover_mysql.target import Target, parse

MAX_STATEMENT_KEYS = 128
MAX_STATEMENT_KEY_BYTES = 6_000
"""The keys of one statement: RDS Proxy pins a client that sends more than 16 KB. A longer list takes several."""

META = "SELECT version, layout FROM crossover_meta"
Rows = Sequence[Sequence[Any]]


def open_store(url: str, credentials: Credentials | None = None) -> MysqlStore:
    """The store at a URL; nothing is connected before the first fetch.

    `credentials` gives user and password at every connect, in place of those in the URL. Raises ValueError.
    """
    target = parse(url)
    return MysqlStore(target, credentials or (lambda: (target.user, target.password)))


def load(url: str, records: Iterable[tuple[bytes, bytes]]) -> Loaded:
    """Builds tables of (key, record) pairs beside those that serve, in the URL's schema, and swaps them in.

    Raises ValueError for the URL, and `LoadFailed`.
    """
    from crossover_mysql import loading

    return loading.load(parse(url), records)


class MysqlStore:
    """The records that are loaded in one database, for any number of threads. It follows every load."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._pool: Pool[Cursor] = Pool(PyMySQLDriver(target, credentials), target.limits)
        self._schema: Schema | None = None
        self.gauges = GAUGES
        self.threads = target.limits.size
        """In how many threads it is worth asking at once. One that has such a number waits for an answer, and has no
        place on an event loop."""

    def fetch(self, key: bytes) -> bytes | None:
        return self._find((key,)).get(key)

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        found: dict[bytes, bytes] = {}
        for some in _statements(keys):
            found.update(self._find(some))
        return [found.get(key) for key in keys]

    def version(self) -> str:
        version, self._schema = self._meta()
        return version

    def schema(self) -> str:
        """The name of the schema that is loaded."""
        _, self._schema = self._meta()
        return self._schema.name

    def budget(self, pods: int, workers: int, percent: int = 100) -> Budget:
        """What `pods` of `workers` processes with such stores may open, of what the database takes from all.

        `percent` is RDS Proxy's MaxConnectionsPercent, and 100 without a proxy. Raises `Unavailable`.
        """
        rows = self._query("SHOW VARIABLES LIKE 'max_connections'", ())
        if not rows:
            raise Refused("the database does not tell its max_connections")
        return budget(pods, workers, self.threads, int(rows[0][1]), percent)

    def stats(self) -> Stats:
        """The pool's figures."""
        return self._pool.stats()

    def close(self) -> None:
        self._pool.close()

    def _find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The records of keys that fit one statement."""
        schema = self._schema
        if schema is None:
            _, schema = self._meta()
        try:
            rows = self._query(*schema.select(keys))
        except _NoSuchTable:
            # A load in another schema came between.
            _, schema = self._meta()
            rows = self._query(*schema.select(keys))
        self._schema = schema
        return schema.records(rows, keys)

    def _meta(self) -> tuple[str, Schema]:
        """The version that is loaded, and its schema, which is the database's to say."""
        try:
            rows = self._query(META, ())
        except _NoSuchTable:
            raise Unavailable("nothing is loaded in this database; crossover etl does it") from None
        version, layout = rows[0] if rows else ("", "")
        if layout not in SCHEMAS:
            raise Unavailable("what is loaded in this database is of another version of Crossover")
        return version, SCHEMAS[layout]

    def _query(self, sql: str, parameters: Sequence[Any]) -> Rows:
        def read(cursor: Cursor) -> Rows:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

        try:
            return self._pool.read(read)
        except MySQLError as problem:
            if isinstance(problem, ProgrammingError) and code_of(problem) == NO_SUCH_TABLE:
                raise _NoSuchTable from problem
            raise Refused(f"the database refuses to answer: {problem}") from problem


class _NoSuchTable(Unavailable):
    """A table is not there: nothing is loaded, or in another schema by now."""

    def __init__(self) -> None:
        super().__init__("a table was replaced while it was read")


def _statements(keys: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    if len(keys) <= MAX_STATEMENT_KEYS and sum(map(len, keys)) <= MAX_STATEMENT_KEY_BYTES:
        return (keys,) if keys else ()
    some: list[bytes] = []
    parts = [some]
    room = MAX_STATEMENT_KEY_BYTES
    for key in dict.fromkeys(keys):
        if some and (len(some) == MAX_STATEMENT_KEYS or len(key) > room):
            some = []
            parts.append(some)
            room = MAX_STATEMENT_KEY_BYTES
        some.append(key)
        room -= len(key)
    return parts
