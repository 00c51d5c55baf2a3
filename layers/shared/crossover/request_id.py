"""The name of one request, by which a person finds the log line that belongs to an answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

HEADER = b"x-request-id"
_SOURCES = (HEADER, b"x-amzn-trace-id")
"""Headers that may name a request, best first: a client's own or a proxy's, then that of AWS' load balancers."""
_USABLE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:;=-]{0,127}")
"""What a name may be made of: nothing that breaks a line, a header or a query for it, and no more than 128 bytes."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The name that a request came with, if it is usable; else a new one, of chance.

    >>> request_id([(b"x-request-id", b"checkout-42")])
    'checkout-42'
    """
    given: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SOURCES and name not in given and _USABLE.fullmatch(value):
            given[name] = value
    for name in _SOURCES:
        if name in given:
            return given[name].decode()
    return os.urandom(16).hex()
