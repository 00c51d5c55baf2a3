"""From one store to another, record for record: over more databases or fewer, or on another kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crossover.runner import Unavailable
from crossover.stores import load
from crossover.stores.dumping import dump
from crossover.stores.port import Loaded, LoadFailed, Report
from local.errors import UserError

COUNTED = 1_000
"""Records between two reports."""


def copy(source: str, target: str, copied: Callable[[int], None], report: Report) -> Loaded:
    """Load a store with all records of another one, in place of what it has.

    Args:
        source: The URL of the store that is read; it serves on.
        target: The URL of the store that is loaded.
        copied: Is called with how many records more were read.
        report: Is called by a store that takes long after the last record.

    Raises:
        UserError: Where either cannot be; then what the target had before serves, unless the message says else.
    """

    def counted() -> Iterator[tuple[bytes, bytes]]:
        since = 0
        for pair in dump(source):
            yield pair
            since += 1
            if since == COUNTED:
                copied(since)
                since = 0
        copied(since)

    try:
        return load(target, counted(), report)
    except (ValueError, Unavailable, LoadFailed) as problem:
        raise UserError(str(problem)) from None
