"""Synthetic tweets into files."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.generator import BATCH, Generator


def popular_tags(path: Path) -> list[str]:
    """Return the popular tags of the file; where it is not there, it is written with the project's own list."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SHIPPED_TAGS.read_bytes())
    return sorted(read_popular(path))


def write_tweets(
    count: int, seed: int, popular: Sequence[str], out: Path, made: Callable[[int], object] = lambda _: None
) -> int:
    """Write `count` valid tweets with their noise, and return the file's bytes. `made` hears how many more there are.

    A file whose name ends in `.gz` is zipped, with no time inside, so that the same seed gives the same bytes.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context(out.open("wb"))
        zipped = gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) if out.suffix == ".gz" else None
        if zipped:
            stack.enter_context(zipped)
        done = 0
        for block in Generator(count, seed, popular).blocks():
            (zipped or file).write(block)
            made(min(BATCH, count - done))
            done += BATCH
    return out.stat().st_size
