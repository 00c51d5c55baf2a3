"""Blocks of lines in, Parquet parts of valid tweets and counts of the dropped out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local.data.etl.parsing import Row, elements_of, parse
from local.data.etl.workers import Workers

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
"""The columns of a part are the fields of `local.data.etl.parsing.Row`."""


def parse_all(blocks: Iterable[bytes], folder: Path, workers: Workers) -> Counter[str]:
    """Write `folder/part-N.parquet`, at least one; return counts: `lines`, `parsed`, and one for each reason."""
    totals: Counter[str] = Counter()
    # An empty part gives the columns, however little there is to read.
    pieces = ((folder / f"part-{number:06}.parquet", block) for number, block in enumerate(_with_empty(blocks)))
    for counts in workers.map(parse_block, pieces):
        totals.update(counts)
    return totals


def parse_block(piece: tuple[Path, bytes]) -> Counter[str]:
    """Parse a block of lines into one Parquet file, and return the counts."""
    path, block = piece
    rows, counts = parse_lines(lines_of(block), clean=is_utf8(block))
    columns = zip(*rows, strict=True) if rows else ([] for _ in SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), path, compression="lz4", use_dictionary=False)
    return counts


def lines_of(block: bytes) -> list[bytes]:
    """Return the lines of a block, without their ends."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def parse_lines(lines: Sequence[bytes], *, clean: bool = False) -> tuple[list[Row], Counter[str]]:
    """Parse lines, and return the valid tweets and the counts.

    Args:
        lines: Without their ends.
        clean: Whether they are known to be UTF-8.
    """
    counts: Counter[str] = Counter(lines=len(lines))
    rows: list[Row] = []
    for line in lines:
        outcome = parse(line) if clean or is_utf8(line) else "not_utf8"
        if isinstance(outcome, Row):
            rows.append(outcome)
        elif outcome == "not_json" and (elements := elements_of(line)):
            counts["lines"] += len(elements) - 1
            for element in map(parse, elements):
                if isinstance(element, Row):
                    rows.append(element)
                else:
                    counts[element] += 1
        else:
            counts[outcome] += 1
    counts["parsed"] = len(rows)
    return rows, counts


def is_utf8(data: bytes) -> bool:
    """Return whether bytes are UTF-8."""
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _with_empty(blocks: Iterable[bytes]) -> Iterable[bytes]:
    empty = True
    for block in blocks:
        empty = False
        yield block
    if empty:
        yield b""
