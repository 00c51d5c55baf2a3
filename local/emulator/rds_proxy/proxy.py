"""The proxy: it listens on loopback, lets clients in, opens database connections, and keeps the figures and the log."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NamedTuple

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.client import ClientSession
from local.emulator.rds_proxy.database import DatabaseAddress, DatabaseConnection, DatabaseError, connect
from local.emulator.rds_proxy.figures import ProxyFigures
from local.emulator.rds_proxy.login import let_in
from local.emulator.rds_proxy.pins import Pin
from local.emulator.rds_proxy.pool import ConnectionPool, PoolKey, PoolLimits
from local.emulator.rds_proxy.settings import ProxySettings, ProxyUsers
from local.emulator.rds_proxy.tracked import SessionState, can_follow
from local.emulator.rds_proxy.wire import ProtocolError, ServerError

HOST = "127.0.0.1"
TICK_SECONDS = 0.05
BACKLOG = 1024
CLOSE_SECONDS = 1.0
"""How long clients and the database may take at the end, until they are cut off."""


class ServerFacts(NamedTuple):
    """What the proxy learns of its database at the start."""

    version: str
    collation: int
    max_connections: int
    collations: dict[int, tuple[str, str]]
    """Character set and collation by the id that a client names."""


class ProxyEndpoint(NamedTuple):
    """Where clients connect."""

    port: int = 0
    """On loopback; 0 takes a free one."""
    tls: ssl.SSLContext | None = None
    """Of clients; without one TLS is not offered."""


class ProxyPorts(NamedTuple):
    """What the proxy uses of the world around it."""

    log: Callable[[str], None] = lambda line: None
    """Takes a line of the log."""
    clock: Callable[[], float] = time.monotonic
    """Seconds that only grow."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970, for tokens and the log."""


