"""The id of a request, which its log line and its answer carry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

HEADER = b"x-request-id"
_SOURCES = (HEADER, b"x-amzn-trace-id")
"""Headers that may carry an id, best first: a client's own or a proxy's, then that of AWS's load balancers."""
_USABLE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:;=-]{0,127}")
"""What an id may be made of: nothing that breaks a log line, a header or a query, and at most 128 bytes."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the id that a request came with, if it is usable, else a random one.

    >>> request_id([(b"x-request-id", b"checkout-42")])
    'checkout-42'
    """
    usable: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SOURCES and name not in usable and _USABLE.fullmatch(value):
            usable[name] = value
    for name in _SOURCES:
        if name in usable:
            return usable[name].decode()
    return os.urandom(16).hex()
