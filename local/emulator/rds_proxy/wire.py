"""Packets of the MySQL client/server protocol: the few that a proxy has to read or to write itself.

Everything else passes through unread. Layouts are those of "MySQL Internals: client/server protocol"; both MySQL and
MariaDB keep to them. Nothing here knows a socket.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_PAYLOAD = 0xFFFFFF
"""Bytes of one packet; a longer payload goes on in the next one."""
HEADER_BYTES = 4

# Capability flags.
FOUND_ROWS = 1 << 1
LONG_FLAG = 1 << 2
CONNECT_WITH_DB = 1 << 3
IGNORE_SPACE = 1 << 8
PROTOCOL_41 = 1 << 9
INTERACTIVE = 1 << 10
SSL = 1 << 11
TRANSACTIONS = 1 << 13
SECURE_CONNECTION = 1 << 15
MULTI_STATEMENTS = 1 << 16
MULTI_RESULTS = 1 << 17
PS_MULTI_RESULTS = 1 << 18
PLUGIN_AUTH = 1 << 19
CONNECT_ATTRS = 1 << 20
PLUGIN_AUTH_LENENC = 1 << 21
SESSION_TRACK = 1 << 23

OFFERED = (
    (1 | FOUND_ROWS | LONG_FLAG | CONNECT_WITH_DB | IGNORE_SPACE | PROTOCOL_41 | INTERACTIVE | TRANSACTIONS)
    | (SECURE_CONNECTION | MULTI_STATEMENTS | MULTI_RESULTS | PS_MULTI_RESULTS)
    | (PLUGIN_AUTH | CONNECT_ATTRS | PLUGIN_AUTH_LENENC)
)
"""What clients are offered. Not DEPRECATE_EOF, SESSION_TRACK and QUERY_ATTRIBUTES, which change how results and
statements look; not LOCAL_FILES and COMPRESS, which are not emulated."""
SHAPING = FOUND_ROWS | IGNORE_SPACE | INTERACTIVE | MULTI_STATEMENTS | MULTI_RESULTS | PS_MULTI_RESULTS
"""Flags of a client that change what the database does or sends: only clients with the same ones share a connection."""

# Status flags.
IN_TRANSACTION = 0x0001
AUTOCOMMIT = 0x0002
MORE_RESULTS = 0x0008
CURSOR_EXISTS = 0x0040
SESSION_STATE_CHANGED = 0x4000

# Commands.
QUIT, INIT_DB, QUERY, FIELD_LIST = 0x01, 0x02, 0x03, 0x04
STATISTICS, PING, CHANGE_USER = 0x09, 0x0E, 0x11
STMT_PREPARE, STMT_EXECUTE, STMT_LONG_DATA, STMT_CLOSE, STMT_RESET = 0x16, 0x17, 0x18, 0x19, 0x1A
SET_OPTION, STMT_FETCH, RESET_CONNECTION = 0x1B, 0x1C, 0x1F

NATIVE, CACHING_SHA2, CLEARTEXT = "mysql_native_password", "caching_sha2_password", "mysql_clear_password"
NONCE_BYTES = 20


class ProtocolError(Exception):
    """Bytes that are not of the protocol, or of a part of it that is not emulated."""


def packet(sequence: int, payload: bytes) -> bytes:
    """Frame a payload of less than 16 MB."""
    return len(payload).to_bytes(3, "little") + bytes((sequence & 0xFF,)) + payload


def text(value: bytes) -> bytes:
    """Encode a string with its length in front."""
    return length_of(len(value)) + value


def length_of(value: int) -> bytes:
    """Encode a length as the protocol's variable-width integer."""
    if value < 0xFB:
        return bytes((value,))
    for mark, width in ((0xFC, 2), (0xFD, 3)):
        if value < 1 << (8 * width):
            return bytes((mark,)) + value.to_bytes(width, "little")
    return b"\xfe" + value.to_bytes(8, "little")


def read_length(data: bytes, position: int) -> tuple[int, int]:
    """Decode a variable-width integer.

    Returns:
        The value, and the position behind it.

    Raises:
        ProtocolError: The data end within it, or it is none.
    """
    if position >= len(data):
        raise ProtocolError("a packet ends within a length")
    first = data[position]
    if first < 0xFB:
        return first, position + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    end = position + 1 + width
    if not width or end > len(data):
        raise ProtocolError("a packet has a broken length")
    return int.from_bytes(data[position + 1 : end], "little"), end


