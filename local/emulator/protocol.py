"""uvicorn's HTTP protocol with a bound on the time that a request may take to arrive."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
"""A load balancer's answer to a request that does not arrive (ELB guide, Troubleshoot your Application Load Balancers);
of the other event sources nothing is known."""


class TimedProtocol(H11Protocol):
    """Bounds the time of a request's head, and of its body after that.

    uvicorn itself bounds the silence between two requests alone, and h11 the bytes of a head.
    """

    request_seconds = 10.0
    _awaited: object = None
    """What the clock runs for: h11's state of the client, or None where nothing is awaited."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._await(h11.IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._await(None)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Handle what has arrived; start or stop the clock of what is still awaited."""
        super().handle_events()
        state = self.conn.their_state
        begun = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
        self._await(state if begun and not self.transport.is_closing() else None)

    def _await(self, what: object) -> None:
        if what is self._awaited:
            return
        self._awaited = what
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(self.request_seconds, self._time_is_up) if what else None

    def _time_is_up(self) -> None:
        if self._awaited is h11.IDLE and self.conn.trailing_data[0]:
            self.transport.write(TOO_SLOW)
        self.transport.close()
