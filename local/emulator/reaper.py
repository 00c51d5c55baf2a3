"""The reaper as the emulator sees it: it knows which environments exist, and ends what is left of them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROGRAM = Path(__file__).with_name("reaper_process.py")


class Reaper:
    """A child process that outlives the emulator by a moment. `reaper_process` describes its lines."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM)], stdin=subprocess.PIPE, start_new_session=True
        )

    def add(self, pid: int, marker: str, folders: Iterable[Path] = ()) -> None:
        """Name a new environment: its process group, a `NAME=VALUE` that only its processes have, its groups."""
        self._send("+", str(pid), marker, *map(str, folders))

    def end(self, pid: int) -> None:
        """Have everything killed and removed that an ended environment has left."""
        self._send("-", str(pid))

    def remove_at_end(self, folder: Path) -> None:
        """Have a control group removed once every environment is gone."""
        self._send("@", str(folder))

    def close(self) -> None:
        """Have every environment killed now; wait until nothing is left."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _send(self, *fields: str) -> None:
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write("\t".join(fields).encode() + b"\n")
                self._process.stdin.flush()
