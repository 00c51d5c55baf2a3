"""The files of an export: CSV, gzip, zip or Parquet; one, several, or all of a folder. Bounded in size."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from local.cost.cur import explorer
from local.cost.cur.lines import BillLine, Reader
from local.cost.errors import CostError

MAX_BYTES = 8 * 10**9
"""Bytes of one file, unpacked."""
MAX_LINES = 20_000_000
MAX_FILES = 1000
BATCH = 50_000
"""Rows of a Parquet file that are held at once."""
SUFFIXES = (".csv", ".csv.gz", ".gz", ".zip", ".parquet", ".snappy.parquet")
Watch = Callable[[int], None]


class _BoundedStream(io.RawIOBase):
    """A stream that ends in an error past so many bytes."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        self._stream, self._where, self._read = stream, where, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._read += len(data)
        if self._read > MAX_BYTES:
            raise CostError(f"{self._where}: has over {MAX_BYTES:,} bytes unpacked; export one month at a time")
        buffer[: len(data)] = data
        return len(data)


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files to read, those of folders among them.

    Raises:
        CostError: There is none, or too many.
    """
    members: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and one.name.endswith(SUFFIXES))
            if not inside:
                raise CostError(f"{path}: has no file that ends in {', '.join(SUFFIXES)}")
            members += inside
        else:
            members.append(path)
    if len(members) > MAX_FILES:
        raise CostError(f"{len(members):,} files are too many; at most {MAX_FILES:,} are read")
    return members


def read(path: Path, watch: Watch = lambda done: None) -> Iterator[BillLine]:
    """Yield the lines of a file.

    Args:
        path: The file.
        watch: Hears how many of the file's bytes are read.

    Raises:
        CostError: The file cannot be read, or is not what AWS exports, or is too large.
    """
    try:
        if path.name.endswith(".parquet"):
            yield from _parquet(path)
        else:
            with path.open("rb") as file:
                yield from _table(_unpacked(file, path.name), path.name, lambda: watch(file.tell()))
    except OSError as problem:
        raise CostError(f"{path}: {(problem.strerror or 'cannot be read').lower()}") from None
    except (EOFError, zlib.error, zipfile.BadZipFile) as problem:
        raise CostError(f"{path.name}: is damaged: {problem}") from None
    except UnicodeDecodeError:
        raise CostError(f"{path.name}: is not UTF-8 text") from None
    except csv.Error as problem:
        raise CostError(f"{path.name}: is not CSV: {problem}") from None


def _unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    start = file.read(4)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        return cast(IO[bytes], gzip.open(file))
    if start == b"PK\x03\x04":
        archive = zipfile.ZipFile(file)
        members = [one for one in archive.infolist() if one.filename.endswith(".csv")]
        if len(members) != 1:
            raise CostError(f"{name}: has {len(members)} CSV files in it; unpack it and name them")
        return archive.open(members[0])
    return file


def _table(stream: IO[bytes], name: str, tick: Callable[[], None]) -> Iterator[BillLine]:
    text = io.TextIOWrapper(
        io.BufferedReader(cast(io.RawIOBase, _BoundedStream(stream, name)), 1 << 16), "utf-8-sig", newline=""
    )
    rows = csv.reader(text)
    header = next(rows, None)
    if header is None:
        raise CostError(f"{name}: is empty")
    if explorer.is_explorer(header):
        yield from explorer.lines(header, rows, name)
        return
    reader = Reader(header, name)
    for number, row in enumerate(rows, 2):
        if number > MAX_LINES:
            raise CostError(f"{name}: has over {MAX_LINES:,} lines; export one month at a time")
        if number % 10_000 == 0:
            tick()
        yield from reader.lines(row, number)


def _parquet(path: Path) -> Iterator[BillLine]:
    try:
        import pyarrow.parquet as parquet
        from pyarrow import ArrowException
    except ImportError:
        raise CostError(f"{path.name}: Parquet needs pyarrow: pip install 'crossover[etl]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_LINES:
                raise CostError(f"{path.name}: has over {MAX_LINES:,} lines; export one month at a time")
            names = list(file.schema_arrow.names)
            wanted = [names[at] for at in Reader(names, path.name).columns.values()]
            reader, number = Reader(wanted, path.name), 1
            for batch in file.iter_batches(BATCH, columns=wanted):
                columns = [batch.column(name).to_pylist() for name in wanted]
                for row in zip(*columns, strict=True):
                    number += 1
                    yield from reader.lines(["" if value is None else str(value) for value in row], number)
    except ArrowException as problem:
        raise CostError(f"{path.name}: is not Parquet: {str(problem).splitlines()[0]}") from None