def read_text(data: bytes, position: int) -> tuple[bytes, int]:
    """Decode a string with its length in front; also give the position behind it.

    Raises:
        ProtocolError: The data end within it.
    """
    length, start = read_length(data, position)
    end = start + length
    if end > len(data):
        raise ProtocolError("a packet ends within a text")
    return data[start:end], end


def read_null_terminated(data: bytes, position: int) -> tuple[bytes, int]:
    """Decode a string that ends with a zero byte; also give the position behind that.

    Raises:
        ProtocolError: No zero byte follows.
    """
    end = data.find(b"\0", position)
    if end < 0:
        raise ProtocolError("a packet ends within a text")
    return data[position:end], end + 1


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first packet of a server: its version, what it can do, and the nonce that a password is scrambled with."""

    version: str
    connection_id: int
    nonce: bytes
    capabilities: int
    collation: int
    status: int
    plugin: str

    def payload(self) -> bytes:
        """Encode the greeting, as version 10 of the protocol."""
        return b"".join(
            (
                b"\x0a" + self.version.encode() + b"\0",
                self.connection_id.to_bytes(4, "little"),
                self.nonce[:8] + b"\0",
                (self.capabilities & 0xFFFF).to_bytes(2, "little"),
                bytes((self.collation & 0xFF,)),
                self.status.to_bytes(2, "little"),
                (self.capabilities >> 16).to_bytes(2, "little"),
                bytes((len(self.nonce) + 1,)),
                bytes(10),
                self.nonce[8:] + b"\0",
                self.plugin.encode() + b"\0",
            )
        )


def read_greeting(payload: bytes) -> Greeting:
    """Decode a server's greeting.

    Raises:
        ProtocolError: It is none of version 10 with authentication plugins.
    """
    if not payload or payload[0] != 0x0A:
        raise ProtocolError("the server does not speak version 10 of the MySQL protocol")
    version, position = read_null_terminated(payload, 1)
    if len(payload) < position + 31:
        raise ProtocolError("the server's greeting is too short")
    connection_id = int.from_bytes(payload[position : position + 4], "little")
    rest = payload[position + 4 :]
    capabilities = int.from_bytes(rest[9:11], "little") | int.from_bytes(rest[14:16], "little") << 16
    if not capabilities & PLUGIN_AUTH:
        raise ProtocolError("the server knows no authentication plugins")
    second = rest[27 : 27 + max(13, rest[16] - 8)]
    plugin = rest[27 + len(second) :].split(b"\0", 1)[0]
    return Greeting(
        version=version.decode("ascii", "replace"),
        connection_id=connection_id,
        nonce=rest[:8] + second[: NONCE_BYTES - 8],
        capabilities=capabilities,
        collation=rest[11],
        status=int.from_bytes(rest[12:14], "little"),
        plugin=plugin.decode("ascii", "replace"),
    )


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A client's answer to the greeting. The proof is a scrambled password, or a token in clear text."""

    capabilities: int
    collation: int
    user: str
    proof: bytes
    database: bytes
    plugin: str

    def payload(self) -> bytes:
        """Encode the request."""
        return b"".join(
            (
                login_head(self.capabilities, self.collation),
                self.user.encode() + b"\0",
                text(self.proof),
                self.database + b"\0" if self.capabilities & CONNECT_WITH_DB else b"",
                self.plugin.encode() + b"\0",
            )
        )


def login_head(capabilities: int, collation: int) -> bytes:
    """Encode what a login begins with; alone it asks for TLS."""
    return (
        capabilities.to_bytes(4, "little")
        + (1 << 24).to_bytes(4, "little")
        + bytes((collation if collation < 256 else 45,))
        + bytes(23)
    )


def asks_for_tls(payload: bytes) -> bool:
    """Whether a client's first packet only asks for TLS, and its login is to follow over that."""
    return len(payload) == 32 and bool(int.from_bytes(payload[:4], "little") & SSL)


