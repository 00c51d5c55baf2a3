"""uvicorn's HTTP protocol with bounds on what a stranger may send before a request is complete."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from container.metrics.recorder import Metrics
from container.settings import ContainerSettings


class Refusal(NamedTuple):
    """Why a connection is ended, as it is counted, and what its client is told."""

    reason: str
    answer: bytes


def _refusal(status: str, *headers: str) -> Refusal:
    number, _, reason = status.partition(" ")
    lines = (f"HTTP/1.1 {status}", "content-type: text/plain; charset=utf-8", f"content-length: {len(reason)}")
    return Refusal(number, "\r\n".join((*lines, *headers, "connection: close", "", reason.lower())).encode())


TOO_LARGE = _refusal("431 Request Header Fields Too Large")
TOO_SLOW = _refusal("408 Request Timeout")
TOO_MANY = _refusal("503 Service Unavailable", "retry-after: 1")


class BoundedProtocol(HttpToolsProtocol):
    """Bounds the bytes and the time of a request's head, the time to take an answer, and the number of connections.

    httptools keeps an unfinished request line or header in memory however long it grows, so bytes are counted as they
    come in: `_pending` are those that have arrived since a head was last completed. A body, which no route here wants,
    has the same bounds, and is cut off in silence, since its answer is already out.

    The server's state has the `settings`, and `metrics` if somebody counts.
    """

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        settings: ContainerSettings = app_state["settings"]
        self._metrics: Metrics | None = app_state.get("metrics")
        self._max_bytes = settings.max_head_bytes
        self._max_seconds = settings.head_seconds
        self._max_connections = settings.max_connections
        self._pending = 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._max_stalled_seconds = settings.write_seconds
        self._stalled: asyncio.TimerHandle | None = None
        self._active: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._metrics is not None:
            self._metrics.connected()
        if len(self.connections) > self._max_connections:
            self._refuse(TOO_MANY)
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._metrics is not None:
            self._metrics.disconnected()
        self._stop_timer()
        self._go_on()
        if self._active is not None:
            # uvicorn tells the newest of pipelined requests, which need not be the one that is being answered.
            self._active.disconnected = True
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), self._max_bytes):
            self._piece_received(data[start : start + self._max_bytes])
            if self.transport.is_closing():
                return

    def _piece_received(self, data: bytes) -> None:
        self._pending += len(data)
        super().data_received(data)
        if self._pending > self._max_bytes:
            self._refuse(TOO_LARGE)
        elif self._pending and self._timer is None:
            self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        if self._pending > self._max_bytes:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._max_bytes:
                self._refuse(TOO_LARGE)
        self._pending = 0
        self._in_head = False
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        if self.cycle is not None:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self._max_stalled_seconds, self._cut_off)

    def resume_writing(self) -> None:
        self._go_on()
        super().resume_writing()

    def _go_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._max_seconds, self._time_is_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        if self._pending:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        if not self.transport.is_closing():
            self._count(refusal.reason)
            if self._in_head:
                self.transport.write(refusal.answer)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._count("400")
        super().send_400_response(msg)

    def _cut_off(self) -> None:
        self._count("stalled")
        self.transport.abort()

    def _count(self, reason: str) -> None:
        if self._metrics is not None:
            self._metrics.refused(reason)
