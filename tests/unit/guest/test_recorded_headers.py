"""Headers of a recorded request as they are sent."""

from __future__ import annotations

from local.workloads.requests.recorded import FORWARDED, RecordedRequest


def test_what_a_request_names_itself_takes_precedence() -> None:
    request = RecordedRequest("GET", "/", (("accept", "text/html"), ("x-forwarded-for", "192.0.2.1")))
    assert dict(request.headers_sent(("host", "localhost"), *FORWARDED)) == {
        "host": "localhost",
        "accept": "text/html",
        "user-agent": "crossover",
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
