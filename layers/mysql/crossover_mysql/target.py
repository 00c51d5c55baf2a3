"""The URL of a store on MySQL: `mysql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE&...`.

| option | meaning | default |
| --- | --- | --- |
| tls | `1`: only over TLS, the certificate checked against the system's authorities | 0 |
| ca | the same, checked against the certificates in this file, those of RDS for instance | |
| secret | ARN of a secret with `username` and `password`, read again when they are refused | |
| auth | `iam`: a token signed at each connect in place of a password, and only over TLS | |
| size | connections of one process, at most | 2 |
| borrow_timeout | seconds that a request may wait for one | 2 |
| lifetime | seconds that one may live, less up to a fifth | 1800 |
| connect_timeout | seconds that a connect may take, its handshake included | 1 |
| read_timeout | seconds that a statement may take, its whole answer included | 1 |
| replicas | `HOST:PORT,HOST:PORT`: read from these as long as they have what the primary has, 16 at most | |

Their sum has to lie below a function's own timeout: a first request connects and reads, and one whose connection dies
reads, connects and reads again. User, password and database are percent-decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from crossover.stores.policy import Limits

MAX_SIZE = 100
MAX_REPLICAS = 16
DEFAULT_PORT = 3306
MAX_SECONDS = 86_400.0
MAX_SECRET_CHARACTERS = 2_048
"""The API's limit of a secret's id."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a store is, and how it is talked to. Times are seconds."""

    host: str
    port: int
    user: str
    password: str
    database: str
    tls: bool = False
    ca: str | None = None
    secret: str = ""
    iam: bool = False
    connect_timeout: float = 1.0
    read_timeout: float = 1.0
    replicas: tuple[tuple[str, int], ...] = ()
    """Host and port of each."""
    limits: Limits = field(default_factory=Limits)

    def __repr__(self) -> str:
        return f"<{self.user}@{self.host}:{self.port}/{self.database}>"


def parse(url: str) -> Target:
    """Return what a URL says.

    Raises:
        ValueError: With a message that repeats no part of the URL that could be a password.
    """
    if "|mysql://" in url:
        raise ValueError("this takes the URL of one database, and not of several")
    try:
        parts = urlsplit(url)
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise ValueError("the store's URL has no valid host and port")
    try:
        user, password, database = (
            unquote(part, errors="strict")
            for part in (parts.username or "", parts.password or "", parts.path.removeprefix("/"))
        )
    except UnicodeDecodeError:
        # Not from this error, whose message has a byte of the password.
        raise ValueError("user, password and database of the store's URL are not UTF-8 once decoded") from None
    if parts.scheme != "mysql" or not parts.hostname or not database or parts.fragment:
        raise ValueError("a MySQL store's URL is mysql://USER:PASSWORD@HOST:PORT/DATABASE")
    target = Target(parts.hostname, port, user, password, database)
    options = _options(parts)
    if not user and "secret" not in dict(options):
        raise ValueError("a MySQL store's URL is mysql://USER:PASSWORD@HOST:PORT/DATABASE")
    for name, value in options:
        if name not in _OPTIONS:
            raise ValueError(f"a MySQL store's URL takes the options {', '.join(_OPTIONS)}, each once")
        target = _OPTIONS[name](target, value)
    if (target.secret or target.iam) and password:
        raise ValueError("a store's URL with secret or auth has no password of its own")
    if target.secret and target.iam:
        raise ValueError("a store's URL has either secret or auth")
    return target


def _options(parts: SplitResult) -> list[tuple[str, str]]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    return [(name if names.count(name) == 1 else "", value) for name, value in pairs]


def _tls(target: Target, value: str) -> Target:
    if value not in ("0", "1"):
        raise ValueError("tls is 0 or 1")
    return replace(target, tls=value == "1" or target.tls)


def _ca(target: Target, value: str) -> Target:
    try:
        with Path(value).open("rb") as file:
            filled = bool(file.read(1))
    except (OSError, ValueError):
        filled = False
    if not filled:
        raise ValueError("ca is a file of certificates that can be read and is not empty")
    return replace(target, tls=True, ca=value)


def _secret(target: Target, value: str) -> Target:
    if not 1 <= len(value) <= MAX_SECRET_CHARACTERS or not value.isprintable():
        raise ValueError("secret is the ARN or the name of a secret")
    return replace(target, secret=value)


def _auth(target: Target, value: str) -> Target:
    if value != "iam":
        raise ValueError("auth is iam")
    return replace(target, iam=True, tls=True)


def _size(target: Target, value: str) -> Target:
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(MAX_SIZE)) and 1 <= int(value) <= MAX_SIZE):
        raise ValueError(f"size is a whole number from 1 to {MAX_SIZE}")
    return replace(target, limits=replace(target.limits, size=int(value)))


def _replicas(target: Target, value: str) -> Target:
    try:
        places = [urlsplit(f"//{place}") for place in value.split(",")]
        replicas = {(place.hostname or "", DEFAULT_PORT if place.port is None else place.port) for place in places}
        plain = all(f"//{place.netloc}" == place.geturl() and "@" not in place.netloc for place in places)
    except ValueError:
        places, replicas, plain = [], set(), False
    good = plain and all(host and port and not host.isspace() and " " not in host for host, port in replicas)
    if not good or not len(replicas) == len(places) <= MAX_REPLICAS:
        raise ValueError(f"replicas is HOST:PORT,HOST:PORT, each once and {MAX_REPLICAS} at most")
    return replace(target, replicas=tuple((str(p.hostname), p.port or DEFAULT_PORT) for p in places))


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= MAX_SECONDS:
        raise ValueError(f"{name} is a number of seconds above 0 and up to {MAX_SECONDS:.0f}")
    return seconds


def _time_of_target(name: str) -> Callable[[Target, str], Target]:
    return lambda target, value: replace(target, **{name: _seconds(name, value)})  # type: ignore[arg-type]


def _time_of_limits(name: str) -> Callable[[Target, str], Target]:
    return lambda target, value: replace(target, limits=replace(target.limits, **{name: _seconds(name, value)}))  # type: ignore[arg-type]


_OPTIONS: dict[str, Callable[[Target, str], Target]] = {
    "tls": _tls,
    "ca": _ca,
    "secret": _secret,
    "auth": _auth,
    "size": _size,
    "borrow_timeout": _time_of_limits("borrow_timeout"),
    "lifetime": _time_of_limits("lifetime"),
    "connect_timeout": _time_of_target("connect_timeout"),
    "read_timeout": _time_of_target("read_timeout"),
    "replicas": _replicas,
}
