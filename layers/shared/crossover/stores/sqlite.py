"""Records in one SQLite file, read-only: `sqlite:///relative.db`, `sqlite:////absolute.db`.

A load builds a new file beside the one that serves and renames it, so readers need no locks (`immutable=1`), work on a
read-only file system, and notice a new load by the file's identity. One store per worker: not for two threads at once,
nor across a fork.

Whatever happens to a file in its place (overwritten, truncated, damaged on disk), an answer is right or `Unavailable`:

- The file is read with system calls. Mapped into memory, a truncated file would end the process with SIGBUS.
- Every record is sealed with its key (`crossover.stores.sealing`).
- That a key is absent is proven: the table `gaps` holds every pair of neighbouring keys, sealed, so an index that leads
  to the wrong page cannot make a record disappear.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from glob import escape
from itertools import chain, pairwise
from pathlib import Path
from time import monotonic
from typing import TypeVar

from crossover.runner import Unavailable
from crossover.stores.parts import WHOLE, Loading, LoadingAlone, Part, check_part
from crossover.stores.port import Loaded, LoadFailed, Report, ignore
from crossover.stores.sealing import Damaged, seal, unseal

APPLICATION_ID = 0x43524F53
"""Marks the file as a store of records ("CROS"); `PRAGMA user_version` is the version of its tables."""
LAYOUT = 2
PAGE_BYTES = 4096
CACHE_KIB = 32 * 1024
"""Pages that SQLite keeps, at most, for a connection: with them a fetch costs as much as from mapped memory."""
LOOK_INTERVAL_SECONDS = 0.05
"""A look for a new load costs a system call, some 2 us, so fetches share one in this time."""
REOPEN_INTERVAL_SECONDS = 1.0
"""A damaged file is opened again at most so often, to find out whether it was replaced in place."""
SWITCH_SECONDS = 10.0
"""How long a load waits at a time for those of a store's other parts."""
MAX_STATEMENT_KEYS = 500
"""Keys of one statement; a longer list takes several."""

_TABLES = """
create table records (key blob not null, record blob not null);
create table gaps (lower blob not null primary key, upper blob not null) without rowid;
create table meta (version text not null);
"""
_FETCH = "select record from records where key = ?"
_GAP = "select lower, upper from gaps where lower <= ? order by lower desc limit 1"
_FIRST, _KEY, _LAST = b"\0", b"\1", b"\2"
"""Where the gap before the first key begins, what stands before a key in a gap, and where the last gap ends."""
_log = logging.getLogger(__name__)

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def path_of(url: str) -> Path:
    """Return the path in `sqlite:///PATH`; four slashes make it absolute. Raises ValueError."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "\0" in path or "|sqlite://" in path:
        raise ValueError("a SQLite store's URL is sqlite:///PATH, and sqlite:////PATH where the path is absolute")
    return Path(path)


def open_store(url: str, part: Part = WHOLE) -> SqliteStore:
    """Open what is at `sqlite:///PATH`, which has to hold this part of a store.

    Raises:
        ValueError: Where the URL is not one of SQLite's.
        Unavailable: Where no store can be read there.
    """
    return SqliteStore(path_of(url), part)


def dump(url: str, part: Part, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of a load, in the order of the keys. Raises `Unavailable`, also while it is read."""
    from crossover.stores.sqlite_dumping import dump as dump_file

    return dump_file(path_of(url).absolute(), part, version)


class SqliteStore:
    """The records of one file. It follows the path: a file renamed to it is noticed, and answers from then on.

    Where the new file is not a store, or the file is removed, the one that was open keeps serving, with a warning in
    the log.
    """

    def __init__(self, path: Path, part: Part = WHOLE) -> None:
        self._path = path.absolute()
        self._part = part
        self._seen = _identity(self._path)
        self._connection, self._version = connect(self._path, part)
        self._execute = self._connection.execute
        self._look_at = monotonic() + LOOK_INTERVAL_SECONDS
        self._reopen_at = float("-inf")

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None where there is proof that there is none."""
        if monotonic() >= self._look_at:
            self._look()
        # The hot path: what `_read` does, without its calls.
        try:
            row = self._execute(_FETCH, (key,)).fetchone()
            if row:
                return unseal(key, row[0])
            self._prove_absent(key)
        except (sqlite3.Error, Damaged):
            return self._again(self._read, key)
        return None

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order."""
        self._look()
        try:
            return self._read_many(keys)
        except (sqlite3.Error, Damaged):
            return self._again(self._read_many, keys)

    def version(self) -> str:
        """Return the version of the load at the path."""
        self._look()
        return self._version

    def close(self) -> None:
        """Close the connection; it is not opened again."""
        self._reopen_at = float("inf")
        self._connection.close()

    def __del__(self) -> None:
        # Lambda ends an environment without notice: there a store is closed by being forgotten.
        if hasattr(self, "_connection"):
            self._connection.close()

    def _read(self, key: bytes) -> bytes | None:
        row = self._execute(_FETCH, (key,)).fetchone()
        if row:
            return unseal(key, row[0])
        self._prove_absent(key)
        return None

    def _read_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        sealed: dict[bytes, object] = {}
        for start in range(0, len(keys), MAX_STATEMENT_KEYS):
            some = keys[start : start + MAX_STATEMENT_KEYS]
            marks = ",".join("?" * len(some))
            sealed.update(self._execute(f"select key, record from records where key in ({marks})", some))  # noqa: S608
        for key in keys:
            if key not in sealed:
                self._prove_absent(key)
        return [unseal(key, sealed[key]) if key in sealed else None for key in keys]

    def _prove_absent(self, key: bytes) -> None:
        """Return where no record was loaded under `key`. Raises `Damaged` where that is not certain."""
        place = _KEY + key
        row = self._execute(_GAP, (place,)).fetchone()
        if not (row and type(row[0]) is bytes and row[0] < place < unseal(row[0], row[1])):
            raise Damaged("a record is missing")

    def _again(self, read: Callable[[Argument], Result], argument: Argument) -> Result:
        """Read from the file as it is now, once what was open proved damaged. Raises `Unavailable`."""
        self._reopen()
        try:
            return read(argument)
        except sqlite3.Error as problem:
            raise Unavailable(f"the store cannot be read: {problem}") from problem

    def _look(self) -> None:
        """Open the file that is at the path now, if it is another one."""
        self._look_at = monotonic() + LOOK_INTERVAL_SECONDS
        try:
            there = _identity(self._path)
            if there == self._seen:
                return
            self._seen = there
            self._open()
        except Unavailable as problem:
            _log.warning("the store that was open keeps serving: %s", problem)

    def _reopen(self) -> None:
        """Open the file again, whose pages may be in memory as they were before it was written to in its place."""
        if monotonic() >= self._reopen_at:
            self._reopen_at = monotonic() + REOPEN_INTERVAL_SECONDS
            with suppress(Unavailable):
                self._open()

    def _open(self) -> None:
        connection, version = connect(self._path, self._part)
        self._connection.close()
        self._connection, self._version = connection, version
        self._execute = connection.execute


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as problem:
        raise Unavailable(f"no store at {path}: {problem.strerror}") from problem
    return status.st_dev, status.st_ino, status.st_mtime_ns


