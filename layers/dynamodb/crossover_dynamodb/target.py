"""The URL of a store on DynamoDB: `dynamodb://TABLE?OPTION=VALUE&...`.

| option | meaning | default |
| --- | --- | --- |
| region | region of the table; else that of `AWS_REGION` or `AWS_DEFAULT_REGION` | |
| endpoint | address of the API, of a local server for instance | of the region |
| consistent | `1`: strongly consistent reads, which cost twice the read units | 0 |
| size | connections of one process, at most | 4 |
| refresh | seconds until a new load is noticed, at most | 1 |
| attempts | how often a request is sent at most, where the table is throttled | 3 |
| borrow_timeout | seconds that a request may wait for a connection | 2 |
| lifetime | seconds that a connection may live, less up to a fifth | 300 |
| connect_timeout | seconds that a connect may take, and then its handshake | 1 |
| read_timeout | seconds that an answer may take, whole | 1 |

A server on loopback gets made-up credentials. Everywhere else they come from the environment or, where it has none,
from botocore: profiles, roles of a service account (IRSA), EKS Pod Identity, ECS tasks, EC2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from crossover.stores.policy import Limits

MAX_SIZE = 100
MAX_ATTEMPTS = 10
MAX_SECONDS = 3_600.0
MAX_REFRESH_SECONDS = 5.0
"""Less than the half of the time that a load waits between its switch and its first deletion: see `generation`."""
LIFETIME_SECONDS = 300.0
TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}", re.ASCII)
"""DynamoDB's rule for names of tables (Developer Guide, Naming rules)."""
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", re.ASCII)
FORM = "a DynamoDB store's URL is dynamodb://TABLE?region=REGION"


@dataclass(frozen=True, slots=True)
class TableTarget:
    """Where a table is, and how it is read. Times are seconds."""

    table: str
    region: str = ""
    tls: bool = True
    host: str = ""
    port: int = 443
    consistent: bool = False
    refresh: float = 1.0
    attempts: int = 3
    connect_timeout: float = 1.0
    read_timeout: float = 1.0
    limits: Limits = field(default_factory=lambda: Limits(size=4, lifetime=LIFETIME_SECONDS))

    @property
    def authority(self) -> str:
        """The `Host` header: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint is a server on this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"table {self.table} at {self.authority}"


def parse(url: str, environ: Mapping[str, str]) -> TableTarget:
    """Return what a URL says, with the region of `environ` where it names none.

    Raises:
        ValueError: Where the URL is not one of a DynamoDB store.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(FORM) from None
    table = parts.netloc
    if parts.scheme != "dynamodb" or not TABLE_NAME.fullmatch(table) or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(FORM)
    target = TableTarget(table, environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", ""))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    for name, value in pairs:
        if name not in _OPTIONS or names.count(name) > 1:
            raise ValueError(f"a DynamoDB store's URL takes the options {', '.join(_OPTIONS)}, each once")
        target = _OPTIONS[name](target, value)
    if not REGION.fullmatch(target.region):
        raise ValueError("the store's URL names no region, such as ?region=us-east-1, and AWS_REGION is not set to one")
    if target.host:
        return target
    suffix = "amazonaws.com.cn" if target.region.startswith("cn-") else "amazonaws.com"
    return replace(target, host=f"dynamodb.{target.region}.{suffix}")


def _region(target: TableTarget, value: str) -> TableTarget:
    return replace(target, region=value)


def _endpoint(target: TableTarget, value: str) -> TableTarget:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    bare = not (parts.username or parts.password or parts.query or parts.fragment) and parts.path in ("", "/")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not bare:
        raise ValueError("endpoint is an address such as http://127.0.0.1:8000")
    tls = parts.scheme == "https"
    return replace(target, tls=tls, host=parts.hostname, port=port or (443 if tls else 80))


def _consistent(target: TableTarget, value: str) -> TableTarget:
    if value not in ("0", "1"):
        raise ValueError("consistent is 0 or 1")
    return replace(target, consistent=value == "1")


def _whole(name: str, value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(most)) and 1 <= int(value) <= most):
        raise ValueError(f"{name} is a whole number from 1 to {most}")
    return int(value)


def _seconds(name: str, value: str, most: float = MAX_SECONDS) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= most:
        raise ValueError(f"{name} is a number of seconds above 0 and up to {most:.0f}")
    return seconds


def _time_of_target(name: str, most: float = MAX_SECONDS) -> Callable[[TableTarget, str], TableTarget]:
    return lambda target, value: replace(target, **{name: _seconds(name, value, most)})  # type: ignore[arg-type]


def _time_of_limits(name: str) -> Callable[[TableTarget, str], TableTarget]:
    return lambda target, value: replace(target, limits=replace(target.limits, **{name: _seconds(name, value)}))  # type: ignore[arg-type]


_OPTIONS: dict[str, Callable[[TableTarget, str], TableTarget]] = {
    "region": _region,
    "endpoint": _endpoint,
    "consistent": _consistent,
    "size": lambda target, value: replace(target, limits=replace(target.limits, size=_whole("size", value, MAX_SIZE))),
    "refresh": _time_of_target("refresh", MAX_REFRESH_SECONDS),
    "attempts": lambda target, value: replace(target, attempts=_whole("attempts", value, MAX_ATTEMPTS)),
    "borrow_timeout": _time_of_limits("borrow_timeout"),
    "lifetime": _time_of_limits("lifetime"),
    "connect_timeout": _time_of_target("connect_timeout"),
    "read_timeout": _time_of_target("read_timeout"),
}