class RdsProxy:
    """One proxy in front of one database; an asynchronous context manager."""

    def __init__(
        self,
        address: DatabaseAddress,
        users: ProxyUsers,
        settings: ProxySettings,
        endpoint: ProxyEndpoint = ProxyEndpoint(),  # noqa: B008 - cannot be changed
        ports: ProxyPorts = ProxyPorts(),  # noqa: B008
    ) -> None:
        """Prepare the proxy; entered, it listens.

        Args:
            address: Where the database is.
            users: Names that may sign in, and the credentials that the proxy has for them.
            settings: The proxy's settings.
            endpoint: Where clients connect.
            ports: Log and clocks.
        """
        self.settings = settings
        self.pins = settings.pins
        self.users = users
        self.tls = endpoint.tls
        self.clock = ports.clock
        self.wall_clock = ports.wall_clock
        self.figures = ProxyFigures()
        self.clients: dict[int, ClientSession] = {}
        self.endpoint = ""
        self._address = address
        self._log = ports.log
        self._port = endpoint.port
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._number = 0
        self._logins = 0
        self._second, self._in_second = 0, 0
        self._connections: set[DatabaseConnection] = set()

    async def __aenter__(self) -> RdsProxy:
        """Learn the database's facts and listen.

        Raises:
            DatabaseError: The database refuses, or is not there.
            OSError: The port is taken.
        """
        self.server = await self._probe()
        limit = self.settings.max_database_connections or self.server.max_connections
        most = max(1, limit * self.settings.max_connections_percent // 100)
        idle = self.settings.max_idle_connections_percent
        kept = limit * idle // 100 if idle is not None else most // 2
        self.pool: ConnectionPool[DatabaseConnection] = ConnectionPool(
            PoolLimits(most, kept, self.settings.connection_borrow_timeout), self._open
        )
        self._listener = listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        try:
            listener.bind((HOST, self._port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        self.port: int = listener.getsockname()[1]
        self.endpoint = f"{HOST}:{self.port}"
        self.spawn(self._accept(listener))
        self.spawn(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End every connection and task."""
        for task in list(self._tasks):
            task.cancel()
        for session in list(self.clients.values()):
            session.end()
        self.pool.close()
        for connection in list(self._connections):
            connection.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
        ends_at = self.clock() + CLOSE_SECONDS
        while (self.clients or self._connections) and self.clock() < ends_at:  # noqa: ASYNC110 - twice a life
            await asyncio.sleep(0.01)
        for session in list(self.clients.values()):
            session.abort()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0.01)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end. The set keeps it: the event loop alone would let it be collected."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def gauges(self) -> dict[str, int]:
        """Return the figures of this moment, under CloudWatch's names."""
        secure = sum(session.secure for session in self.clients.values())
        lent = [session for session in self.clients.values() if session.database is not None]
        in_transaction = sum(
            bool(session.database and session.database.follower.status & wire.IN_TRANSACTION) for session in lent
        )
        return {
            "ClientConnections": len(self.clients),
            "ClientConnectionsTLS": secure,
            "ClientConnectionsNoTLS": len(self.clients) - secure,
            "DatabaseConnections": self.pool.open,
            "DatabaseConnectionsWithTLS": self.pool.open if self._address.context else 0,
            "DatabaseConnectionsCurrentlyBorrowed": self.pool.borrowed,
            "DatabaseConnectionsCurrentlyInTransaction": in_transaction,
            "DatabaseConnectionsCurrentlySessionPinned": sum(session.pinned is not None for session in lent),
            "MaxDatabaseConnectionsAllowed": self.pool.limits.max_connections,
        }

    # Clients.

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                # No file is left for it: the connection waits in the backlog.
                await asyncio.sleep(TICK_SECONDS)
                continue
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._number += 1
            self.figures.counts["ClientConnectionsReceived"] += 1
            self.spawn(self._login(connection, self._number))

    async def _login(self, connection: socket.socket, number: int) -> None:
        self._logins += 1
        refused = self._over_limit()
        try:
            async with asyncio.timeout(self.settings.handshake_seconds):
                if refused is not None:
                    self.figures.counts["emulator_refused"] += 1
                    await asyncio.get_running_loop().sock_sendall(connection, wire.packet(0, refused.payload()))
                    connection.close()
                else:
                    await let_in(self, connection, number)
        except asyncio.CancelledError:
            self._end_login(connection, number)
            raise
        except (ProtocolError, OSError) as problem:
            self._end_login(connection, number)
            self._line("INFO", f"[clientConnection={number}] The client connection closed during its setup: {problem}")
        finally:
            self._logins -= 1

    def _end_login(self, connection: socket.socket, number: int) -> None:
        """End what has the socket: a session, once there is one, closes it by itself."""
        session = self.clients.get(number)
        if session is not None:
            session.end()
        else:
            connection.close()

    def _over_limit(self) -> ServerError | None:
        second = int(self.clock())
        self._second, self._in_second = second, (self._in_second if second == self._second else 0) + 1
        rate = self.settings.connections_per_second
        if rate and self._in_second > rate:
            return ServerError(1040, "HY000", f"Connections rate limit exceeded ({rate})")
        if len(self.clients) >= self.settings.max_clients or self._logins > self.settings.max_clients:
            return ServerError(1040, "HY000", f"Number simultaneous connections exceeded ({self.settings.max_clients})")
        return None

    def client_came(self, session: ClientSession) -> None:
        """Count a client whose login begins."""
        self.clients[session.id] = session

    def client_gone(self, session: ClientSession) -> None:
        """Forget a client."""
        if self.clients.pop(session.id, None) is not None:
            self.figures.counts["ClientConnectionsClosed"] += 1

    # Database connections.

    async def _probe(self) -> ServerFacts:
        user, password = next(iter(self.users.passwords.items()))
        connection = DatabaseConnection(PoolKey(user, 0), tracks=False)
        await connect(self._address, connection, password, "")
        try:
            most = await connection.rows("SELECT @@GLOBAL.max_connections")
            rows = await connection.rows(
                "SELECT ID, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS"
                " WHERE ID IS NOT NULL AND CHARACTER_SET_NAME IS NOT NULL"
            )
        finally:
            connection.close()
        greeting = connection.greeting
        if greeting is None:
            raise DatabaseError("the database sent no greeting")
        collations = {int(number): (characters, collation) for number, characters, collation in rows}
        return ServerFacts(greeting.version, greeting.collation, int(most[0][0]), collations)

    def _open(self, key: PoolKey, state: SessionState) -> None:
        self.figures.counts["DatabaseConnectionRequests"] += 1
        self.figures.counts["DatabaseConnectionRequestsWithTLS"] += self._address.context is not None
        self.spawn(self._opening(key))

    async def _opening(self, key: PoolKey) -> None:
        connection = DatabaseConnection(key, self.settings.watch_session_state)
        try:
            await connect(self._address, connection, self.users.passwords[key.user], self.settings.init_query)
        except DatabaseError as problem:
            self.figures.counts["DatabaseConnectionsSetupFailed"] += 1
            self._line("WARN", f"The database connection could not be established: {problem}")
            denied = problem.error is not None and problem.error.code == 1045
            self.pool.open_failed(key, self.clock(), str(problem) if denied else "")
            return
        self.figures.counts["DatabaseConnectionsSetupSucceeded"] += 1
        self._connections.add(connection)
        connection.on_lost(self._lost)
        self.pool.opened(connection, self.clock())

    def _lost(self, connection: DatabaseConnection) -> None:
        self._connections.discard(connection)
        self.pool.lost(connection, self.clock())

    async def bring(self, connection: DatabaseConnection, state: SessionState) -> None:
        """Bring a connection to a session's state.

        Raises:
            DatabaseError: It is lost, or the database refuses.
        """
        self.figures.counts["emulator_resets"] += not can_follow(connection.state, state)
        await connection.bring_to(state, self.settings.init_query)

    async def recycle(self, connection: DatabaseConnection) -> None:
        """Reset a connection whose state is not known, and give it back; one that cannot be reset is closed."""
        try:
            await connection.reset(self.settings.init_query)
        except DatabaseError:
            connection.close()
            return
        if connection.alive:
            self.figures.counts["emulator_resets"] += 1
            self.pool.give_back(connection, self.clock())

    # Time.

    async def _tick(self) -> None:
        checked = self.clock()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = self.clock()
            self.pool.tick(now)
            if now - checked >= 1.0:
                checked = now
                self.end_idle_clients(now)

    def end_idle_clients(self, now: float) -> None:
        """End clients that sent nothing for longer than IdleClientTimeout."""
        for session in list(self.clients.values()):
            if session.signed_in and session.idle_since(now) >= self.settings.idle_client_timeout:
                self.figures.counts["emulator_idle_clients_closed"] += 1
                self._line(
                    "INFO", f"[clientConnection={session.id}] The client connection closed. Reason: it was idle."
                )
                session.end()

    # The log, in RDS Proxy's words where those are known.

    def _line(self, level: str, text: str) -> None:
        at = datetime.fromtimestamp(self.wall_clock(), UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        self._log(f"{at}Z [{level}] [proxyEndpoint=default] {text}")

    def log_connected(self, session: ClientSession) -> None:
        """Count a client that has signed in."""
        self.figures.counts["ClientConnectionsSetupSucceeded"] += 1

    def log_refused(self, session: ClientSession, why: str) -> None:
        """Count and log a client that is refused."""
        self.figures.counts["ClientConnectionsSetupFailedAuth"] += 1
        self._line("WARN", f"[clientConnection={session.id}] The client connection was refused: {why}.")

    def log_pin(self, session: ClientSession, connection: DatabaseConnection, pin: Pin, digest: str) -> None:
        """Count and log a client that is pinned."""
        self.figures.counts["emulator_pins"] += 1
        self._line(
            "WARN",
            f"[clientConnection={session.id}] The client session was pinned to the database connection "
            f"[dbConnection={connection.id}] for the remainder of the session. The proxy can't reuse this connection "
            f'until the session ends. Reason: {pin.reason} Digest: "{digest}".',
        )

    def log_leak(self, session: ClientSession, connection: DatabaseConnection, hidden: list[str], digest: str) -> None:
        """State changed where RDS Proxy would not notice, and the next client of the connection gets it."""
        self.figures.counts["emulator_leaks"] += 1
        what = f"the variables {', '.join(hidden)}" if hidden else "session state"
        self._line(
            "WARN",
            f"[emulator] [clientConnection={session.id}] {what} changed without a pin: RDS Proxy does not detect this, "
            f'and other clients of [dbConnection={connection.id}] get what was left. Digest: "{digest}".',
        )

    def log_closed_in_request(self, session: ClientSession, connection: DatabaseConnection) -> None:
        """Log that a client went away in the middle of a response."""
        self._line(
            "INFO",
            f"[dbConnection={connection.id}] The database connection closed. Reason: The client connection that "
            "borrowed this database connection from the connection pool was closed in the middle of a request.",
        )
