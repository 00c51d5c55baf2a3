"""A connection to the database: its sign-in, the statements that the proxy runs itself, and a client's responses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from pymysql import _auth as scrambles

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.follower import ResponseFollower, ResponseKind
from local.emulator.rds_proxy.pool import PoolKey
from local.emulator.rds_proxy.tracked import SessionState, can_follow, replay
from local.emulator.rds_proxy.wire import ProtocolError, ServerError

if TYPE_CHECKING:
    from local.emulator.rds_proxy.client import ClientSession

CONNECT_SECONDS = 5.0
"""How long the database may take to let the proxy in."""
TRACK = b"SET SESSION session_track_system_variables='*', session_track_state_change=ON"


class DatabaseAddress(NamedTuple):
    """Where the database is; with a context, only over TLS."""

    host: str
    port: int
    context: ssl.SSLContext | None = None


class DatabaseError(Exception):
    """The database refused, or is not there. `error` is its own word, where it had one."""

    def __init__(self, message: str, error: ServerError | None = None) -> None:
        super().__init__(message)
        self.error = error


def read_no_more(transport: asyncio.Transport | None) -> None:
    """Stop reading, where the transport is not closing anyway."""
    if transport is not None and not transport.is_closing():
        transport.pause_reading()


def read_on(transport: asyncio.Transport | None) -> None:
    """Read again, where the transport is not closing anyway."""
    if transport is not None and not transport.is_closing():
        transport.resume_reading()


class DatabaseConnection(asyncio.Protocol):
    """One connection. While a client borrows it (`client`), responses go there; else they are the proxy's own.

    Args:
        key: The user, and the flags of the clients that it serves.
        tracks: Whether the database is to tell what state its session changes.
    """

    __slots__ = (
        "_answer",
        "_closing",
        "_incoming",
        "_on_lost",
        "_wakes",
        "client",
        "follower",
        "greeting",
        "holder",
        "id",
        "key",
        "opened_at",
        "returned_at",
        "state",
        "tracks",
        "transport",
    )

    def __init__(self, key: PoolKey, tracks: bool) -> None:
        self.key = key
        self.tracks = tracks
        self.state = SessionState()
        self.client: ClientSession | None = None
        """Who gets the response that is on its way."""
        self.holder: ClientSession | None = None
        """Who borrows it, between its commands too."""
        self.follower = ResponseFollower(tracks)
        self.greeting: wire.Greeting | None = None
        self.id = 0
        self.opened_at = self.returned_at = 0.0
        self.transport: asyncio.Transport | None = None
        self._incoming = b""
        self._wakes: asyncio.Future[None] | None = None
        self._answer: asyncio.Future[None] | None = None
        self._on_lost: Callable[[DatabaseConnection], None] | None = None
        self._closing = False

    # The protocol's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; a second one comes with TLS."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Pass a response on, or read an answer to the proxy itself."""
        client = self.client
        try:
            if client is not None:
                client.respond(self.follower.feed(data))
                if self.follower.done:
                    client.responded()
            elif self._answer is not None:
                self._incoming += self.follower.feed(data)
                if self.follower.done and not self._answer.done():
                    self._answer.set_result(None)
            elif self.greeting is None or self._wakes is not None:
                self._incoming += data
                self._wake()
            else:
                # A database says something by itself only to end a connection that was idle for too long.
                self.close()
        except ProtocolError:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Let go of everything that waits for this connection."""
        for waiting in (self._answer, self._wakes):
            if waiting is not None and not waiting.done():
                waiting.set_exception(DatabaseError("the database ended the connection"))
        holder = self.holder
        self.client = self.holder = None
        if self._on_lost is not None:
            self._on_lost(self)
        if holder is not None:
            holder.database_lost()

    def pause_writing(self) -> None:
        """Read no more of the client: the database reads slowly."""
        if self.holder is not None:
            read_no_more(self.holder.transport)

    def resume_writing(self) -> None:
        """Read on: the database takes more."""
        if self.holder is not None:
            read_on(self.holder.transport)

    # The proxy's own use.

    def on_lost(self, callback: Callable[[DatabaseConnection], None]) -> None:
        """Set what is called when the connection is gone."""
        self._on_lost = callback

    def close(self) -> None:
        """End the connection with a word to the database. Closing twice is harmless."""
        if not self._closing and self.transport is not None:
            self._closing = True
            self.transport.write(wire.packet(0, bytes((wire.QUIT,))))
            self.transport.close()

    def abort(self) -> None:
        """End the connection at once, in the middle of a response."""
        if self.transport is not None:
            self._closing = True
            self.transport.abort()

    @property
    def alive(self) -> bool:
        """Whether it can be used."""
        return self.transport is not None and not self._closing and not self.transport.is_closing()

    async def run(self, command: bytes) -> None:
        """Run a command of the proxy's own.

        Raises:
            DatabaseError: The database refuses, or the connection is lost.
        """
        if not self.alive or self.transport is None:
            raise DatabaseError("the database ended the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._incoming = b""
        self.follower.begin(ResponseKind.RESULTS)
        self.transport.write(wire.packet(0, command))
        try:
            await self._answer
        finally:
            self._answer = None
        if self.follower.error:
            error = wire.read_error(self._incoming[wire.HEADER_BYTES :])
            raise DatabaseError(f"the database refuses: {error.message}", error)

    async def rows(self, sql: str) -> list[list[str]]:
        """Run a query of columns that are never NULL, and read its rows."""
        await self.run(bytes((wire.QUERY,)) + sql.encode())
        count, *rest = _payloads(self._incoming)
        return [_texts(payload) for payload in rest[count[0] + 1 : -1]]

    async def reset(self, init_query: str) -> None:
        """Undo all that a session left: its transaction, locks, tables and variables."""
        await self.run(bytes((wire.RESET_CONNECTION,)))
        self.state = SessionState(self.state.database)
        await self.initialize(init_query)

    async def initialize(self, init_query: str) -> None:
        """Run what every new or reset connection begins with."""
        if self.tracks:
            await self.run(bytes((wire.QUERY,)) + TRACK)
        for statement in filter(None, (statement.strip() for statement in init_query.split(";"))):
            await self.run(bytes((wire.QUERY,)) + statement.encode())

    async def bring_to(self, state: SessionState, init_query: str) -> None:
        """Bring the connection to a session's state, by a reset first where values have to go back to their default."""
        if not can_follow(self.state, state):
            await self.reset(init_query)
        for statement in replay(self.state, state):
            await self.run(bytes((wire.QUERY,)) + statement.encode("latin-1"))
        if state.database != self.state.database:
            await self.run(bytes((wire.INIT_DB,)) + state.database)
        self.state = state

    # Sign-in.

    async def sign_in(self, address: DatabaseAddress, password: str) -> None:
        """Sign in on a fresh transport, over TLS where the address asks for it.

        Raises:
            DatabaseError: The database refuses, or says what is not understood.
        """
        try:
            await self._sign_in(address, password)
        except ProtocolError as problem:
            raise DatabaseError(str(problem)) from problem

    async def _sign_in(self, address: DatabaseAddress, password: str) -> None:
        _, first = await self._packet()
        if first[:1] == b"\xff":
            error = wire.read_error(first)
            raise DatabaseError(error.message, error)
        self.greeting = greeting = wire.read_greeting(first)
        self.id = greeting.connection_id
        self.tracks &= bool(greeting.capabilities & wire.SESSION_TRACK)
        capabilities = (wire.OFFERED & ~wire.SHAPING & ~wire.CONNECT_ATTRS & ~wire.CONNECT_WITH_DB) | self.key.flags
        capabilities |= wire.SESSION_TRACK if self.tracks else 0
        capabilities &= greeting.capabilities
        sequence = 1
        if address.context is not None:
            if not greeting.capabilities & wire.SSL:
                raise DatabaseError("the database offers no TLS")
            capabilities |= wire.SSL
            self._send(sequence, wire.login_head(capabilities, greeting.collation))
            sequence += 1
            loop = asyncio.get_running_loop()
            self.transport = await loop.start_tls(
                self._open_transport(), self, address.context, server_hostname=address.host
            )
        # The server's own character set, so that a new connection is as one that was reset.
        secret = password.encode()
        proof = _proof(greeting.plugin, secret, greeting.nonce)
        login = wire.LoginRequest(capabilities, greeting.collation, self.key.user, proof, b"", greeting.plugin)
        self._send(sequence, login.payload())
        await self._prove(secret, greeting.nonce, address.context is not None)
        self.follower = ResponseFollower(self.tracks)
        self._wakes = None
        self._incoming = b""

    async def _prove(self, secret: bytes, nonce: bytes, secure: bool) -> None:
        """Answer the database's questions until it lets the proxy in."""
        while True:
            sequence, payload = await self._packet()
            kind = payload[:1]
            if kind == b"\x00":
                return
            if kind == b"\xff":
                error = wire.read_error(payload)
                raise DatabaseError(error.message, error)
            if kind == b"\xfe":
                plugin, nonce = wire.read_auth_switch(payload)
                self._send(sequence + 1, _proof(plugin, secret, nonce))
            elif payload == b"\x01\x03":
                continue
            elif payload == b"\x01\x04":
                # caching_sha2_password has no hash of it yet: it asks for the password itself.
                self._send(sequence + 1, secret + b"\0" if secure else b"\x02")
            elif kind == b"\x01":
                self._send(sequence + 1, scrambles.sha2_rsa_encrypt(secret, nonce, payload[1:]))
            else:
                raise ProtocolError("the database sent a packet that is no part of a sign-in")

    def _send(self, sequence: int, payload: bytes) -> None:
        self._open_transport().write(wire.packet(sequence, payload))

    def _open_transport(self) -> asyncio.Transport:
        if self.transport is None:
            raise DatabaseError("the database ended the connection")
        return self.transport

    async def _packet(self) -> tuple[int, bytes]:
        while True:
            size = int.from_bytes(self._incoming[:3], "little")
            if len(self._incoming) >= wire.HEADER_BYTES + size and self._incoming:
                sequence, end = self._incoming[3], wire.HEADER_BYTES + size
                payload, self._incoming = self._incoming[wire.HEADER_BYTES : end], self._incoming[end:]
                return sequence, payload
            self._wakes = asyncio.get_running_loop().create_future()
            await self._wakes

    def _wake(self) -> None:
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_result(None)


