"""The services' protocol on the wire: `TEAM,ACCOUNT`, a line feed, the result."""

from __future__ import annotations

from typing import NamedTuple

from crossover.request_id import HEADER
from crossover.runner import Unavailable
from crossover.seam import Invalid
from crossover.settings import Identity

TEXT = (b"content-type", b"text/plain; charset=utf-8")
INVALID_REASON = b"x-invalid-reason"


class Response(NamedTuple):
    """An answer as every HTTP adapter sends it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def text_response(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    """Return a plain text answer of any status."""
    return Response(status, [TEXT, (b"content-length", b"%d" % len(body)), *headers], body)


class Envelope:
    """Puts results into answers. A result and `INVALID` are 200; 503 and 500 are the platform's own.

    `first_line` begins every body: team, account and a line feed.
    """

    def __init__(self, identity: Identity) -> None:
        self.first_line = f"{identity.team_name},{identity.team_aws_account}\n".encode()

    def result(self, result: bytes) -> Response:
        """Return the answer that carries a service's result."""
        body = self.first_line + result
        return Response(200, [TEXT, (b"content-length", b"%d" % len(body))], body)

    def invalid(self, problem: Invalid) -> Response:
        """Return the answer to bad input, with its reason in `X-Invalid-Reason`."""
        return text_response(200, self.first_line + b"INVALID", (INVALID_REASON, str(problem).encode("ascii")))

    def unavailable(self, problem: Unavailable) -> Response:
        """Return the answer where the platform cannot meet a need now."""
        retry_after = (b"retry-after", b"%d" % problem.retry_after)
        return text_response(503, self.first_line + b"UNAVAILABLE", retry_after)

    def failed(self, named: str) -> Response:
        """Return the answer to a fault of the service, with the id of its log line."""
        return text_response(500, self.first_line + b"ERROR", (HEADER, named.encode()))
