"""A cache in the process: the entries that were asked for last, up to a number of bytes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

ENTRY_BYTES = 250
"""What Python keeps for an entry besides the bytes of its key and value, about."""


class LocalCache:
    """Entries in memory, for any number of threads. The clock is injected."""

    waits = False

    def __init__(self, size_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._room = size_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the entries under `keys`, in their order."""
        now = self._clock()
        entries: list[bytes | None] = []
        with self._lock:
            for key in keys:
                value, until = self._entries.get(key, (None, 0.0))
                if value is not None and until > now:
                    self._entries.move_to_end(key)
                    entries.append(value)
                else:
                    entries.append(None)
        return entries

    def set_many(self, entries: Sequence[tuple[bytes, bytes, float]]) -> None:
        """Keep entries, in place of those that were not asked for the longest."""
        now = self._clock()
        with self._lock:
            for key, value, seconds in entries:
                self._remove(key)
                self._entries[key] = (value, now + seconds)
                self._room -= _weight(key, value)
            while self._room < 0:
                self._remove(next(iter(self._entries)))

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            for key in list(self._entries):
                self._remove(key)

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._room += _weight(key, entry[0])


def _weight(key: bytes, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_BYTES
