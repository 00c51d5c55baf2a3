"""uvicorn's HTTP protocol with bounds on what a client may send, hold open or leave unread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from container.metrics.recorder import Metrics
from container.settings import ContainerSettings

MAX_BODY_BYTES = 1_048_576
"""Bytes of a request's body, which only a service of routes takes; elsewhere it is read and thrown away. As many as a
load balancer passes on to a Lambda function."""
MAX_PIECE_BYTES = 16_384
"""Bytes that the parser is fed at once. A read brings up to 256 kB."""


class Refusal(NamedTuple):
    """Why a connection is ended, as it is counted, and the answer that says so."""

    reason: str
    answer: bytes


def _refusal(status: str, *headers: str) -> Refusal:
    number, _, reason = status.partition(" ")
    lines = (f"HTTP/1.1 {status}", "content-type: text/plain; charset=utf-8", f"content-length: {len(reason)}")
    return Refusal(number, "\r\n".join((*lines, *headers, "connection: close", "", reason.lower())).encode())


BAD_REQUEST = _refusal("400 Bad Request")
TOO_SLOW = _refusal("408 Request Timeout")
BODY_TOO_LARGE = _refusal("413 Content Too Large")
HEAD_TOO_LARGE = _refusal("431 Request Header Fields Too Large")
TOO_MANY = _refusal("503 Service Unavailable", "retry-after: 1")


class BoundedProtocol(HttpToolsProtocol):
    """Bounds the bytes and the time of a request, the time to take an answer, and the number of connections.

    - httptools keeps an unfinished request line or header in memory however long it grows, so bytes are counted as they
      come in: `_pending` are those that have arrived since a message was last completed.
    - A transport with unsent bytes has `WRITE_SECONDS` to get rid of them, whether it is closing or not: its buffer's
      high-water mark is 0, so that `pause_writing` says when bytes are left and `resume_writing` when none is.
    - An offer to upgrade is ignored, as RFC 9110 7.8 has it, and HTTP/1.1 goes on.
    - The client that closes its half of a connection is sent the answers that it waits for.

    The server's state has the `settings`, `metrics` where answers are counted, and `takes_body`, which tells of a path
    whether a body is read there, where there is such a path.
    """

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        settings: ContainerSettings = app_state["settings"]
        self._metrics: Metrics | None = app_state.get("metrics")
        self._max_head_bytes = settings.max_head_bytes
        self._max_seconds = settings.head_seconds
        self._max_connections = settings.max_connections
        self._max_unsent_seconds = settings.write_seconds
        self._pending = 0
        self._in_head = True
        self._in_message = False
        self._body_is_taken: Callable[[str], bool] = app_state.get("takes_body", lambda _path: False)
        self._takes_body = False
        self._offered_upgrade = False
        self._last_words = b""
        """The answer that ends the connection once those before it are sent."""
        self._request_timer: asyncio.TimerHandle | None = None
        self._unsent_timer: asyncio.TimerHandle | None = None
        self._active: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it where it is one too many."""
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)
        if self._metrics is not None:
            self._metrics.connected()
        if len(self.connections) > self._max_connections:
            self._refuse(TOO_MANY)
        else:
            self._start_request_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer, and tell the answer under way."""
        if self._metrics is not None:
            self._metrics.disconnected()
        self._stop_request_timer()
        self._stop_unsent_timer()
        self._unset_keepalive_if_required()
        if self._active is not None:
            # uvicorn marks the newest of pipelined requests, which need not be the one that is being answered.
            self._active.disconnected = True
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection open for an answer that is not sent yet; it will be the last one."""
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Feed the parser, in pieces of which none takes a head over its limit."""
        while data and not (self._last_words or self.transport.is_closing()):
            size = min(self._max_head_bytes - self._pending, MAX_PIECE_BYTES) if self._in_head else MAX_PIECE_BYTES
            piece, data = data[:size], data[size:]
            self._pending += len(piece)
            self._feed(piece)
            if self._in_head and data and self._pending >= self._max_head_bytes:
                self._refuse(HEAD_TOO_LARGE)
            elif not self._in_head and self._pending > MAX_BODY_BYTES:
                self._refuse(BODY_TOO_LARGE)
        if (self._in_message or self._pending) and self._request_timer is None and not self.transport.is_closing():
            self._start_request_timer()

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                if not self._offered_upgrade:  # CONNECT, behind a request that was refused
                    break
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(BAD_REQUEST)
                break

    def _head_without_upgrade(self) -> bytes:
        """Return the head to be parsed again, since a parser that was offered an upgrade takes no body."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self._offered_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join((*lines, b"", b""))

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._in_message = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Refuse a head, or hand it to uvicorn, which starts the application."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offered_upgrade = True
            return
        self._stop_request_timer()
        if self._last_words or self.transport.is_closing():
            return
        refusal = self._refusal_of_head()
        if refusal is not None:
            self._refuse(refusal)
            return
        super().on_headers_complete()  # which raises for a target that is no URL: still a head that is refused
        self._pending = 0
        self._in_head = False
        self._takes_body = self._body_is_taken(self.scope["path"])

    def _refusal_of_head(self) -> Refusal | None:
        if self._head_bytes() > self._max_head_bytes:
            return HEAD_TOO_LARGE
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            return BAD_REQUEST  # RFC 9112 3.2
        if any(name == b"content-length" and int(value) > MAX_BODY_BYTES for name, value in self.headers):
            return BODY_TOO_LARGE
        return None

    def _head_bytes(self) -> int:
        """Bytes of a head as it is written without optional spaces: the request line, the headers and an empty line."""
        line = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n\r\n")
        return line + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """Pass it on to a service that takes it, or throw it away."""
        if self._takes_body:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for the next head."""
        if self._offered_upgrade:
            return
        self._in_message, self._in_head, self._pending = False, True, 0
        self._stop_request_timer()
        if self.cycle is not None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send what was to be said last, once all answers are sent."""
        if self._last_words and not self.pipeline and not self.transport.is_closing():
            self.transport.write(self._last_words)
            self.transport.close()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Give the client its time: bytes are unsent."""
        super().pause_writing()
        if self._unsent_timer is None:
            self._unsent_timer = self.loop.call_later(self._max_unsent_seconds, self._cut_off)

    def resume_writing(self) -> None:
        """Go on: no byte is unsent."""
        self._stop_unsent_timer()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def _stop_unsent_timer(self) -> None:
        if self._unsent_timer is not None:
            self._unsent_timer.cancel()
            self._unsent_timer = None

    def _start_request_timer(self) -> None:
        self._request_timer = self.loop.call_later(self._max_seconds, self._request_time_is_up)

    def _stop_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _request_time_is_up(self) -> None:
        if self._in_message or self._pending:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Count a request that is not served, and close: behind the answers to those before it, with an answer itself.

        A request that is refused for its body has its answer already, or gets none unless a service waits for it.
        """
        if self._last_words or self.transport.is_closing():
            return
        self._count(refusal.reason)
        if self._in_head and self.cycle is not None and not self.cycle.response_complete:
            self._last_words = refusal.answer
            return
        if self._in_head or self._is_awaited():
            self.transport.write(refusal.answer)
        self.transport.close()

    def _is_awaited(self) -> bool:
        """Tell whether a service waits for the body that is coming in, and has sent nothing."""
        waiting = self._takes_body and self.cycle is not None and self.cycle is self._active
        return waiting and not self.cycle.response_started

    def _cut_off(self) -> None:
        self._count("stalled")
        self.transport.abort()

    def _count(self, reason: str) -> None:
        if self._metrics is not None:
            self._metrics.refused(reason)
