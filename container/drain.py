"""A stop that loses no request: it is announced first, and comes when clients have had time to notice.

uvicorn closes idle keep-alive connections at once when it stops, which races with requests that are on the wire. So on
SIGTERM readiness is off for `drain_seconds` and each answer is its connection's last; only then uvicorn sees the
signal: by then the load balancer has let go of the pod.

A worker that is told to leave because another one has its place stays ready, and the load balancer keeps its
connections. So it takes no new ones, and stops when none is left: each ends with its next answer, or is idle until its
client or uvicorn closes it, after `keep_alive_seconds` at the latest.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

from uvicorn import Server

LEAVE = signal.SIGUSR1
"""What a supervisor sends a worker whose successor is ready."""
LOOK_SECONDS = 0.1


def drain_on_signals(announce: Callable[[bool], None], drain_seconds: float, keep_alive_seconds: float) -> None:
    """Puts `announce` and a wait in front of the handler that SIGTERM has now. Called on the server's event loop.

    `announce` is told whether a successor is there.
    """
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)
    server = getattr(stop, "__self__", None)  # uvicorn's handler is a method of its server

    def begin(replaced: bool) -> None:
        announce(replaced)
        if replaced and isinstance(server, Server):
            for listening in server.servers:
                listening.close()
            leave(server, loop.time() + keep_alive_seconds)
        else:
            loop.call_later(drain_seconds, end)

    def leave(server: Server, deadline: float) -> None:
        if not server.server_state.connections or loop.time() >= deadline:
            end()
        else:
            loop.call_later(LOOK_SECONDS, leave, server, deadline)

    def end() -> None:
        if callable(stop):
            stop(signal.SIGTERM, None)

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin, number == LEAVE)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(LEAVE, on_signal)
