"""Lambda's Runtime API, version 2018-06-01, as one environment's runtime sees it.

Head and body of an answer leave in one write, and Nagle's algorithm is off: two writes cost 45 ms an invocation.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import NamedTuple, Protocol

import httptools

from local.emulator import quotas

PREFIX = "/2018-06-01/runtime/"
ROUTE = re.compile(rf"{PREFIX}(?:(invocation/next)|invocation/([0-9a-f-]{{1,64}})/(response|error)|(init/error))$")
MAX_URL = 1024
MAX_HEADERS = 64


class Event(NamedTuple):
    """An event on its way to the runtime."""

    request: str
    payload: bytes
    deadline_ms: int
    """Milliseconds since the epoch."""
    arn: str
    trace: str
    client_context: str = ""
    """One line of JSON, or nothing."""


class Runtime(Protocol):
    """Receives the calls of the API, under its own names."""

    def next(self) -> None:
        """Handle the call for the next event."""

    def response(self, request: str, payload: bytes, size: int) -> bool:
        """Handle the answer to a request.

        Args:
            request: The request's id.
            payload: The answer, cut off at the quota.
            size: Its whole length in bytes.

        Returns:
            Whether this request is the one that the runtime works on.
        """

    def error(self, request: str, payload: bytes, size: int) -> bool:
        """Handle the error of a request; as `response`."""

    def init_error(self, payload: bytes) -> None:
        """Handle the report that the handler could not be loaded."""


class RuntimeApi:
    """The server of one environment, on a port of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.address = ""
        self._server: asyncio.Server | None = None
        self._waiting: _Connection | None = None
        self._connections: set[_Connection] = set()

    async def open(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=8)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()

    def deliver(self, event: Event) -> bool:
        """Hand an event to the runtime that asked; return False where it went away meanwhile."""
        connection, self._waiting = self._waiting, None
        if connection is None:
            return False
        headers = (
            f"Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {event.request}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {event.deadline_ms}\r\nLambda-Runtime-Invoked-Function-Arn: {event.arn}\r\n"
            f"Lambda-Runtime-Trace-Id: {event.trace}\r\n"
        )
        if event.client_context:
            headers += f"Lambda-Runtime-Client-Context: {event.client_context}\r\n"
        connection.send("200 OK", event.payload, headers)
        return True


class _Connection(asyncio.Protocol):
    """One connection of the runtime. Requests come one after the other."""

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self.url = b""
        self.body: list[bytes] = []
        self.kept = 0
        self.size = 0
        self.headers = 0

    def abort(self) -> None:
        if self.transport:
            self.transport.abort()

    def send(self, status: str, body: bytes, headers: str = "Content-Type: application/json\r\n") -> None:
        if self.transport:
            self.transport.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.api._connections.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.api._connections.discard(self)
        if self.api._waiting is self:
            self.api._waiting = None
        self.transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()

    # --- httptools ---

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MAX_URL:
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers += 1
        if self.headers > MAX_HEADERS:
            self.abort()

    def on_body(self, body: bytes) -> None:
        self.size += len(body)
        room = quotas.PAYLOAD - self.kept
        if room > 0:
            self.kept += len(body[:room])
            self.body.append(body[:room])

    def on_message_complete(self) -> None:
        url, body, size = self.url.decode("latin-1"), b"".join(self.body), self.size
        self._reset()
        route = ROUTE.match(url)
        if route is None:
            self.send("404 Not Found", b'{"errorMessage":"no such path","errorType":"NotFound"}')
            return
        runtime = self.api.runtime
        following, request, kind, _ = route.groups()
        if following:
            self.api._waiting = self
            runtime.next()
        elif request is None:
            self.send("202 Accepted", b'{"status":"OK"}')
            runtime.init_error(body)
        elif not (runtime.error if kind == "error" else runtime.response)(request, body, size):
            self.send("400 Bad Request", b'{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}')
        elif size > quotas.PAYLOAD:
            message = b'{"errorMessage":"Exceeded maximum allowed payload size","errorType":"RequestEntityTooLarge"}'
            self.send("413 Payload Too Large", message)
        else:
            self.send("202 Accepted", b'{"status":"OK"}')
