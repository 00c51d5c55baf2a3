"""How a client gets in: the greeting, TLS, and the proof of its password or token.

What comes before TLS is read from the socket in exact sizes. A client's first bytes of TLS may share a read with its
request for it, and an event loop that upgrades a transport in place loses them.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
import string
from typing import TYPE_CHECKING

from pymysql import _auth as scrambles

from local.emulator.rds_proxy import iam, wire
from local.emulator.rds_proxy.client import MAX_LOGIN_BYTES, ClientSession
from local.emulator.rds_proxy.pool import PoolKey
from local.emulator.rds_proxy.settings import AUTH_PLUGINS
from local.emulator.rds_proxy.tracked import SessionState
from local.emulator.rds_proxy.wire import ProtocolError, ServerError

if TYPE_CHECKING:
    from local.emulator.rds_proxy.proxy import RdsProxy

TLS_REQUIRED = ServerError(3159, "HY000", "This RDS Proxy requires TLS connections.")
_NONCE_CHARACTERS = (string.ascii_letters + string.digits).encode()


class _Refused(Exception):
    """The client is not let in. The log says why; the client only what `error` says."""

    def __init__(self, error: ServerError, why: str) -> None:
        super().__init__(why)
        self.error = error


async def let_in(proxy: RdsProxy, connection: socket.socket, number: int) -> None:
    """Greet a client and sign it in, or send it away; bounded in time by the caller.

    Args:
        proxy: Whose client it is.
        connection: Its socket, which is taken over.
        number: The id of the client's connection.

    Raises:
        ProtocolError: It does not speak the protocol.
        OSError: It is gone.
    """
    loop = asyncio.get_running_loop()
    nonce = bytes(secrets.choice(_NONCE_CHARACTERS) for _ in range(wire.NONCE_BYTES))
    plugin = wire.CLEARTEXT if proxy.settings.iam_auth else AUTH_PLUGINS[proxy.settings.client_password_auth_type]
    offered = wire.OFFERED | (wire.SSL if proxy.tls else 0)
    greeting = wire.Greeting(
        version=proxy.server.version,
        connection_id=number,
        nonce=nonce,
        capabilities=offered,
        collation=proxy.server.collation,
        status=wire.AUTOCOMMIT,
        plugin=wire.NATIVE if plugin == wire.CLEARTEXT else plugin,
    )
    await loop.sock_sendall(connection, wire.packet(0, greeting.payload()))
    sequence, payload = await _exact_packet(connection)
    session = ClientSession(proxy, number, secure=bool(proxy.tls and wire.asks_for_tls(payload)))
    session.sequence = sequence
    await loop.connect_accepted_socket(lambda: session, connection, ssl=proxy.tls if session.secure else None)
    proxy.client_came(session)
    try:
        if session.secure:
            payload = await session.packet()
        login = wire.read_login(payload)
        await _prove(proxy, session, login, plugin, nonce)
    except _Refused as refused:
        proxy.log_refused(session, str(refused))
        session.reply(refused.error.payload())
        session.end()
        return
    except ProtocolError:
        session.end()
        raise
    session.key = PoolKey(login.user, login.capabilities & wire.SHAPING)
    names = proxy.server.collations.get(login.collation)
    variables = (("NAMES", f"'{names[0]}' COLLATE '{names[1]}'"),) if names else ()
    session.state = SessionState(login.database, variables)
    session.signed_in = True
    proxy.log_connected(session)
    session.reply(wire.ok())


async def _prove(proxy: RdsProxy, session: ClientSession, login: wire.LoginRequest, plugin: str, nonce: bytes) -> None:
    """Have the client prove who it is.

    Raises:
        _Refused: It cannot.
    """
    if proxy.settings.require_tls and not session.secure:
        raise _Refused(TLS_REQUIRED, "the proxy requires TLS")
    proof = login.proof
    if plugin == wire.CLEARTEXT and not session.secure:
        raise _Refused(TLS_REQUIRED, "a token needs TLS")
    if login.plugin != plugin:
        session.reply(wire.auth_switch(plugin, nonce))
        proof = await session.packet()
    denied = ServerError(
        1045,
        "28000",
        f"Access denied for user '{login.user}'@'%' (using password: {'YES' if proof.strip(bytes(1)) else 'NO'})",
    )
    if plugin == wire.CLEARTEXT:
        token = proof.split(b"\0", 1)[0].decode("utf-8", "replace")
        why = iam.refusal(token, login.user, proxy.endpoint, proxy.users.keys, proxy.wall_clock())
        if why is None and login.user not in proxy.users.passwords:
            why = "there is no secret for the user"
        if why is not None:
            raise _Refused(denied, f"IAM authentication failed: {why}")
        return
    # A user that is not known takes as long as a wrong password.
    known = proxy.users.passwords.get(login.user)
    secret = (known if known is not None else secrets.token_hex(8)).encode()
    scramble = scrambles.scramble_native_password if plugin == wire.NATIVE else scrambles.scramble_caching_sha2
    right = hmac.compare_digest(bytes(scramble(secret, nonce)), proof.rstrip(b"\0") if not secret else proof)
    if not right or known is None:
        raise _Refused(denied, "the user or its password is wrong")
    if plugin == wire.CACHING_SHA2 and secret:
        session.reply(b"\x01\x03")


async def _exact_packet(connection: socket.socket) -> tuple[int, bytes]:
    header = await _exactly(connection, wire.HEADER_BYTES)
    size = int.from_bytes(header[:3], "little")
    if size > MAX_LOGIN_BYTES:
        raise ProtocolError("a login is too long")
    return header[3], await _exactly(connection, size)


async def _exactly(connection: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = b""
    while len(received) < size:
        part = await loop.sock_recv(connection, size - len(received))
        if not part:
            raise ConnectionError("the client is gone")
        received += part
    return received
