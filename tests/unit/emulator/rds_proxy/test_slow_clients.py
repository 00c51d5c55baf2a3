"""A client that reads slowly stops its database connection, and never one that it has given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from local.emulator.rds_proxy.client import ClientSession
from local.emulator.rds_proxy.database import DatabaseConnection
from local.emulator.rds_proxy.pool import PoolKey


class Transport:
    """Remembers whether it is read."""

    def __init__(self) -> None:
        self.reading = True
        self.written = b""

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written += data


def session_with_connection() -> tuple[Any, Any]:
    pool = SimpleNamespace(give_back=lambda connection, now: None)
    session: Any = ClientSession(SimpleNamespace(clock=lambda: 0.0, pool=pool), 1, secure=False)  # type: ignore[arg-type]
    connection: Any = DatabaseConnection(PoolKey("user", 0), tracks=False)
    session.transport, connection.transport = Transport(), Transport()
    session.database, connection.holder = connection, session
    return session, connection


def test_a_connection_that_is_given_back_is_read_whatever_its_client_takes() -> None:
    session, connection = session_with_connection()
    session.pause_writing()
    assert not connection.transport.reading
    session._release(connection)
    assert connection.transport.reading
    session.resume_writing()
    assert session.transport.reading


def test_the_next_response_waits_until_the_client_has_taken_the_one_before() -> None:
    session, connection = session_with_connection()
    session.pause_writing()
    session._release(connection)
    session.database, session._command = connection, b"\x01\0\0\0\x0e"
    session._forward(connection)
    assert connection.transport.written == b"\x01\0\0\0\x0e"
    assert not connection.transport.reading
    session.resume_writing()
    assert connection.transport.reading