def _proof(plugin: str, secret: bytes, nonce: bytes) -> bytes:
    if plugin == wire.NATIVE:
        return bytes(scrambles.scramble_native_password(secret, nonce))
    if plugin == wire.CACHING_SHA2:
        return bytes(scrambles.scramble_caching_sha2(secret, nonce))
    raise ProtocolError(f"the database asks for the authentication plugin {plugin}, which is not emulated")


def _payloads(data: bytes) -> list[bytes]:
    rows = []
    position = 0
    while position < len(data):
        end = position + wire.HEADER_BYTES + int.from_bytes(data[position : position + 3], "little")
        rows.append(data[position + wire.HEADER_BYTES : end])
        position = end
    return rows


def _texts(payload: bytes) -> list[str]:
    rows = []
    position = 0
    while position < len(payload):
        value, position = wire.read_text(payload, position)
        rows.append(value.decode("utf-8", "replace"))
    return rows


async def connect(address: DatabaseAddress, connection: DatabaseConnection, password: str, init_query: str) -> None:
    """Open a connection: TCP, sign-in, and what every new connection begins with.

    Raises:
        DatabaseError: The database refuses, or is not there within the time.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await loop.create_connection(lambda: connection, address.host, address.port)
            await connection.sign_in(address, password)
            await connection.initialize(init_query)
    except OSError as problem:
        connection.abort()
        raise DatabaseError(f"the database cannot be reached: {problem.strerror or 'no answer in time'}") from problem
    except BaseException:
        connection.abort()
        raise