def read_login(payload: bytes) -> LoginRequest:
    """Decode a client's login.

    Raises:
        ProtocolError: It is none of protocol 4.1 with a password scrambled by the client's plugin.
    """
    if len(payload) < 33:
        raise ProtocolError("a login is too short")
    capabilities = int.from_bytes(payload[:4], "little")
    if not capabilities & PROTOCOL_41 or not capabilities & SECURE_CONNECTION:
        raise ProtocolError("a client has to speak protocol 4.1")
    user, position = read_null_terminated(payload, 32)
    if capabilities & PLUGIN_AUTH_LENENC:
        proof, position = read_text(payload, position)
    else:
        end = position + 1 + (payload[position] if position < len(payload) else 0)
        if end > len(payload):
            raise ProtocolError("a login ends within its password")
        proof, position = payload[position + 1 : end], end
    database = plugin = b""
    if capabilities & CONNECT_WITH_DB and position < len(payload):
        database, position = read_null_terminated(payload, position)
    if capabilities & PLUGIN_AUTH and position < len(payload):
        plugin = payload[position:].split(b"\0", 1)[0]
    return LoginRequest(
        capabilities=capabilities,
        collation=payload[8],
        user=user.decode("utf-8", "replace"),
        proof=proof,
        database=database,
        plugin=plugin.decode("ascii", "replace"),
    )


def auth_switch(plugin: str, nonce: bytes) -> bytes:
    """Encode the request to prove a password by another plugin."""
    return b"\xfe" + plugin.encode() + b"\0" + nonce + b"\0"


def read_auth_switch(payload: bytes) -> tuple[str, bytes]:
    """Decode that request: the plugin, and the nonce without its zero byte."""
    plugin, position = read_null_terminated(payload, 1)
    return plugin.decode("ascii", "replace"), payload[position : position + NONCE_BYTES]


def ok(status: int = AUTOCOMMIT) -> bytes:
    """Encode an OK that changed no row."""
    return b"\x00\x00\x00" + status.to_bytes(2, "little") + b"\x00\x00"


@dataclass(frozen=True, slots=True)
class ServerError:
    """An ERR packet: the database's, or one of the proxy's own."""

    code: int
    state: str
    message: str

    def payload(self) -> bytes:
        """Encode the error."""
        return b"\xff" + self.code.to_bytes(2, "little") + b"#" + self.state.encode() + self.message.encode()


def read_error(payload: bytes) -> ServerError:
    """Decode an ERR packet, with or without an SQL state."""
    code = int.from_bytes(payload[1:3], "little")
    rest = payload[3:]
    state = "HY000"
    if rest[:1] == b"#":
        state, rest = rest[1:6].decode("ascii", "replace"), rest[6:]
    return ServerError(code, state, rest.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class OkPacket:
    """An OK packet of a database: its status, and the session state that it says has changed."""

    status: int
    variables: tuple[tuple[str, str], ...] = ()
    state_changed: bool = False
    untracked: bytes = b""
    """The same packet's payload for a client that did not ask for session tracking."""


def read_ok(payload: bytes, tracks: bool) -> OkPacket:
    """Decode an OK packet.

    Args:
        payload: The packet's payload.
        tracks: Whether session tracking was agreed upon, so that state may follow the message.

    Raises:
        ProtocolError: It is broken.
    """
    _, position = read_length(payload, 1)
    _, position = read_length(payload, position)
    if len(payload) < position + 4:
        raise ProtocolError("an OK packet is too short")
    status = int.from_bytes(payload[position : position + 2], "little")
    if not tracks:
        return OkPacket(status, untracked=payload)
    after = position + 4
    message, end = read_text(payload, after) if after < len(payload) else (b"", after)
    plain = status & ~SESSION_STATE_CHANGED
    untracked = payload[:position] + plain.to_bytes(2, "little") + payload[position + 2 : end if message else after]
    if not status & SESSION_STATE_CHANGED or end >= len(payload):
        return OkPacket(plain, untracked=untracked)
    changes, _ = read_text(payload, end)
    variables, changed = _session_changes(changes)
    return OkPacket(plain, variables, changed, untracked)


def _session_changes(data: bytes) -> tuple[tuple[tuple[str, str], ...], bool]:
    variables: list[tuple[str, str]] = []
    changed = False
    position = 0
    while position < len(data):
        kind = data[position]
        entry, position = read_text(data, position + 1)
        if kind == 0:
            at = 0
            while at < len(entry):
                name, at = read_text(entry, at)
                value, at = read_text(entry, at)
                variables.append((name.decode("utf-8", "replace").lower(), value.decode("utf-8", "replace")))
        elif kind == 2:
            changed = entry.endswith(b"1")
    return tuple(variables), changed
