"""DuckDB: a load on one machine, with a process for each core to parse and to pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from local.data.etl.groups import Stages
from local.data.etl.parts import parse_all
from local.data.etl.reading import blocks
from local.data.etl.stages import open_database, relate
from local.data.etl.workers import Workers, cores
from local.errors import UserError


class DuckDbEngine:
    """An engine on a DuckDB database in a folder."""

    def __init__(self, database: Any, folder: Path, workers: Workers) -> None:
        self.database = database
        self._folder = folder
        self._workers = workers

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Refuse: this engine reads files of this machine."""
        raise UserError(f"{url} is a URL: --engine spark reads those, or fetch the file first")

    def parse(self, files: Sequence[Path | str], read: Callable[[int], object]) -> Counter[str]:
        """Parse files of this machine, compressed or not, into Parquet parts."""
        paths = tuple(map(Path, files))
        return parse_all((block for path in paths for block in blocks(path, read)), self._folder, self._workers)

    def relate(self, kept: Path | None, popular: frozenset[str], notify: Callable[[str], object]) -> None:
        """Make the tables from the parts."""
        if kept:
            (self._folder / "part-kept.parquet").symlink_to(kept.absolute())
        relate(self.database, self._folder, popular, notify)

    def write(self, table: str, path: Path) -> None:
        """Write a table as one Parquet file."""
        self.database.table(table).to_parquet(str(path), compression="zstd")

    def records(self, packed: Callable[[int], object]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the records, packed on all cores."""
        return Stages(self.database, self._folder, self._workers, packed).records()


@contextmanager
def duckdb_engine(folder: Path) -> Iterator[DuckDbEngine]:
    """Yield an engine with a new database in a folder."""
    try:
        with Workers() as workers, open_database(folder, cores()) as database:
            yield DuckDbEngine(database, folder, workers)
    except (duckdb.OperationalError, duckdb.FatalException) as problem:
        raise OSError(str(problem)) from None
    except BrokenProcessPool:
        raise UserError("a worker process was killed, most likely out of memory; the store is as it was") from None
