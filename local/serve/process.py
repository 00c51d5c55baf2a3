"""The container shim as a child process of a command."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from local.child import Child, NotReadyError, answers, free_port, running
from local.errors import UserError

READY_SECONDS = 30.0
STOP_SECONDS = 30.0
SHIM = ("-P", "-m", "container")


class Served:
    """A running shim: its process, its address, and the CPU time that it had used when it ended."""

    def __init__(self, process: Child, address: str) -> None:
        self.process = process
        self.address = address
        self.cpu_seconds = 0.0


@contextmanager
def served(
    environ: Mapping[str, str], arguments: Sequence[str] = SHIM, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Served]:
    """Run the shim while the block does; it is ready when the block begins.

    Args:
        environ: Its whole environment, but for HOST and PORT.
        arguments: What Python runs.
        host: The address that it listens on.
        port: The port; 0 takes a free one.

    Raises:
        UserError: It did not become ready.
    """
    port = port or free_port(host)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = Child([sys.executable, *arguments], env={**environ, "HOST": host, "PORT": str(port)})
    server = Served(child, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    try:
        with running(
            child,
            lambda: answers(f"{server.address}/readyz"),
            ready_seconds=READY_SECONDS,
            stop_signal=signal.SIGINT,
            stop_seconds=STOP_SECONDS,
        ):
            yield server
    except NotReadyError as problem:
        raise UserError(f"the server did not become ready ({problem}); `make serve` shows why") from None
    finally:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        server.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
