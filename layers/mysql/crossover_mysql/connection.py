"""A pymysql connection whose statements have a deadline.

pymysql's timeouts bound silence: a database that sends a few bytes within each of them can make one statement last as
long as it likes. Here a statement, and likewise a connect with its handshake, ends by its deadline whatever the bytes
do. A host name is still resolved for as long as the system's resolver takes.
"""

from __future__ import annotations

import io
import socket
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO

from pymysql.connections import Connection
from pymysql.cursors import Cursor
from pymysql.err import OperationalError

if TYPE_CHECKING:
    Base = Connection[Cursor]
else:
    Base = Connection

RECEIVE_BYTES = 16 * 1024
EARLY = 0.9
"""While this share of the socket's timeout is left it stays as it is, which saves two system calls in the common case
of an answer that comes at once; a statement may overrun its deadline by the rest."""
CONNECT_FAILED = 2003
"""MySQL's client error CR_CONN_HOST_ERROR, as pymysql gives it for a connect."""


class DeadlineConnection(Base):
    """Connects within `connect_timeout`, and runs each statement within `read_timeout` seconds, its answer included."""

    connect_timeout: float
    _read_timeout: float
    _current_timeout: float | None
    _sock: Any
    _deadline = 0.0
    _connecting = False
    _reader: BinaryIO | None = None

    def connect(self, sock: Any = None) -> None:
        """Connect and log in by the deadline. Raises pymysql's errors."""
        self._deadline = monotonic() + self.connect_timeout
        self._connecting = True
        try:
            super().connect(sock or self._open_socket())
        finally:
            self._connecting = False

    def _open_socket(self) -> socket.socket:
        """Connect to the first of the host's addresses that answers, all of them by the deadline."""
        try:
            problem: OSError | None = None
            for family, kind, protocol, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
                opened = socket.socket(family, kind, protocol)
                try:
                    opened.settimeout(self._remaining())
                    opened.connect(address)
                except OSError as failed:
                    opened.close()
                    problem = failed
                else:
                    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                    return opened
            raise problem or OSError("the host has no address")
        except OSError as failed:
            raise OperationalError(
                CONNECT_FAILED, f"Can't connect to MySQL server on {self.host!r} ({failed})"
            ) from None

    def _execute_command(self, command: int, sql: Any) -> None:
        if not self._connecting:
            self._deadline = monotonic() + self._read_timeout
        super()._execute_command(command, sql)  # type: ignore[misc]

    @property
    def _rfile(self) -> BinaryIO | None:
        """Where pymysql reads packets from. It assigns a plain file of its socket, also after the TLS handshake."""
        return self._reader

    @_rfile.setter
    def _rfile(self, file: BinaryIO | None) -> None:
        if file is None:
            self._reader = None
            return
        file.close()
        self._reader = io.BufferedReader(_Receiver(self), RECEIVE_BYTES)

    def _receive_into(self, buffer: Any) -> int:
        """Receive what is there, or what comes before the deadline."""
        remaining = self._remaining()
        if self._current_timeout is None or remaining < EARLY * self._current_timeout:
            self._sock.settimeout(remaining)
            # pymysql compares this with the timeout of the next statement, and then sets that.
            self._current_timeout = remaining
        return int(self._sock.recv_into(buffer))

    def _remaining(self) -> float:
        """Return the seconds until the deadline. Raises TimeoutError where there are none."""
        remaining = self._deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining


class _Receiver(io.RawIOBase):
    """The receiving side of a connection as a file."""

    def __init__(self, connection: DeadlineConnection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection._receive_into(buffer)
