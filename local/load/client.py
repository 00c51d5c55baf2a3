"""One HTTP/1.1 connection of a load: sends prepared requests one by one and looks at what comes back.

It is this lean because a general client takes more CPU for a request than the servers that are measured here. What is
not lean is a library's: httptools parses.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import NamedTuple, Protocol

import httptools

from local.load.address import LoadTarget
from local.load.latencies import Durations
from local.load.tally import Tally
from local.workloads.requests.answers import Expected

SPARE_BYTES = 4_096
"""Bytes of an answer that are kept beyond those expected: a first line of any length. More cannot be right."""


class LoadRequest(NamedTuple):
    """A prepared request: what is sent, the result that has to come back, and where it is counted."""

    head: bytes
    result: bytes
    tally: Tally
    service: str = ""
    """Who is asked: it knows whether a result that looks otherwise says the same. A recorded request: its own name."""
    status: int = 200
    """The status that has to come back."""
    by_status: bool = False
    """Whether the status is checked, and not the result."""
    expected: Expected | None = None
    """The recorded answer that has to come back."""


class Owner(Protocol):
    """Who asks over connections."""

    target: LoadTarget
    tls: ssl.SSLContext | None
    timeout: float
    keep_alive: bool
    max_answer_bytes: int
    setups: Durations
    refused: int

    def ended(self, connection: LoadConnection, error: str) -> None:
        """Take note that a request has come to its end: answered where `error` is empty."""
        ...

    def freed(self, connection: LoadConnection) -> None:
        """Use the connection for the next request."""
        ...


class LoadConnection(asyncio.Protocol):
    """A place for one request at a time, connected again when a request needs it."""

    __slots__ = (
        *("owner", "transport", "request", "since", "counted", "status", "body", "bytes_in"),
        *("_parser", "_framed", "_headed", "_complete", "_keep", "_closing", "_reason", "_connecting", "headers"),
    )

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.transport: asyncio.Transport | None = None
        self.request: LoadRequest | None = None
        """The request under way."""
        self.since = 0.0
        """From when on its latency counts, on the monotonic clock."""
        self.counted = False
        """Whether it is counted, or belongs to the warm-up."""
        self.status = 0
        self.body = b""
        self.headers: list[tuple[str, str]] | None = None
        """Those of the answer; None where they do not matter."""
        self.bytes_in = 0
        self._parser = httptools.HttpResponseParser(self)
        self._framed = self._headed = self._complete = self._keep = self._closing = False
        self._reason = ""
        self._connecting: asyncio.Task[str] | None = None

    def send(self, request: LoadRequest, since: float, counted: bool) -> None:
        """Send a request, and connects before where need be. `Owner.ended` and `Owner.freed` follow, in this order."""
        self.request, self.since, self.counted = request, since, counted
        self.body = b""
        self.headers = None if request.expected is None else []
        self.bytes_in = 0
        self._headed = self._framed = self._complete = False
        if self.transport is None:
            self._connecting = asyncio.get_running_loop().create_task(self.connect())
            self._connecting.add_done_callback(self._connected)
        else:
            self._send()

    async def connect(self) -> str:
        """Connect; returns the name of the error, or nothing. The time that it took is counted apart."""
        owner = self.owner
        begun = time.monotonic()
        try:
            async with asyncio.timeout(owner.timeout):
                await asyncio.get_running_loop().create_connection(
                    lambda: self,
                    owner.target.ip,
                    owner.target.port,
                    ssl=owner.tls,
                    server_hostname=owner.target.tls_name if owner.tls else None,
                )
        except TimeoutError:
            error = "connect timeout"
        except ssl.SSLError:
            error = "no TLS"
        except ConnectionRefusedError:
            error = "refused"
        except OSError:
            error = "no connection"
        else:
            owner.setups.add(time.monotonic() - begun)
            return ""
        owner.refused += 1
        return error

    def give_up(self, error: str) -> None:
        """End the request under way, if any, and the connection, which cannot be used after it."""
        self._reason = self._reason or error
        if self._connecting is not None:
            self._connecting.cancel()
        elif self.transport is not None:
            self.transport.abort()

    def _connected(self, connecting: asyncio.Task[str]) -> None:
        self._connecting = None
        if self.request is None:
            # Answered before it was asked, as by a server that has too many connections, which then closes this one.
            if self.transport is None:
                self._closing = False
                self.owner.freed(self)
            return
        error = self._reason if connecting.cancelled() else connecting.result()
        if not error and self.transport is None:
            error = "closed"
        if error:
            if self.transport is not None:
                self.transport.abort()
                self.transport = None
            self._finish(error)
            self.owner.freed(self)
        else:
            self._send()

    def _send(self) -> None:
        assert self.transport is not None  # noqa: S101 - both callers have looked
        assert self.request is not None  # noqa: S101
        if self.counted:
            self.request.tally.bytes_out += len(self.request.head)
        self.transport.write(self.request.head)

    def _finish(self, error: str) -> None:
        self._reason = ""
        self.owner.ended(self, error)
        self.request = None

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the new connection."""
        self.transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer."""
        self.bytes_in += len(data)
        if self.request is None or self._complete:
            self.give_up("no HTTP")
            return
        if self.bytes_in > self.owner.max_answer_bytes:
            self.give_up("too large")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.give_up("no HTTP")
            return
        if self._reason:
            self.give_up(self._reason)
        elif self._complete:
            self._finish("")
            if self._keep and self.owner.keep_alive and self._connecting is None:
                self.owner.freed(self)
            elif self.transport is not None:
                self._closing = True
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request under way, if any; it may be reported by `_connected`."""
        self.transport = None
        if self._connecting is not None:
            return  # Lost at once: `_connected`, which is yet to come, tells it.
        if self.request is not None:
            whole = exc is None and not self._reason and self._headed and not self._framed
            self._finish("" if whole else self._reason or ("reset" if exc else "closed"))
            self.owner.freed(self)
        elif self._closing:
            self._closing = False
            self.owner.freed(self)
        self._reason = ""

    # What httptools tells.

    def on_message_begin(self) -> None:
        """Refuse a second answer to one request."""
        if self._complete:
            self._reason = "no HTTP"  # A second answer to one request.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the answer says how long it is, and keep headers that matter."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._framed = True
        elif self.headers is not None:
            self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Take the status; interim answers do not count."""
        self.status = self._parser.get_status_code()
        self._headed = self.status >= 200

    def on_body(self, body: bytes) -> None:
        """Keep the body as far as it can be right."""
        if self.request is not None and (
            len(self.body) <= len(self.request.result) + SPARE_BYTES or self.headers is not None
        ):
            self.body += body

    def on_message_complete(self) -> None:
        """Note that the answer is whole."""
        self._complete = self._headed  # Not so after an interim answer, 1xx.
        self._keep = self._parser.should_keep_alive()
