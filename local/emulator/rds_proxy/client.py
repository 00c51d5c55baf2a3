"""A client's session at the proxy: its commands, the connection that it borrows for each, and when that goes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.database import DatabaseConnection, DatabaseError, read_no_more, read_on
from local.emulator.rds_proxy.follower import ResponseKind
from local.emulator.rds_proxy.pins import PLAIN, Pin, SqlEffect, effect_of, ends_transaction
from local.emulator.rds_proxy.pool import BorrowTicket, PoolKey
from local.emulator.rds_proxy.statements import digest
from local.emulator.rds_proxy.tracked import SessionState, assigned, in_database
from local.emulator.rds_proxy.wire import ServerError

if TYPE_CHECKING:
    from local.emulator.rds_proxy.proxy import RdsProxy

MAX_PIPELINED_BYTES = 64 * 1024
"""What a client may send while its command runs, until the proxy stops reading."""
MAX_LOGIN_BYTES = 16 * 1024
BORROW_TIMEOUT = ServerError(9501, "HY000", "Timed-out waiting to acquire database connection")
UNKNOWN_COMMAND = ServerError(1047, "08S01", "Unknown command")
UNKNOWN_STATEMENT = ServerError(1243, "HY000", "Unknown prepared statement handler given to EXECUTE")
TOO_LARGE = ServerError(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes")
PREPARED = Pin("pin-prepared-protocol", "A prepared statement was detected.", "COM_STMT_PREPARE")
OPTION = Pin("pin-set-option", "The client changed an option of its session.", "COM_SET_OPTION")
_SILENT = (wire.STMT_CLOSE, wire.STMT_LONG_DATA)
_FORWARDED = {
    wire.FIELD_LIST: ResponseKind.FIELDS,
    wire.STATISTICS: ResponseKind.TEXT,
    wire.STMT_PREPARE: ResponseKind.PREPARED,
    wire.STMT_FETCH: ResponseKind.ROWS,
}
_OF_STATEMENTS = (wire.STMT_EXECUTE, wire.STMT_FETCH, wire.STMT_RESET, wire.STMT_CLOSE, wire.STMT_LONG_DATA)
_REPORTED = {
    "NAMES": ("character_set_client", "character_set_connection", "character_set_results", "collation_connection"),
    "TRANSACTION_ISOLATION": ("tx_isolation", "transaction_isolation"),
    "TRANSACTION_READ_ONLY": ("tx_read_only", "transaction_read_only"),
    "CHARACTER_SET_CONNECTION": ("character_set_connection", "collation_connection"),
    "COLLATION_CONNECTION": ("character_set_connection", "collation_connection"),
}
_REPORTED["CHARACTER SET"] = (*_REPORTED["NAMES"], "character_set_database", "collation_database")


class ClientSession(asyncio.Protocol):
    """One client. Until it is signed in, `packet` reads for the login; then commands are answered one by one."""

    __slots__ = (
        "_buffer",
        "_busy",
        "_choked",
        "_command",
        "_dirty",
        "_draining",
        "_effect",
        "_gone",
        "_holds",
        "_kind",
        "_preparing",
        "_proxy",
        "_sent_at",
        "_started_at",
        "_ticket",
        "_wakes",
        "_was_in_transaction",
        "database",
        "id",
        "key",
        "last_active",
        "pinned",
        "secure",
        "sequence",
        "signed_in",
        "state",
        "transport",
    )

    def __init__(self, proxy: RdsProxy, number: int, secure: bool) -> None:
        self._proxy = proxy
        self.id = number
        self.secure = secure
        self.sequence = 0
        self.signed_in = False
        self.key = PoolKey("", 0)
        self.state = SessionState()
        self.pinned: Pin | None = None
        self.database: DatabaseConnection | None = None
        self.transport: asyncio.Transport | None = None
        self.last_active = proxy.clock()
        self._wakes: asyncio.Future[None] | None = None
        self._buffer = bytearray()
        self._command = b""
        self._effect = PLAIN
        self._kind: ResponseKind | None = ResponseKind.RESULTS
        self._ticket: BorrowTicket[DatabaseConnection] | None = None
        self._choked = self._draining = False
        self._busy = self._gone = self._preparing = self._dirty = self._holds = self._was_in_transaction = False
        self._started_at = self._sent_at = 0.0

    # The protocol's callbacks.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer a command, or keep what came too early."""
        if not self._busy and not self._buffer and self.signed_in:
            size = len(data)
            if size > 4 and data[0] | data[1] << 8 | data[2] << 16 == size - 4 <= self._proxy.settings.max_packet_bytes:
                self._begin(data)
                return
        self._buffer += data
        if not self.signed_in:
            if len(self._buffer) > MAX_LOGIN_BYTES:
                self.end()
            if self._wakes is not None and not self._wakes.done():
                self._wakes.set_result(None)
        elif self._busy:
            if len(self._buffer) > MAX_PIPELINED_BYTES:
                read_no_more(self.transport)
        else:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Give back what the client had: at once, or after a reset, or not at all in the middle of a response."""
        self._gone = True
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_exception(ConnectionError("the client is gone"))
        if self._ticket is not None:
            self._proxy.pool.cancel(self._ticket)
        connection = self.database
        if connection is not None and connection.client is self:
            self._proxy.log_closed_in_request(self, connection)
            self.database = connection.holder = connection.client = None
            connection.abort()
        elif connection is not None and not self._preparing:
            self._dirty |= bool(self.pinned or self._holds or connection.follower.status & wire.IN_TRANSACTION)
            self._release(connection)
        self._proxy.client_gone(self)

    def pause_writing(self) -> None:
        """Read no more of the database, and no commands: the client reads slowly."""
        self._choked = True
        read_no_more(self.transport)
        if self.database is not None:
            read_no_more(self.database.transport)

    def resume_writing(self) -> None:
        """Read on: the client takes more."""
        self._choked = False
        read_on(self.transport)
        if self.database is not None:
            read_on(self.database.transport)

    # For the login.

    async def packet(self) -> bytes:
        """Wait for a whole packet of a client that is not signed in, and give its payload."""
        while True:
            size = int.from_bytes(self._buffer[:3], "little")
            if len(self._buffer) >= wire.HEADER_BYTES + size and self._buffer:
                self.sequence, payload = self._buffer[3], bytes(self._buffer[4 : 4 + size])
                del self._buffer[: 4 + size]
                return payload
            if self._gone:
                raise ConnectionError("the client is gone")
            self._wakes = asyncio.get_running_loop().create_future()
            await self._wakes

    def send(self, sequence: int, payload: bytes) -> None:
        """Send a packet of the proxy's own."""
        if self.transport is not None:
            self.transport.write(wire.packet(sequence, payload))

    def reply(self, payload: bytes) -> None:
        """Send the next packet of the login."""
        self.sequence += 1
        self.send(self.sequence, payload)

    def end(self) -> None:
        """End the connection, once what was sent is through."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    # Commands.

    def _next(self) -> None:
        """Begin what commands are buffered as a whole, until one takes its time."""
        self._draining = True
        while not self._busy and self._begin_buffered():
            continue
        self._draining = False

    def _begin_buffered(self) -> bool:
        buffer = self._buffer
        if len(buffer) < wire.HEADER_BYTES + 1:
            return False
        size = buffer[0] | buffer[1] << 8 | buffer[2] << 16
        if size > self._proxy.settings.max_packet_bytes or not size:
            self.send(buffer[3] + 1, TOO_LARGE.payload())
            self._proxy.figures.counts["emulator_refused"] += 1
            self._busy = True
            self.end()
            return False
        if len(buffer) < wire.HEADER_BYTES + size:
            return False
        packet = bytes(buffer[: wire.HEADER_BYTES + size])
        del buffer[: wire.HEADER_BYTES + size]
        if len(buffer) <= MAX_PIPELINED_BYTES:
            read_on(self.transport)
        self._begin(packet)
        return True

    def _begin(self, packet: bytes) -> None:
        self._busy = True
        self._started_at = self.last_active = self._proxy.clock()
        code = packet[4]
        if code == wire.QUERY:
            self._query(packet)
        elif code == wire.QUIT:
            self.end()
        elif code == wire.PING and self.database is None:
            self._answer(wire.ok(self._status()))
        elif code == wire.INIT_DB:
            self._run(packet, ResponseKind.RESULTS, SqlEffect(database=packet[5:], begins=False))
        elif code == wire.RESET_CONNECTION:
            self._reset(packet)
        elif code in _OF_STATEMENTS and self.pinned is None:
            if code in _SILENT:
                self._finished()
            else:
                self._answer(UNKNOWN_STATEMENT.payload())
        elif code in (wire.STMT_PREPARE, wire.SET_OPTION):
            effect = SqlEffect(PREPARED if code == wire.STMT_PREPARE else OPTION, begins=False)
            kind = ResponseKind.PREPARED if code == wire.STMT_PREPARE else ResponseKind.OPTION
            self._run(packet, kind, effect)
        elif code in _FORWARDED or code in (wire.PING, *_OF_STATEMENTS):
            kind_of_rest = None if code in _SILENT else _FORWARDED.get(code, ResponseKind.RESULTS)
            self._run(packet, kind_of_rest, SqlEffect(begins=code == wire.STMT_EXECUTE))
        else:
            self._answer(UNKNOWN_COMMAND.payload())

    def _query(self, packet: bytes) -> None:
        counts = self._proxy.figures.counts
        counts["QueryRequests"] += 1
        counts["QueryRequestsTLS" if self.secure else "QueryRequestsNoTLS"] += 1
        sql_mode = self.state.value("SQL_MODE") or ""
        effect = effect_of(packet[5:], self._proxy.pins, "NO_BACKSLASH_ESCAPES" not in sql_mode.upper())
        if effect.refused_character_set:
            value = effect.refused_character_set.lower()
            message = f"Variable 'character_set_client' can't be set to the value of '{value}'"
            self._answer(ServerError(1231, "42000", message).payload())
        else:
            self._run(packet, ResponseKind.RESULTS, effect)

    def _reset(self, packet: bytes) -> None:
        """COM_RESET_CONNECTION: forwarded where a connection is held, else the session forgets its values by itself."""
        if self.database is not None:
            self._run(packet, ResponseKind.RESULTS, SqlEffect(begins=False))
        else:
            self.state = SessionState(self.state.database)
            self._answer(wire.ok())

    def _answer(self, payload: bytes) -> None:
        """Answer a command without the database."""
        self.send(1, payload)
        self._finished()

    def _finished(self) -> None:
        self._busy = False
        self._command = b""
        if self._buffer and not self._gone and not self._draining:
            self._next()

    def _status(self) -> int:
        return 0 if self.state.value("AUTOCOMMIT") == "0" else wire.AUTOCOMMIT

    def _run(self, packet: bytes, kind: ResponseKind | None, effect: SqlEffect) -> None:
        """Run a command on the connection that is held, or on one that is borrowed for it."""
        self._command, self._kind, self._effect = packet, kind, effect
        if self.database is not None:
            self._forward(self.database)
            return
        self._borrow()

    def _borrow(self) -> None:
        also = assigned(self.state, self._effect.assignments) if self._effect.assignments else self.state
        self._ticket = BorrowTicket(self.key, self.state, also, self._granted, self._refused)
        self._proxy.pool.borrow(self._ticket, self._proxy.clock())

    def _granted(self, connection: DatabaseConnection) -> None:
        self._ticket = None
        self._proxy.figures.latency("DatabaseConnectionsBorrowLatency", self._proxy.clock() - self._started_at)
        self.database, connection.holder = connection, self
        self._was_in_transaction = False
        effect = self._effect
        if connection.state == self.state or (
            effect.assignments
            and not effect.begins
            and assigned(connection.state, effect.assignments) == assigned(self.state, effect.assignments)
        ):
            self._forward(connection)
        else:
            self._preparing = True
            self._proxy.spawn(self._prepare(connection))

    def _refused(self, reason: str) -> None:
        self._ticket = None
        self._proxy.figures.counts["emulator_borrow_timeouts"] += not reason
        self._answer(ServerError(1045, "28000", reason).payload() if reason else BORROW_TIMEOUT.payload())

    async def _prepare(self, connection: DatabaseConnection) -> None:
        """Bring a borrowed connection to the session's state, and run the command then."""
        problem: DatabaseError | None = None
        try:
            await self._proxy.bring(connection, self.state)
        except DatabaseError as caught:
            problem = caught
        self._preparing = False
        if problem is None and connection.alive:
            if self._gone:
                self._release(connection)
            else:
                self._forward(connection)
            return
        self.database = connection.holder = None
        connection.close()
        if self._gone:
            return
        if problem is not None and problem.error is not None:
            self._answer(problem.error.payload())
        else:
            # It was lost before the command was sent: the command waits for another one.
            self._borrow()

    def _forward(self, connection: DatabaseConnection) -> None:
        if not connection.alive or connection.transport is None:
            self.database_lost()
            return
        if self._effect.pin is not None and self.pinned is None:
            self._pin(self._effect.pin, connection)
        self._sent_at = self._proxy.clock()
        connection.transport.write(self._command)
        if self._kind is None:
            self._finished()
            return
        connection.client = self
        connection.follower.begin(self._kind)
        if self._choked:  # by an earlier response: the next one waits until it is taken
            read_no_more(connection.transport)

    def respond(self, data: bytes) -> None:
        """Send a part of the response on."""
        if data and self.transport is not None:
            self.transport.write(data)

    def responded(self) -> None:
        """End a command: take over the state that it left, and release the connection at the end of a transaction."""
        connection = self.database
        if connection is None:
            return
        connection.client = None
        now = self._proxy.clock()
        self.last_active = now
        if self._kind is ResponseKind.RESULTS and self._command[4] == wire.QUERY:
            self._proxy.figures.latency("QueryDatabaseResponseLatency", now - self._sent_at)
            self._proxy.figures.latency("QueryResponseLatency", now - self._started_at)
        if self._effect is not PLAIN or self._command[4] == wire.RESET_CONNECTION:
            self._take_over(connection)
        if connection.tracks and self.pinned is None:
            self._judge(connection)
        if self.pinned is None and not self._still_needed(connection):
            self._release(connection)
        self._finished()

    def database_lost(self) -> None:
        """End the session: its connection was lost in a statement, in a transaction, or while it was pinned."""
        if self._preparing:
            return
        self.database = None
        if not self._gone:
            self._proxy.figures.counts["emulator_cancelled"] += 1
            if self.transport is not None:
                self.transport.abort()

    def idle_since(self, now: float) -> float:
        """Seconds since the last command was answered; none while one runs."""
        return 0.0 if self._busy else now - self.last_active

    # What a command leaves.

    def _take_over(self, connection: DatabaseConnection) -> None:
        effect = self._effect
        if connection.follower.error:
            # Of several statements some may have run: what they set is not known.
            self._dirty |= bool(effect.assignments or effect.database is not None or effect.dropped)
            return
        if self._command[4] == wire.RESET_CONNECTION:
            self.state = connection.state = SessionState(self.state.database)
            self._dirty = True
            return
        assignments = self._resolved(connection)
        self.state = assigned(self.state, assignments)
        connection.state = assigned(connection.state, assignments)
        database = effect.database
        if database is None and self.state.database.lower() in {statement.lower() for statement in effect.dropped}:
            database = b""
        if database is not None:
            self.state = in_database(self.state, database)
            connection.state = in_database(connection.state, database)

    def _resolved(self, connection: DatabaseConnection) -> tuple[tuple[str, str], ...]:
        """Return the assignments with values, reported by the database for expressions; pin where it reports none."""
        reported = dict(connection.follower.variables)
        resolved = []
        for name, value in self._effect.assignments:
            names = [key for key in _REPORTED.get(name, (name.lower(),)) if key in reported]
            known = value or (reported[names[0]] if names else None)
            if known is None:
                self._pin(Pin("pin-expression", "The SQL set a variable to an expression.", name.lower()), connection)
            else:
                resolved.append((name, value or _literal(known)))
        return tuple(resolved)

    def _judge(self, connection: DatabaseConnection) -> None:
        """Warn of state that changed without a word of it in the SQL text: RDS Proxy would not notice."""
        follower, effect = connection.follower, self._effect
        if not follower.variables and not follower.state_changed:
            return
        expected = {key for name, _ in effect.assignments for key in _REPORTED.get(name, (name.lower(),))}
        hidden = sorted({name for name, _ in follower.variables} - expected)
        notable = (
            effect.assignments
            or effect.database is not None
            or effect.dropped
            or self._kind is not ResponseKind.RESULTS
        )
        if hidden or (follower.state_changed and not notable and self._command[4] == wire.QUERY):
            self._proxy.log_leak(self, connection, hidden, digest(self._command[5:]))

    def _pin(self, pin: Pin, connection: DatabaseConnection) -> None:
        self.pinned = pin
        self._proxy.log_pin(self, connection, pin, digest(self._command[5:]))

    def _still_needed(self, connection: DatabaseConnection) -> bool:
        """Whether the transaction goes on: by the server's flags and, with autocommit off, by the guide's rule."""
        status, effect = connection.follower.status, self._effect
        was, self._was_in_transaction = self._was_in_transaction, bool(status & wire.IN_TRANSACTION)
        if self._was_in_transaction:
            return True
        if was:
            self._holds = False
        elif effect.next_transaction:
            self._holds = True
        elif effect.begins:
            off = not status & wire.AUTOCOMMIT and self._proxy.settings.policies.autocommit_off_holds_first_statement
            self._holds = off and not ends_transaction(self._command[5:])
        return self._holds

    def _release(self, connection: DatabaseConnection) -> None:
        """Give the connection back, after a reset where it has state that is not known.

        It is read again: the end of a response may have been more than the client took, which has stopped it.
        """
        read_on(connection.transport)
        self.database = connection.holder = None
        self._holds = self._was_in_transaction = False
        if self._dirty:
            self._dirty = False
            self._proxy.spawn(self._proxy.recycle(connection))
        elif connection.alive:
            self._proxy.pool.give_back(connection, self._proxy.clock())


def _literal(value: str) -> str:
    """Return a value that the database reported, as SQL writes it."""
    with suppress(ValueError):
        return str(int(value))
    if value in ("ON", "OFF"):
        return value
    escaped = value.replace("'", "''")
    return f"'{escaped}'"
