"""A guest's container: its server as a child process of a command."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from local.child import Child, NotReadyError, free_port, running
from local.errors import UserError
from local.guest.application import Guest, environment_of
from local.guest.process import SERVER_FILES, limited, limits
from local.serve.process import Served

HOST = "127.0.0.1"
READY_SECONDS = 60.0
CONNECT_SECONDS = 1.0


@contextmanager
def served_guest(guest: Guest) -> Iterator[Served]:
    """Serve the guest while the block runs. Raises `UserError` where it does not become ready."""
    port = free_port(HOST)
    command = guest.command("serve", guest.reference, HOST, str(port), "--quiet")
    # What it prints would be lost among the command's own lines: a traceback for every answer of 500.
    command = limited(command, limits(SERVER_FILES))
    child = Child(command, env=environment_of(guest), cwd=guest.directory, output=subprocess.DEVNULL)
    try:
        with running(child, lambda: _listens(port), ready_seconds=READY_SECONDS, stop_signal=signal.SIGINT):
            yield Served(child, f"http://{HOST}:{port}")
    except NotReadyError as problem:
        raise UserError(
            f"{guest.reference} did not become ready ({problem}); crossover serve --app {guest.reference} shows why"
        ) from None


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False
