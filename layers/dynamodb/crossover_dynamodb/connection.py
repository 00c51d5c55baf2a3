"""A kept connection to DynamoDB's HTTP interface, whose answers have a deadline.

A socket's timeout bounds silence: a server that sends a few bytes within each of them could make one answer last as
long as it likes. Here an answer ends by its deadline, whatever the bytes do.
"""

from __future__ import annotations

import io
import socket
import ssl
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, ResponseNotReady
from time import monotonic
from typing import Any, NamedTuple

from crossover.stores.policy import Fault
from crossover_dynamodb.target import TableTarget

RECEIVE_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 64_000_000
"""BatchGetItem gives 16 MB at most, which base64 makes 4/3 of."""


class HttpReply(NamedTuple):
    """What a request got."""

    status: int
    body: bytes


class DynamoDbConnection:
    """One connection, opened at once. Raises OSError and `HTTPException`."""

    def __init__(self, target: TableTarget) -> None:
        self._read_timeout = target.read_timeout
        self._deadline = 0.0
        if target.tls:
            self._http: HTTPConnection = HTTPSConnection(
                target.host, target.port, timeout=target.connect_timeout, context=_context()
            )
        else:
            self._http = HTTPConnection(target.host, target.port, timeout=target.connect_timeout)
        self._http.auto_open = 0  # a connection that the server closed is the pool's to replace
        self._http.response_class = self._response  # type: ignore[assignment]
        self._http.connect()
        self._socket = self._http.sock
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, body: bytes, headers: dict[str, str]) -> HttpReply:
        """Send a request and return its answer, within the target's `read_timeout`."""
        if self._http.sock is None:
            raise ResponseNotReady("the server closed the connection")
        self._deadline = monotonic() + self._read_timeout
        self._socket.settimeout(self._read_timeout)
        self._http.request("POST", "/", body, headers)
        response = self._http.getresponse()
        answer = response.read(MAX_ANSWER_BYTES + 1)
        if len(answer) > MAX_ANSWER_BYTES:
            raise HTTPException("the answer is too long")
        return HttpReply(response.status, answer)

    def close(self) -> None:
        """Close it, dead or alive."""
        self._http.close()

    def _response(self, connection: socket.socket, **options: Any) -> HTTPResponse:
        return HTTPResponse(_Timed(self, connection), **options)  # type: ignore[arg-type]

    def _arm(self) -> None:
        """Let the socket wait until the deadline, and no longer. Raises TimeoutError."""
        remaining = self._deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(remaining)


class _Timed:
    """What `HTTPResponse` takes for a socket."""

    def __init__(self, connection: DynamoDbConnection, connected: socket.socket) -> None:
        self._connection = connection
        self._connected = connected

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = self._connected.makefile(mode, buffering=0)  # type: ignore[call-overload]
        return io.BufferedReader(_Receiver(self._connection, raw), RECEIVE_BYTES)


class _Receiver(io.RawIOBase):
    """The receiving side of a connection as a file. It keeps a socket open that `HTTPConnection` has let go."""

    def __init__(self, connection: DynamoDbConnection, raw: Any) -> None:
        self._connection = connection
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection._arm()
        return int(self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class DynamoDbDriver:
    """Opens connections for the pool."""

    def __init__(self, target: TableTarget) -> None:
        self._target = target

    def connect(self) -> DynamoDbConnection:
        """Open a connection."""
        return DynamoDbConnection(self._target)

    def close(self, connection: DynamoDbConnection) -> None:
        """End a connection, dead or alive."""
        connection.close()

    def fault(self, problem: Exception) -> Fault:
        """Return what an exception says of its connection."""
        if isinstance(problem, TimeoutError):
            return Fault.HUNG
        return Fault.LOST if isinstance(problem, OSError | HTTPException) else Fault.STRANGE


@cache
def _context() -> ssl.SSLContext:
    """Return one context for all connections: making it takes over 100 times as long as connecting."""
    return ssl.create_default_context()
