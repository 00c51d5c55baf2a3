"""Shows what functions print, without ever making the emulator wait for the terminal."""

from __future__ import annotations

import queue
import re
import threading
from typing import TextIO

MAX_PENDING_BYTES = 1_000_000
"""Printed and not yet shown. A function that prints faster than the terminal loses lines there, not its time."""
CLOSE_SECONDS = 1.0
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that would steer the terminal."""


class LogPrinter:
    """Writes lines to a stream in a thread of its own, each after its function's name. A context."""

    def __init__(self, stream: TextIO, max_pending: int = MAX_PENDING_BYTES) -> None:
        self._stream = stream
        self._max_pending = max_pending
        self._queue: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pending = 0
        self._skipped = 0
        self._thread = threading.Thread(target=self._run, name="log printer", daemon=True)

    def __enter__(self) -> LogPrinter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(CLOSE_SECONDS)

    def __call__(self, function: str, chunk: bytes) -> None:
        """Show what a function has printed, or count it as skipped."""
        with self._lock:
            if self._pending + len(chunk) > self._max_pending:
                self._skipped += len(chunk)
                return
            self._pending += len(chunk)
        self._queue.put((function, chunk))

    def _run(self) -> None:
        while item := self._queue.get():
            function, chunk = item
            text = CONTROLS.sub("\N{REPLACEMENT CHARACTER}", chunk.decode("utf-8", "replace").rstrip("\n"))
            prefix = f"{function}: "
            self._write(prefix + text.replace("\n", f"\n{prefix}"))
            with self._lock:
                self._pending -= len(chunk)
                skipped, self._skipped = self._skipped, 0
            if skipped:
                self._write(f"({skipped:,} bytes not shown: functions print faster than this terminal takes)")

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()
