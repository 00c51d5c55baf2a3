"""Parsing on all cores: blocks of lines in, Parquet parts of valid tweets and counts of the dropped out."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import chain, count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local.etl.parsing import Row, parse

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("created_at", pa.int64(), nullable=False),
        pa.field("user_id", pa.int64(), nullable=False),
        pa.field("screen_name", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("hashtags", pa.list_(pa.string()), nullable=False),
        pa.field("reply_to", pa.int64()),
        pa.field("retweet_of", pa.int64()),
        pa.field("of_screen_name", pa.string(), nullable=False),
        pa.field("of_description", pa.string(), nullable=False),
    ]
)
"""The columns of a part are the fields of `local.etl.parsing.Row`."""
POOL_FROM = 2
"""Blocks from which starting processes pays."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parse_all(blocks: Iterable[bytes], folder: Path) -> Counter[str]:
    """Writes `folder/part-N.parquet`, at least one; returns the counts: `lines`, `parsed`, and one for each reason."""
    totals: Counter[str] = Counter()
    source = iter(blocks)
    first = list(islice(source, POOL_FROM))
    names = (folder / f"part-{number:06}.parquet" for number in count())
    if len(first) < POOL_FROM or cores() == 1:
        for block in chain(first or [b""], source):
            totals.update(parse_block(block, next(names)))
        return totals
    # Spawned, not forked: the parent may hold threads, and every platform does the same.
    with ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting: set[Future[Counter[str]]] = set()
        for block in chain(first, source):
            if len(waiting) > cores():
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    totals.update(future.result())
            waiting.add(pool.submit(parse_block, block, next(names)))
        for future in waiting:
            totals.update(future.result())
    return totals


def parse_block(block: bytes, path: Path) -> Counter[str]:
    """Parses a block of lines into one Parquet file."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    counts: Counter[str] = Counter(lines=len(lines))
    clean = is_utf8(block)
    rows: list[Row] = []
    for line in lines:
        outcome = parse(line) if clean or is_utf8(line) else "not_utf8"
        if isinstance(outcome, Row):
            rows.append(outcome)
        else:
            counts[outcome] += 1
    counts["parsed"] = len(rows)
    columns = zip(*rows, strict=True) if rows else ([] for _ in SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), path, compression="lz4", use_dictionary=False)
    return counts


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False
