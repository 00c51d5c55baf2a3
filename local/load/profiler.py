"""The container shim under Python's profiler while it serves a load."""

from __future__ import annotations

import os
import pstats
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Hot(NamedTuple):
    """A function's own CPU time in seconds, without what it called, and its calls."""

    function: str
    own_seconds: float
    calls: int


def profiled(service: str, load: Callable[[str], object], least_calls: int) -> list[Hot]:
    """Runs `load(address)` against a profiled server of one service; its functions, the hottest first.

    Functions called less than `least_calls` times are left out: they belong to the start and not to the requests.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "WORKERS": "1", "CROSSOVER_SERVICES": service}
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "profile"
        command = [sys.executable, "-m", "local.load.profiled_server", str(written)]
        server = subprocess.Popen(command, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(server, address)
            load(address)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)
        stats = pstats.Stats(str(written))
    rows = [
        Hot(_readable(place), own, calls)
        for place, (calls, _, own, _, _) in stats.stats.items()  # type: ignore[attr-defined]
        if calls >= least_calls
    ]
    return sorted(rows, key=lambda row: -row.own_seconds)


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the profiled server did not become ready")


def _readable(place: tuple[str, int, str]) -> str:
    path, line, name = place
    if path == "~":
        return name
    parts = Path(path).parts[-3:]
    return f"{'/'.join(parts)}:{line} {name}"
