"""Redis, Valkey or ElastiCache (cluster mode off) as a cache: `redis://USER:PASSWORD@HOST:PORT/DATABASE`.

hiredis, the parser of Redis' own client, reads and writes the protocol over kept connections. The whole client takes
over 70 ms of CPU to import, which each INIT on Lambda would pay, and this 1 ms.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

from crossover.runner import Unavailable
from crossover.stores.cache_port import CacheGone, CacheTarget
from crossover.stores.policy import Fault, Limits
from crossover.stores.pool import Pool

DEFAULT_PORT = 6379
RECEIVE_BYTES = 64 * 1024
LIFETIME_SECONDS = 300.0


def open_cache(target: CacheTarget, threads: int) -> RedisCache:
    """Return the cache at an address, for so many threads; it connects at the first call.

    Raises:
        ValueError: Where the certificates cannot be read.
    """
    return RedisCache(target, threads)


class RedisCache:
    """A server that keeps entries, for any number of threads."""

    waits = True

    def __init__(self, target: CacheTarget, threads: int) -> None:
        limits = Limits(size=threads, borrow_timeout=target.timeout, lifetime=LIFETIME_SECONDS)
        self._pool: Pool[RedisConnection] = Pool(RedisDriver(target), limits)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the entries under `keys`, in their order. Raises `CacheGone`."""
        (replies,) = self._ask([(b"MGET", *keys)])
        if not isinstance(replies, list) or len(replies) != len(keys):
            raise CacheGone(f"it answers MGET with {_said(replies)}")
        return [value if isinstance(value, bytes) else None for value in replies]

    def set_many(self, entries: Sequence[tuple[bytes, bytes, float]]) -> None:
        """Keep entries. Raises `CacheGone`, also where one of them was refused: the server is full or read-only."""
        commands = [(b"SET", key, value, b"PX", b"%d" % max(1, seconds * 1000)) for key, value, seconds in entries]
        for said in self._ask(commands):
            if said != b"OK":
                raise CacheGone(f"it answers SET with {_said(said)}")

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _ask(self, commands: Sequence[tuple[bytes, ...]]) -> list[Any]:
        try:
            return self._pool.read(lambda connection: connection.ask(commands))
        except (Unavailable, LoginRefused, hiredis.HiredisError) as problem:
            raise CacheGone(str(problem)) from problem


class RedisConnection:
    """One connection, signed in. Every exchange ends by its deadline. Raises OSError and `LoginRefused`."""

    def __init__(self, target: CacheTarget, context: ssl.SSLContext | None) -> None:
        parts = urlsplit(target.address)
        self._timeout = target.timeout
        self._reader = hiredis.Reader()
        self._socket = socket.create_connection((parts.hostname, parts.port or DEFAULT_PORT), target.timeout)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
            if parts.password:
                user = [unquote(parts.username).encode()] if parts.username else []
                self._sign_in((b"AUTH", *user, unquote(parts.password).encode()))
            if database := parts.path.strip("/"):
                self._sign_in((b"SELECT", database.encode()))
        except BaseException:
            self._socket.close()
            raise

    def ask(self, commands: Sequence[tuple[bytes, ...]]) -> list[Any]:
        """Send commands together and return their answers, of which an error is a value too."""
        deadline = monotonic() + self._timeout
        self._socket.settimeout(self._timeout)
        packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
        self._socket.sendall(b"".join(packed))
        answers: list[Any] = []
        while len(answers) < len(commands):
            answer = self._reader.gets()
            if answer is not False:
                answers.append(answer)
                continue
            remaining = deadline - monotonic()
            if remaining <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(remaining)
            received = self._socket.recv(RECEIVE_BYTES)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            self._reader.feed(received)
        return answers

    def close(self) -> None:
        """Close it, dead or alive."""
        with suppress(OSError):
            self._socket.close()

    def __del__(self) -> None:
        # Lambda ends an environment without notice: there a connection is closed by being forgotten.
        if hasattr(self, "_socket"):
            self._socket.close()

    def _sign_in(self, command: tuple[bytes, ...]) -> None:
        (said,) = self.ask([command])
        if said != b"OK":
            raise LoginRefused(f"{command[0].decode()}: {_said(said)}")


class LoginRefused(Exception):
    """The server takes no such user, password or database."""


class RedisDriver:
    """Opens connections for the pool. Raises ValueError where the certificates cannot be read."""

    def __init__(self, target: CacheTarget) -> None:
        self._target = target
        self._context: ssl.SSLContext | None = None
        if target.address.startswith("rediss://"):
            try:
                self._context = ssl.create_default_context(cafile=target.ca)
            except (OSError, ValueError):
                raise ValueError("cache_ca is a file of certificates that can be read") from None

    def connect(self) -> RedisConnection:
        """Open a connection."""
        return RedisConnection(self._target, self._context)

    def close(self, connection: RedisConnection) -> None:
        """End a connection, dead or alive."""
        connection.close()

    def fault(self, problem: Exception) -> Fault:
        """Return what an exception says of its connection."""
        if isinstance(problem, TimeoutError):
            return Fault.HUNG
        return Fault.LOST if isinstance(problem, OSError) else Fault.STRANGE


def _said(answer: Any) -> str:
    return str(answer)[:80] if isinstance(answer, hiredis.ReplyError) else type(answer).__name__
