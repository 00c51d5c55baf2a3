"""Records in MySQL, RDS, RDS Proxy or MariaDB: `mysql://USER:PASSWORD@HOST:PORT/DATABASE` (see `target`).

A record is one row under its key, sealed with it (`crossover.stores.sealing`). That a row is there at all is left to
InnoDB, which has a checksum on every page: a row that was deleted by hand is answered as absent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pymysql.cursors import Cursor
from pymysql.err import MySQLError, ProgrammingError

from crossover.runner import Refused, Unavailable
from crossover.stores.parts import WHOLE, Loading, LoadingAlone, Part, check_part
from crossover.stores.policy import GAUGES, Stats
from crossover.stores.pool import Pool
from crossover.stores.port import Loaded, Report, ignore
from crossover.stores.sealing import unseal
from crossover_mysql.budget import Budget, budget
from crossover_mysql.credentials import Credentials, credentials_of
from crossover_mysql.driver import NO_SUCH_TABLE, PyMySQLDriver, code_of
from crossover_mysql.target import Target, parse

if TYPE_CHECKING:
    from crossover_mysql.replicas import ReplicatedStore

LAYOUT = "packed-2"
"""The version of the tables that this reads and loads; any other is refused."""
LOOK_SECONDS = 1.0
"""How long it is believed of a whole store that it is not a part by now, where a record is absent."""
MAX_STATEMENT_KEYS = 128
MAX_STATEMENT_KEY_BYTES = 6_000
"""The keys of one statement: RDS Proxy pins a client that sends more than 16 KB. A longer list takes several."""

_META = "SELECT version, layout FROM crossover_meta"
# A second column would cost the client a tenth of a single fetch.
_ONE = "SELECT record FROM crossover_records WHERE id = %s"
_MANY = "SELECT id, record FROM crossover_records WHERE id IN ({})"
Rows = Sequence[Sequence[Any]]


def open_store(url: str, credentials: Credentials | None = None, part: Part = WHOLE) -> MysqlStore | ReplicatedStore:
    """Return the store at a URL; it connects at the first fetch.

    Args:
        url: The URL, as `crossover_mysql.target` describes it.
        credentials: Gives user and password at every connect, in place of those in the URL.
        part: What the database has to hold of a store.

    Raises:
        ValueError: Where the URL is not one of a MySQL store.
    """
    target = parse(url)
    if target.replicas:
        from crossover_mysql.replicas import open_replicated

        return open_replicated(target, credentials, part)
    return MysqlStore(target, credentials or credentials_of(target), part)


def load(
    url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore, loading: Loading | None = None
) -> Loaded:
    """Build tables of (key, record) pairs beside those that serve, and swap them in.

    Raises:
        ValueError: Where the URL is not one of a MySQL store.
        LoadFailed: Where the load failed; what was loaded before still serves.
    """
    from crossover_mysql import loading as tables

    return tables.load(parse(url), records, loading or LoadingAlone())


def dump(url: str, part: Part, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of a load, in the order of the keys. Raises `Unavailable`, also while it is read."""
    from crossover_mysql import dumping

    return dumping.dump(parse(url), version)


class MysqlStore:
    """The records that are loaded in one database, for any number of threads. It follows every load."""

    def __init__(self, target: Target, credentials: Credentials, part: Part = WHOLE) -> None:
        self._part = part
        self._pool: Pool[Cursor] = Pool(PyMySQLDriver(target, credentials), target.limits)
        self._layout_is_known = False
        self._looked_at = float("-inf")
        self.gauges = GAUGES
        self.threads = target.limits.size
        """In how many threads it is worth asking at once. A store that has such a number waits for an answer, and has
        no place on an event loop."""

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable`."""
        self._check_layout()
        rows = self._query(_ONE, (key,))
        if rows:
            return unseal(key, rows[0][0])
        self._prove_absent()
        return None

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order. Raises `Unavailable`."""
        self._check_layout()
        sealed: dict[bytes, bytes] = {}
        for some in _statements(keys):
            sealed.update(self._query(_MANY.format(", ".join(["%s"] * len(some))), some))  # type: ignore[arg-type]
        if len(sealed) < len(keys):
            self._prove_absent()
        return [unseal(key, sealed[key]) if key in sealed else None for key in keys]

    def version(self) -> str:
        """Return what is loaded. Raises `Unavailable`, also where the tables are not of this layout or part."""
        rows = self._query(_META, ())
        version, layout = rows[0] if rows else ("", "")
        if layout != LAYOUT:
            raise Unavailable("another version of Crossover loaded this database; load it again with crossover etl")
        check_part(str(version), self._part)
        self._layout_is_known, self._looked_at = True, time.time()
        return str(version)

    def budget(self, pods: int, workers: int, percent: int = 100) -> Budget:
        """Return what `pods` of `workers` processes with such stores may open, and what the database gives to all.

        `percent` is RDS Proxy's MaxConnectionsPercent, and 100 without a proxy. Raises `Unavailable`.
        """
        rows = self._query("SHOW VARIABLES LIKE 'max_connections'", ())
        if not rows:
            raise Refused("the database does not give its max_connections")
        return budget(pods, workers, self.threads, int(rows[0][1]), percent)

    def stats(self) -> Stats:
        """Return the pool's figures."""
        return self._pool.stats()

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _prove_absent(self) -> None:
        """Raise `Unavailable` where the database holds another part by now, and a record may be elsewhere.

        A whole store becomes a part only after it was emptied, which the reads meanwhile see: it is looked at now and
        then, for a process that did not read.
        """
        if self._part != WHOLE or abs(time.time() - self._looked_at) >= LOOK_SECONDS:
            self.version()

    def _check_layout(self) -> None:
        if not self._layout_is_known:
            self.version()

    def _query(self, sql: str, parameters: Sequence[Any]) -> Rows:
        def read(cursor: Cursor) -> Rows:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

        try:
            return self._pool.read(read)
        except MySQLError as problem:
            if isinstance(problem, ProgrammingError) and code_of(problem) == NO_SUCH_TABLE:
                self._layout_is_known = False
                raise Unavailable("nothing is loaded in this database; crossover etl does it") from None
            raise Refused(f"the database refuses to answer: {problem}") from problem


def _statements(keys: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    """Divide keys among statements; a key that alone exceeds the bytes of a statement has one of its own."""
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
