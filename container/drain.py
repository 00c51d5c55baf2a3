"""A stop that loses no request: it is announced first, and comes when clients have had time to notice.

uvicorn closes idle keep-alive connections at once when it stops, which races with requests that are on the wire. So on
SIGTERM readiness is off for `drain_seconds` and each answer is its connection's last; only then uvicorn sees the
signal: by then the load balancer has let go of the pod.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


def drain_on_sigterm(announce: Callable[[], None], drain_seconds: float) -> None:
    """Put `announce` and a wait in front of the handler that SIGTERM has now. Called on the server's event loop."""
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)

    def begin() -> None:
        announce()
        loop.call_later(drain_seconds, end)

    def end() -> None:
        if callable(stop):
            stop(signal.SIGTERM, None)

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, on_signal)
