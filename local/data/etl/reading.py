"""Files of tweets as blocks of whole lines."""

from __future__ import annotations

import glob
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from local.errors import UserError

BLOCK_BYTES = 4 * 2**20
MAX_LINE_BYTES = 64 * 2**20
"""A longer line is given up as soon as this much of it was read: no tweet comes near, and memory has to have an end."""


def input_files(patterns: list[str]) -> list[Path]:
    """The files that names and globs stand for, each once, in their order."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        # Path.glob takes no absolute pattern.
        names = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
        paths = [Path(name) for name in names if not Path(name).is_dir()]
        if not paths:
            raise UserError(f"no file matches {pattern}: give files of tweets, one JSON object a line, plain or gzip")
        found.update(dict.fromkeys(path.absolute() for path in paths))
    return list(found)


def blocks(path: Path, read: Callable[[int], object] = lambda _: None) -> Iterator[bytes]:
    """The file's lines in blocks of some megabytes, each of whole lines, unzipped where it is gzip.

    `read` is told how many bytes of the file itself were taken since it was called last. A line longer than
    `MAX_LINE_BYTES` comes out as its beginning alone, which is no JSON.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            # A GzipFile reads like the BufferedReader that it is declared not to be.
            source = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw
            seen, rest, skipping = 0, b"", False
            # A pipe has no position.
            where = raw.tell if raw.seekable() else lambda: seen
            while chunk := source.read(BLOCK_BYTES):
                position = where()
                read(position - seen)
                seen = position
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
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(f"{path} is not a whole gzip file: fetch or pack it again") from None
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
