"""Where the server is: its address is looked up once, and on another machine only where that was allowed."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

from local.errors import UserError

CONNECT_SECONDS = 10
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class LoadTarget:
    """A server that takes connections."""

    ip: str
    port: int
    host: str
    """The value of the `Host` header."""
    base: str
    """What comes before every path; empty or `/...`, without a slash at its end."""
    tls_name: str = ""
    """The name on the server's certificate; empty without TLS."""


def find(url: str, *, remote: bool = False) -> LoadTarget:
    """Return the server at `http://HOST:PORT`, once it has taken a connection. Raises `UserError` in one line.

    An address that is not this machine's own is refused unless `remote`: a load hurts, and a slip of the hand must not
    send it to somebody.
    """
    parts, name, port = split(url)
    host = f"[{name}]" if ":" in name else name
    shown = f"{parts.scheme}://{host}:{port}"
    return LoadTarget(
        _reachable(name, port, shown, remote),
        port,
        host if port == PORTS[parts.scheme] else f"{host}:{port}",
        quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._"),
        name if parts.scheme == "https" else "",
    )


def split(url: str) -> tuple[SplitResult, str, int]:
    """Return the parts of `http://HOST:PORT`, its host in ASCII, and its port. Raises `UserError` for others."""
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else PORTS.get(parts.scheme, 0)
        name = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        port, name = 0, ""
    if not (port and name) or parts.scheme not in PORTS or parts.username is not None or parts.query or parts.fragment:
        raise UserError("the URL is the address of a running server: http://HOST:PORT")
    return parts, name, port


def _reachable(name: str, port: int, shown: str, remote: bool) -> str:
    """Return the first of a name's addresses that takes a connection."""
    try:
        addresses = dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as problem:
        raise UserError(f"{shown} is not known: {getattr(problem, 'strerror', None) or problem}") from None
    if not remote and not all(ip_address(address.partition("%")[0]).is_loopback for address in addresses):
        raise UserError(f"{shown} is not this machine; --remote allows a load on a server that is yours")
    reason = "no address"
    for address in addresses:
        try:
            with socket.create_connection((address, port), timeout=CONNECT_SECONDS):
                return address
        except OSError as problem:
            reason = problem.strerror or str(problem)
    raise UserError(f"no server answers at {shown}: {reason}")
