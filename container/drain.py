"""A stop that loses no request: on SIGTERM announce it first, and stop when the load balancer has had time to notice.

uvicorn closes idle keep-alive connections at once when it stops, which races with requests that are on the wire. So for
`drain_seconds` readiness is off and each answer is its connection's last; only then uvicorn sees the signal.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


def drain_on_sigterm(announce: Callable[[], None], seconds: float) -> None:
    """Puts `announce` and a wait in front of the handler that SIGTERM has now. Called on the server's event loop."""
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)

    def begin() -> None:
        announce()
        loop.call_later(seconds, end)

    def end() -> None:
        if callable(stop):
            stop(signal.SIGTERM, None)

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, on_signal)
