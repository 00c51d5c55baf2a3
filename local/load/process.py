"""The parent's side of one generator process, see `local.load.worker`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from local.child import Child

COMMAND = (sys.executable, "-P", "-m", "local.load.worker")
"""-P: a folder of the user's may be named `local` too."""
END_SECONDS = 5.0
"""From its report to its end."""


class GeneratorFailedError(RuntimeError):
    """A process of the load ended without a report, or did not end in time."""


class GeneratorProcess:
    """A running generator. A thread of this process reads what it writes."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.ended = 0
        """Requests that have come to their end."""
        self._ready = threading.Event()
        self._over = threading.Event()
        self._report: dict[str, Any] | None = None
        self._child = Child(COMMAND, stdin=subprocess.PIPE, output=subprocess.PIPE)
        self._listener = threading.Thread(target=self._listen, args=(json.dumps(job),), daemon=True)
        self._listener.start()

    def wait_until_ready(self, deadline: float) -> None:
        """Wait until it is connected, at most until that moment of the monotonic clock."""
        if not self._ready.wait(deadline - time.monotonic()) or self._over.is_set():
            raise GeneratorFailedError("a process of the load did not start")

    def start(self, moment: float) -> None:
        """Let it send from that moment of the monotonic clock on, which all processes share."""
        assert self._child.stdin is not None  # noqa: S101 - asked for above
        with suppress(BrokenPipeError):
            self._child.stdin.write(f"{moment!r}\n".encode())
            self._child.stdin.flush()

    def is_over(self, seconds: float) -> bool:
        """Return whether it is over, after at most that wait."""
        return self._over.wait(seconds)

    def report(self) -> dict[str, Any]:
        """Return what it has measured, once it is over."""
        if self._report is None:
            raise GeneratorFailedError("a process of the load ended without a report")
        return self._report

    def close(self) -> None:
        """End it: at once if it has not reported."""
        if self._report is None:
            self._child.stop(signal.SIGKILL, END_SECONDS)
        else:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(END_SECONDS)
            self._child.stop(signal.SIGKILL, END_SECONDS)
        self._listener.join(END_SECONDS)

    def _listen(self, job: str) -> None:
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None  # noqa: S101 - asked for above
        assert stdout is not None  # noqa: S101
        with suppress(OSError, ValueError):
            stdin.write(job.encode() + b"\n")
            stdin.flush()
            for line in stdout:
                message = json.loads(line)
                self.ended = message.get("done", self.ended)
                if "ready" in message:
                    self._ready.set()
                self._report = message.get("report", self._report)
        self._over.set()
        self._ready.set()
