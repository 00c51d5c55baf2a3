"""An answer on its way to an HTTP adapter."""

from __future__ import annotations

from typing import NamedTuple

TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Response(NamedTuple):
    """An answer as every HTTP adapter sends it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def text_response(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    """Return a plain text answer of any status."""
    return Response(status, [TEXT, (b"content-length", b"%d" % len(body)), *headers], body)
