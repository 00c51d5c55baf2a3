"""Records in one SQLite file, read-only and memory-mapped: `sqlite:///relative.db`, `sqlite:////absolute.db`.

A file is never written to once it is in its place: a load builds another one beside it and renames it. So readers
need no locks (`immutable=1`) and run on a read-only file system too, and a reader sees a new load by the file's
identity. One store per worker: not for two threads at once, nor across a fork.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from glob import escape
from pathlib import Path
from time import monotonic

from crossover.runner import Unavailable
from crossover.stores.port import Loaded, LoadFailed

APPLICATION_ID = 0x43524F53
"""Marks the file as a store of records ("CROS"); `PRAGMA user_version` is the version of its tables."""
LAYOUT = 1
PAGE_BYTES = 4096
LOOK_EVERY_S = 0.05
"""A look for a new load costs a system call, some 2 us, so fetches share one in this time."""
MAX_KEYS = 500
"""Keys of one statement; a longer list takes several."""

_TABLES = """
create table records (key blob not null, record blob not null);
create table meta (version text not null);
"""
_FETCH = "select record from records where key = ?"
_log = logging.getLogger(__name__)


def path_of(url: str) -> Path:
    """The path in `sqlite:///PATH`; four slashes make it absolute. Raises ValueError."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "\0" in path:
        raise ValueError("a SQLite store's URL is sqlite:///PATH, and sqlite:////PATH where the path is absolute")
    return Path(path)


def open_store(url: str) -> SqliteStore:
    """The store at `sqlite:///PATH`. Raises ValueError for the URL, `Unavailable` where no store can be read there."""
    return SqliteStore(path_of(url))


class SqliteStore:
    """The records of one file. It follows the path: a file renamed to it is noticed, and answers from then on.

    Where what comes there is no store, or the file goes away, the one that was open keeps serving, with a warning in
    the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._seen = _identity(self._path)
        self._connection, self._version = _connect(self._path)
        self._execute = self._connection.execute
        self._look_at = monotonic() + LOOK_EVERY_S

    def fetch(self, key: bytes) -> bytes | None:
        if monotonic() >= self._look_at:
            self._look()
        try:
            row = self._execute(_FETCH, (key,)).fetchone()
        except sqlite3.Error as problem:
            raise Unavailable(f"the store cannot be read: {problem}") from problem
        return row[0] if row else None

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self._look()
        found: dict[bytes, bytes] = {}
        try:
            for start in range(0, len(keys), MAX_KEYS):
                some = keys[start : start + MAX_KEYS]
                marks = ",".join("?" * len(some))
                found.update(self._execute(f"select key, record from records where key in ({marks})", some))  # noqa: S608
        except sqlite3.Error as problem:
            raise Unavailable(f"the store cannot be read: {problem}") from problem
        return [found.get(key) for key in keys]

    def version(self) -> str:
        self._look()
        return self._version

    def close(self) -> None:
        self._connection.close()

    def __del__(self) -> None:
        # Lambda says no goodbye: there a store is closed by being forgotten.
        if hasattr(self, "_connection"):
            self._connection.close()

    def _look(self) -> None:
        """Opens the file that is at the path now, if it is another one."""
        self._look_at = monotonic() + LOOK_EVERY_S
        try:
            there = _identity(self._path)
            if there == self._seen:
                return
            self._seen = there
            connection, version = _connect(self._path)
        except Unavailable as problem:
            _log.warning("the store that was open keeps serving: %s", problem)
            return
        self._connection.close()
        self._connection, self._version = connection, version
        self._execute = connection.execute


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as problem:
        raise Unavailable(f"no store at {path}: {problem.strerror}") from problem
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _connect(path: Path) -> tuple[sqlite3.Connection, str]:
    """A connection to a whole store, and its version."""
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
        marks = [connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks != [APPLICATION_ID, LAYOUT]:
            raise sqlite3.DatabaseError("it is another kind of database, or of another version")
        connection.execute(f"pragma mmap_size = {1 << 40}")
        row = connection.execute("select version from meta").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("it was not loaded to its end")
        connection.execute(_FETCH, (b"",)).fetchone()
    except sqlite3.Error as problem:
        if connection:
            connection.close()
        raise Unavailable(f"no store at {path}: {problem}") from problem
    return connection, row[0]


def load(url: str, records: Iterable[tuple[bytes, bytes]]) -> Loaded:
    """Builds a file of (key, record) pairs and renames it to `sqlite:///PATH`; its directory is made if need be.

    Raises ValueError for the URL, `LoadFailed` where it cannot be written or a key comes twice.
    """
    path = path_of(url).absolute()
    version = secrets.token_hex(8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _aside(path) as temporary:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                count = _fill(connection, records, version)
            size = temporary.stat().st_size
    except (sqlite3.Error, OSError) as problem:
        raise LoadFailed(f"cannot load {path}: {problem}") from problem
    return Loaded(version, count, size)


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
    connection.executemany("insert into records values (?, ?)", records)
    connection.execute("create unique index by_key on records (key)")
    connection.execute("commit")
    (count,) = connection.execute("select count(*) from records").fetchone()
    return int(count)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A new file beside `path` to build in, which at the end takes its place, whole and on disk, or is gone.

    Whoever builds holds a lock on the file, which a kill gives back; so what nobody holds is left over, and goes.
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
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _locked(descriptor: int) -> bool:
    """Takes the lock on an open file, unless somebody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
