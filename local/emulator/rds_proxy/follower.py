"""Follows a database's response through any split of its bytes: where it ends, and what state it leaves."""

from __future__ import annotations

from enum import Enum, auto

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.wire import ProtocolError

MAX_HELD = 1 << 20
"""Bytes of a packet that is read as a whole, at most: an OK with its session state, an ERR, an EOF."""


class ResponseKind(Enum):
    """What a command is answered with."""

    RESULTS = auto()
    """OK, ERR, or results of columns and rows, one or several."""
    PREPARED = auto()
    """A prepared statement, with its parameters and columns."""
    FIELDS = auto()
    """Columns until EOF."""
    ROWS = auto()
    """Rows until EOF: of a cursor."""
    TEXT = auto()
    """One packet of text."""
    OPTION = auto()
    """EOF, or ERR."""


class _Stage(Enum):
    FIRST = auto()
    COLUMNS = auto()
    COLUMNS_END = auto()
    ROWS = auto()
    DONE = auto()


class ResponseFollower:
    """One response after the other of one connection. `status` outlives a response; all else is of the latest."""

    __slots__ = (
        "_columns",
        "_continued",
        "_held",
        "_kind",
        "_parts",
        "_skip",
        "_stage",
        "_tracks",
        "done",
        "error",
        "state_changed",
        "status",
        "variables",
    )

    def __init__(self, tracks: bool = False, status: int = wire.AUTOCOMMIT) -> None:
        self._tracks = tracks
        self.status = status
        self.begin(ResponseKind.RESULTS)
        self.done = True

    def begin(self, kind: ResponseKind) -> None:
        """Expect the response to a command."""
        self._kind = kind
        self._stage = _Stage.ROWS if kind is ResponseKind.ROWS else _Stage.FIRST
        if kind is ResponseKind.FIELDS:
            self._stage = _Stage.ROWS
        self._skip = 0
        self._held = b""
        self._continued = False
        self._columns = 0
        self._parts = 0
        self.done = False
        self.error = 0
        self.variables: tuple[tuple[str, str], ...] = ()
        self.state_changed = False

    def feed(self, data: bytes) -> bytes:
        """Follow more bytes of the response.

        Returns:
            What a client that knows no session tracking gets of them. Up to one small packet is held back until it is
            whole.

        Raises:
            ProtocolError: They are no response, or go on after its end.
        """
        if self._held:
            data, self._held = self._held + data, b""
        size = len(data)
        if self._skip >= size > 0:
            self._skip -= size
            return data
        position, self._skip = self._skip, 0
        pieces: list[bytes] | None = None
        copied = 0
        while position < size:
            if self.done:
                raise ProtocolError("the database sent more than its response")
            if size - position < 5:
                break
            length = data[position] | data[position + 1] << 8 | data[position + 2] << 16
            first = data[position + 4]
            end = position + 4 + length
            # Rows are by far the most: they are counted off without looking inside.
            if self._stage is _Stage.ROWS and (self._continued or (first < 0xFE or (first == 0xFE and length > 8))):
                self._continued = length == wire.MAX_PAYLOAD
            elif self._stage is _Stage.COLUMNS:
                self._column()
            else:
                if length > MAX_HELD or not length:
                    raise ProtocolError("the database sent a packet that is no response")
                if end > size:
                    break
                payload = data[position + 4 : end]
                changed = self._control(payload)
                if changed is not payload:
                    pieces = pieces or []
                    pieces.append(data[copied:position] + wire.packet(data[position + 3], changed))
                    copied = end
            position = end
        if position > size:
            self._skip = position - size
        elif position < size:
            self._held = data[position:]
            size = position
        if pieces is None:
            return data if size == len(data) else data[:size]
        return b"".join((*pieces, data[copied:size]))

    def _column(self) -> None:
        self._columns -= 1
        if not self._columns:
            self._stage = _Stage.COLUMNS_END

    def _control(self, payload: bytes) -> bytes:
        """Read a packet that decides how the response goes on, and give the payload that the client gets."""
        first = payload[0]
        if first == 0xFF:
            self.error = int.from_bytes(payload[1:3], "little")
            self._finish()
        elif self._stage is _Stage.FIRST:
            return self._first(payload)
        elif first == 0xFE and len(payload) == 5:
            self._eof(int.from_bytes(payload[3:5], "little"))
        else:
            raise ProtocolError("the database sent a packet that is no response")
        return payload

    def _first(self, payload: bytes) -> bytes:
        if self._kind in (ResponseKind.TEXT, ResponseKind.OPTION):
            self._finish()
        elif self._kind is ResponseKind.PREPARED:
            if payload[0] or len(payload) < 9:
                raise ProtocolError("the database sent no prepared statement")
            columns, parameters = (int.from_bytes(payload[at : at + 2], "little") for at in (5, 7))
            self._parts = columns if parameters else 0
            self._expect(parameters or columns)
        elif payload[0] == 0:
            answer = wire.read_ok(payload, self._tracks)
            self.variables += answer.variables
            self.state_changed |= answer.state_changed
            self._ended(answer.status)
            return answer.untracked if answer.untracked != payload else payload
        elif payload[0] == 0xFB:
            raise ProtocolError("the database asks for a file of the client, which was not offered")
        else:
            self._columns, end = wire.read_length(payload, 0)
            if end != len(payload) or not self._columns:
                raise ProtocolError("the database sent a packet that is no response")
            self._stage = _Stage.COLUMNS
        return payload

    def _expect(self, columns: int) -> None:
        self._columns = columns
        if columns:
            self._stage = _Stage.COLUMNS
        else:
            self._finish()

    def _eof(self, status: int) -> None:
        if self._stage is _Stage.ROWS:
            self._ended(status)
        elif self._kind is ResponseKind.PREPARED:
            columns, self._parts = self._parts, 0
            self._expect(columns)
        elif status & wire.CURSOR_EXISTS:
            self._ended(status)
        else:
            self._stage = _Stage.ROWS

    def _ended(self, status: int) -> None:
        """Take note that a result is over; another may follow."""
        self.status = status
        if status & wire.MORE_RESULTS:
            self._stage = _Stage.FIRST
        else:
            self._finish()

    def _finish(self) -> None:
        self._stage = _Stage.DONE
        self.done = True
