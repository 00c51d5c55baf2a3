"""A stop that loses no request: on SIGTERM announce it first, and stop when the load balancer has had time to notice.

uvicorn closes idle keep-alive connections at once when it stops, which races with requests that are on the wire. So for
`drain_seconds` readiness is off and each answer is its connection's last; only then uvicorn sees the signal. A worker
that is told to leave because another one has its place does the same, and readiness stays on.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

LEAVE = signal.SIGUSR1
"""What a supervisor sends a worker whose successor is ready."""


def drain_on_signals(announce: Callable[[bool], None], seconds: float) -> None:
    """Puts `announce` and a wait in front of the handler that SIGTERM has now. Called on the server's event loop.

    `announce` is told whether a successor is there.
    """
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)

    def begin(replaced: bool) -> None:
        announce(replaced)
        loop.call_later(seconds, end)

    def end() -> None:
        if callable(stop):
            stop(signal.SIGTERM, None)

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin, number == LEAVE)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(LEAVE, on_signal)
