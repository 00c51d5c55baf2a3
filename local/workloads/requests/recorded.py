"""A request as a file has recorded it, and what its readers share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from local.errors import UserError

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_REQUESTS = 10_000
MAX_TARGET = 8_192
"""Characters of a path with its query."""
MAX_HEADERS = 64
MAX_BODY_BYTES = 6_000_000
"""What a Function URL passes on, headers left aside."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
WITH_BODY = ("POST", "PUT", "PATCH")
"""Methods whose length is given even where it is 0."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]{0,8192}")
DROPPED_HEADERS = frozenset(
    (
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "if-modified-since", "if-none-match", "accept-encoding"),
    )
)
"""Headers that belong to the recorded connection or to the browser's cache; compressed answers cannot be compared."""


OWN = (("accept", "*/*"), ("user-agent", "crossover"))
"""Headers of a request that names none of its own."""
FORWARDED = (("x-forwarded-for", "127.0.0.1"), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https"))
"""What a load balancer in front of a container adds, as Lambda's event sources do."""


class RecordedRequest(NamedTuple):
    """A request to be sent again."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""
    body: bytes = b""

    @property
    def shown(self) -> str:
        """Its method and target, as a report shows it."""
        return f"{self.method} {self.target if len(self.target) <= 80 else self.target[:77] + '...'}"

    def headers_sent(self, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """Return its headers, the usual ones and `more`; those that it names itself take precedence."""
        named = {name for name, _ in self.headers}
        return (*(pair for pair in (*more, *OWN) if pair[0] not in named), *self.headers)


class Recording(NamedTuple):
    """The requests of a file, and what was left out of it."""

    requests: tuple[RecordedRequest, ...]
    notes: tuple[str, ...] = ()


class Unusable(ValueError):
    """An entry cannot be sent. The message says why."""


def request_of(method: str, url: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> RecordedRequest:
    """Return a request to the path of a URL. Raises `Unusable`."""
    method = method.upper()
    if method not in METHODS:
        raise Unusable(f"the method {method[:20]!r}")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unusable("an address that is none") from None
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
    target = quote(target, safe="/%:@!$&'()*+,;=~-._?[]{}|\"<>^`\\") if not target.isascii() else target
    if not target.startswith("/") or len(target) > MAX_TARGET or not target.isprintable() or " " in target:
        raise Unusable("a path that cannot be sent")
    if len(body) > MAX_BODY_BYTES:
        raise Unusable(f"a body of more than {MAX_BODY_BYTES:,} bytes")
    kept = []
    for name, value in headers:
        name = name.lower()
        if name in DROPPED_HEADERS or name.startswith((":", "sec-")):
            continue
        if not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            raise Unusable(f"the header {name[:40]!r}")
        kept.append((name, value.strip()))
    if len(kept) > MAX_HEADERS:
        raise Unusable(f"more than {MAX_HEADERS} headers")
    return RecordedRequest(method, target, tuple(kept), body)


class Gathered:
    """Collects the requests of a file and counts what is left out, by reason."""

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self._left_out: dict[str, int] = {}

    def add(self, request: RecordedRequest) -> None:
        """Add a request. Raises `UserError` where there are too many."""
        if len(self.requests) >= MAX_REQUESTS:
            raise UserError(f"the file has more than {MAX_REQUESTS:,} requests; give a part of it")
        self.requests.append(request)

    def leave_out(self, reason: str) -> None:
        """Count an entry that is not sent."""
        self._left_out[reason] = self._left_out.get(reason, 0) + 1

    def recording(self) -> Recording:
        """Return everything. Raises `UserError` where there is no request."""
        notes = tuple(f"{count} left out: {reason}" for reason, count in self._left_out.items())
        if not self.requests:
            raise UserError(f"the file has no request that can be sent{': ' + '; '.join(notes) if notes else ''}")
        return Recording(tuple(self.requests), notes)