def connect(path: Path, part: Part) -> tuple[sqlite3.Connection, str]:
    """Return a connection to an undamaged store that holds this part, and its version."""
    if not path.is_file():  # to open a named pipe would wait for a writer
        raise Unavailable(f"no store at {path}: not a file")
    try:
        with ExitStack() as failing:
            connection = sqlite3.connect(
                f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
            )
            failing.callback(connection.close)
            application, layout = [
                connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "user_version")
            ]
            if application != APPLICATION_ID:
                raise sqlite3.DatabaseError("it is another kind of database")
            if layout != LAYOUT:
                raise sqlite3.DatabaseError("another version of Crossover made it; load it again with crossover etl")
            connection.execute("pragma mmap_size = 0")
            connection.execute(f"pragma cache_size = {-CACHE_KIB}")
            row = connection.execute("select version from meta").fetchone()
            if row is None:
                raise sqlite3.DatabaseError("its load did not finish")
            check_part(row[0], part)
            connection.execute(_FETCH, (b"",)).fetchone()
            connection.execute(_GAP, (b"",)).fetchone()
            failing.pop_all()
    except sqlite3.Error as problem:
        raise Unavailable(f"no store at {path}: {problem}") from problem
    return connection, row[0]


def load(
    url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore, loading: Loading | None = None
) -> Loaded:
    """Build a file of (key, record) pairs and rename it to `sqlite:///PATH`; its directory is made if need be.

    Raises:
        ValueError: Where the URL is not one of SQLite's.
        LoadFailed: Where the file cannot be written or a key comes twice.
    """
    path = path_of(url).absolute()
    loading = loading or LoadingAlone()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _aside(path) as temporary:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                count = _fill(connection, records, loading.version)
            size = temporary.stat().st_size
            _sync(temporary)  # before the other parts' loads are waited for: what can fail comes before a switch
            while not loading.may_switch(SWITCH_SECONDS):
                pass
    except (sqlite3.Error, OSError) as problem:
        raise LoadFailed(f"cannot load {path}: {problem}") from problem
    return Loaded(loading.version, count, size)


def _fill(connection: sqlite3.Connection, records: Iterable[tuple[bytes, bytes]], version: str) -> int:
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = off",
        "synchronous = off",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {LAYOUT}",
    ):
        connection.execute(f"pragma {pragma}")
    connection.executescript(_TABLES)
    connection.execute("begin")
    connection.execute("insert into meta values (?)", (version,))
    connection.executemany("insert into records values (?, ?)", ((key, seal(key, record)) for key, record in records))
    connection.execute("create unique index by_key on records (key)")
    keys = (_KEY + key for (key,) in connection.execute("select key from records order by key"))
    neighbours = pairwise(chain((_FIRST,), keys, (_LAST,)))
    connection.executemany(
        "insert into gaps values (?, ?)", ((lower, seal(lower, upper)) for lower, upper in neighbours)
    )
    connection.execute("commit")
    (count,) = connection.execute("select count(*) from records").fetchone()
    return int(count)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Yield a new file beside `path` to build in, which at the end takes its place, or is removed.

    A load holds a lock on its file, which ends with the process; files without a lock are leftovers and are removed.
    """
    for leftover in path.parent.glob(f".{escape(path.name)}.loading-*"):
        with leftover.open("rb") as file:
            if _locked(file.fileno()):
                leftover.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.loading-{secrets.token_hex(8)}")
    with temporary.open("xb") as file:
        try:
            _locked(file.fileno())
            yield temporary
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock on an open file, and return whether it was free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
