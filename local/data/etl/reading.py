"""Files of tweets as blocks of whole lines."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from local.data.etl.documents import DocumentError, is_document, values
from local.errors import UserError

BLOCK_BYTES = 4 * 2**20
MAX_LINE_BYTES = 64 * 2**20
"""A longer line is given up as soon as this much of it was read: no tweet comes near, and memory has to have an end."""
COMPRESSED: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda raw: pa.CompressedInputStream(raw, "zstd"),
}
"""The first bytes of compressed files, and what reads them."""
FOREIGN = {
    b"PK\x03\x04": "is a zip archive: unpack it first",
    b"PAR1": "is a Parquet file: give the tweets as JSON, one a line",
    b"\xff\xfe": "is UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "is UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)",
}
"""The first bytes of files that are not read, and what to do about them."""
TAR_MAGIC_AT, TAR_MAGIC = 257, b"ustar"
DAMAGED_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)


URL = re.compile(r"[a-z][a-z0-9+.-]*://.", re.ASCII)
"""What Spark reads by itself: s3a://, hdfs:// and others."""


def input_files(patterns: list[str], *, urls: bool = False) -> list[Path | str]:
    """Return the files that names and globs stand for, each once, in their order.

    Args:
        patterns: Names and globs.
        urls: Whether URLs are taken too, as they stand.

    Raises:
        UserError: Where there is none.
    """
    files: dict[Path | str, None] = {}
    for pattern in patterns:
        if URL.match(pattern):
            if not urls:
                raise UserError(f"{pattern} is a URL: --engine spark reads those, or fetch the files first")
            files[pattern] = None
            continue
        # Path.glob takes no absolute pattern.
        names = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
        paths = [Path(name) for name in names if not Path(name).is_dir()]
        if not paths:
            raise UserError(f"no file matches {pattern}: give files of tweets as JSON, one a line or in an array")
        files.update(dict.fromkeys(path.absolute() for path in paths))
    return list(files)


def blocks(path: Path, read: Callable[[int], object] = lambda _: None) -> Iterator[bytes]:
    """Yield the file's lines in blocks of some megabytes, each of whole lines, unpacked where it is compressed.

    A document over several lines comes out as one value a line. A line longer than `MAX_LINE_BYTES` comes out as its
    beginning alone, which is no JSON.

    Args:
        path: The file.
        read: Called with the number of bytes of the file itself that were read since the last call.

    Raises:
        UserError: Where the file cannot be read, or is of a kind that is not read.
    """
    try:
        with path.open("rb") as raw:
            chunks = _chunks(path, raw, read)
            first = next(chunks, b"")
            _refuse_foreign(path, first)
            lines = _document_lines if is_document(first) else _whole_lines
            yield from lines(chain((first,), chunks))
    except DAMAGED_ERRORS:
        raise UserError(f"{path} is not a whole compressed file: fetch or pack it again") from None
    except DocumentError as problem:
        raise UserError(f"{path} is not one JSON document, {problem}: give the tweets one a line") from None
    except OSError as problem:
        # Without a number it is bz2's, of damaged data.
        reason = problem.strerror or "it is not a whole compressed file"
        raise UserError(f"cannot read {path}: {reason}") from None


def _chunks(path: Path, raw: IO[bytes], read: Callable[[int], object]) -> Iterator[bytes]:
    start = raw.peek(8)[:8]  # type: ignore[attr-defined]
    _refuse_foreign(path, start)
    unpack = next((unpack for magic, unpack in COMPRESSED.items() if start.startswith(magic)), None)
    source = cast(IO[bytes], unpack(cast(BinaryIO, raw))) if unpack else raw
    position = 0
    # A pipe has no position.
    where = raw.tell if raw.seekable() else lambda: position
    while chunk := source.read(BLOCK_BYTES):
        now = where()
        read(now - position)
        position = now
        yield chunk


def is_plain(start: bytes) -> bool:
    """Return whether a file that begins so is not compressed, and of no kind that is not read."""
    return not start.startswith((*COMPRESSED, *FOREIGN)) and not start[TAR_MAGIC_AT:].startswith(TAR_MAGIC)


def _refuse_foreign(path: Path, start: bytes) -> None:
    for magic, advice in FOREIGN.items():
        if start.startswith(magic):
            raise UserError(f"{path} {advice}")
    if start[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        raise UserError(f"{path} is a tar archive: unpack it first")


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest, skipping = b"", False
    for chunk in chunks:
        if skipping:
            _, newline, chunk = chunk.partition(b"\n")
            skipping = not newline
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            rest += chunk
            if len(rest) > MAX_LINE_BYTES:
                yield rest[:100] + b"\n"
                rest, skipping = b"", True
    if rest:
        yield rest


def _document_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for value in values(chunks, MAX_LINE_BYTES):
        lines.append(value + b"\n")
        size += len(value)
        if size >= BLOCK_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    if lines:
        yield b"".join(lines)
