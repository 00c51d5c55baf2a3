"""The protocol of the bundle's services on the wire: `TEAM,ACCOUNT`, a line feed, the result or `INVALID`.

A service of `crossover.web` has no part in it: its answers are sent as they are.
"""

from __future__ import annotations

from crossover.request_id import HEADER
from crossover.responses import TEXT, Response, text_response
from crossover.runner import Unavailable
from crossover.seam import Invalid
from crossover.settings import Identity

INVALID_REASON = b"x-invalid-reason"


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
