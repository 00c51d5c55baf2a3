"""The engine port: what a load asks of whatever parses, relates and packs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol


class Engine(Protocol):
    """Runs the stages of one load, in the order of these methods.

    Every method raises `local.errors.UserError` where the input or the disk does not allow it.
    """

    database: Any
    """The Ibis backend whose tables are those of `local.data.etl.stages.TABLES`, once they are related."""

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Return the content of a small file at a URL."""
        ...

    def parse(self, files: Sequence[Path | str], read: Callable[[int], object]) -> Counter[str]:
        """Parse tweets, and return counts: `lines`, `parsed`, and one for each reason to drop a line.

        Args:
            files: Paths of this machine, or URLs that the engine reads.
            read: Called with the number of bytes that were read since the last call.
        """
        ...

    def relate(self, kept: Path | None, popular: frozenset[str], notify: Callable[[str], object]) -> None:
        """Make the tables from what was parsed.

        Args:
            kept: A Parquet file of tweets of former loads.
            popular: The popular tags, lower-cased.
            notify: Called with each table's name before it is made.
        """
        ...

    def write(self, table: str, path: Path) -> None:
        """Write a table as one Parquet file."""
        ...

    def records(self, packed: Callable[[int], object]) -> Iterable[tuple[bytes, bytes]]:
        """Return key and record of every group that a request can name, in the order of user ids.

        They may be `crossover.stores.port.DistributedRecords`.

        Args:
            packed: Called with the number of records that were packed since the last call.
        """
        ...
