"""Clients that ask over connections that stay open, connect again, and remember what became of every request.

Those of `tests.support.keep_alive_clients` end with their first connection: they test a stop, these a fault.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

QUERY = "/qrcode?type=encode&data=CC%20Team"
ASKED = f"GET {QUERY} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
PATIENCE = 30.0


@dataclass
class Outcome:
    """What became of one client's requests, as it saw them."""

    right: int = 0
    wrong: list[bytes] = field(default_factory=list)
    lost: int = 0
    """Sent before the connection's close was announced, and not answered."""
    refused: int = 0
    """Connections that nobody took."""
    announced: int = 0
    """Connections whose last answer said so."""


def read_answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one answer. Raises ConnectionError where there is none, or not all of one."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _some(connection)
    return head, body


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError
    return received


class Client(threading.Thread):
    """Asks again and again. It connects again when its connection's close was announced, and after a loss."""

    def __init__(self, port: int, expected: bytes) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.outcome = Outcome()
        self.expected = expected
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            except OSError:
                self.outcome.refused += 1
                self.stopped.wait(0.01)
                continue
            with connection:
                self._ask_on(connection)

    def _ask_on(self, connection: socket.socket) -> None:
        """Asks until the connection's end."""
        while not self.stopped.is_set():
            try:
                connection.sendall(ASKED)
                head, body = read_answer(connection)
            except OSError:
                self.outcome.lost += 1
                return
            if head.startswith(b"HTTP/1.1 200 ") and body == self.expected:
                self.outcome.right += 1
            else:
                self.outcome.wrong.append(head + body)
            if b"connection: close" in head.lower():
                self.outcome.announced += 1
                return
            self.stopped.wait(0.002)


@contextmanager
def clients(port: int, count: int) -> Iterator[list[Client]]:
    """Clients that ask until the block ends. It begins when each of them has been answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(ASKED)
        expected = read_answer(connection)[1]
    asking = [Client(port, expected) for _ in range(count)]
    for client in asking:
        client.start()
    try:
        until(lambda: all(client.outcome.right for client in asking))
        yield asking
    finally:
        for client in asking:
            client.stopped.set()
        for client in asking:
            client.join(PATIENCE)


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Returns when something holds. Fails where it does not in time, which is long, as machines may be busy."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def right(asking: list[Client]) -> int:
    """Right answers of all clients."""
    return sum(client.outcome.right for client in asking)
