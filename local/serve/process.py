"""The container shim as a child process of a command."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from local.errors import UserError

START_SECONDS = 30
SHIM = ("-m", "container")


class Served:
    """A running shim: its process, where it answers, and the CPU time that it had used once it was ended."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address
        self.cpu_seconds = 0.0


@contextmanager
def served(
    settings: Mapping[str, str], arguments: Sequence[str] = SHIM, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Served]:
    """Runs the shim with these settings over those of the environment until the block ends; it is ready when it begins.

    Port 0 takes a free one. Raises `UserError` where it does not become ready.
    """
    port = port or _free_port()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {**os.environ, **settings, "HOST": host, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, *arguments], env=environ)
    running = Served(process, f"http://{host}:{port}")
    try:
        _wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        running.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(running: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while running.process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{running.address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise UserError("the server did not become ready; `make serve` shows why")
