"""Application Load Balancer with a Lambda target, single- and multi-value: docs/reference/event-sources.md."""

from __future__ import annotations

from typing import Any

from local.emulator.event_sources.base import (
    BadAnswer,
    Call,
    HttpResponse,
    SourceFault,
    WireRequest,
    body_of,
    event_body,
    forwarded,
    headers_of,
    loads,
    multi,
    raw_pairs,
    status_of,
    with_default,
)

MAX_LINE = 16 * 1024
"""Of the request line, and of each header."""
MAX_HEADERS = 64 * 1024
MAX_BODY = 1024 * 1024
"""Of the request's body, and of the function's answer as JSON."""
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/local/0000000000000000"


PHRASES = {
    400: "Bad Request",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
}


def _page(status: int) -> HttpResponse:
    title = f"{status} {PHRASES[status]}"
    head, center = f"<head><title>{title}</title></head>", f"<center><h1>{title}</h1></center>"
    body = "\r\n".join(["<html>", head, "<body>", center, "</body>", "</html>", ""])
    return HttpResponse(status, (("content-type", "text/html"),), body.encode())


ERROR = _page(502)
FAULTS = {
    SourceFault.URL_TOO_LONG: _page(414),
    SourceFault.HEADERS_TOO_LARGE: _page(400),
    SourceFault.BODY_TOO_LARGE: _page(413),
    SourceFault.EVENT_TOO_LARGE: _page(413),
    SourceFault.UPGRADE: _page(400),
    SourceFault.NO_ROUTE: _page(503),
}
"""Everything that goes wrong behind it is a 502."""


class LoadBalancer:
    """A listener in front of one function. `multiple` is the target group's switch for multi-value headers."""

    timeout: float | None = None
    by_method = False
    decodes_path = False
    answer_limit: int | None = MAX_BODY

    def __init__(self, multiple: bool = False) -> None:
        self.multiple = multiple
        self.name = "alb-multi" if multiple else "alb"
        self.title = f"Application Load Balancer, {'multi' if multiple else 'single'}-value"

    def refuse(self, request: WireRequest) -> SourceFault | None:
        """Return what is beyond the limit of a line, of all lines together, or of a body; upgrades are refused."""
        if request.header("upgrade"):
            return SourceFault.UPGRADE
        if request.line_bytes > MAX_LINE:
            return SourceFault.URL_TOO_LONG
        sizes = [len(name) + len(value) + 4 for name, value in request.headers]
        if max(sizes, default=0) > MAX_LINE or sum(sizes) > MAX_HEADERS:
            return SourceFault.HEADERS_TOO_LARGE
        return SourceFault.BODY_TOO_LARGE if len(request.body) > MAX_BODY else None

    def event(self, request: WireRequest, call: Call) -> dict[str, Any]:
        """Return the event. Query values are not decoded; of repeated keys the last wins in single-value mode."""
        query = multi(raw_pairs(request.query))
        headers = multi((name.lower(), value) for name, value in forwarded(request, call))
        body, encoded = event_body(request)
        event: dict[str, Any] = {
            "requestContext": {"elb": {"targetGroupArn": TARGET_GROUP}},
            "httpMethod": request.method,
            "path": request.path,
        }
        if self.multiple:
            event |= {"multiValueQueryStringParameters": query, "multiValueHeaders": headers}
        else:
            event["queryStringParameters"] = {name: values[-1] for name, values in query.items()}
            event["headers"] = {name: values[-1] for name, values in headers.items()}
        return event | {"body": body or "", "isBase64Encoded": encoded}

    def response(self, payload: bytes) -> HttpResponse:
        """Return the answer of a map with `statusCode`, and headers in the form that the switch asks for."""
        answer = loads(payload)
        if not isinstance(answer, dict):
            raise BadAnswer("no map")
        headers = with_default(headers_of(answer, self.multiple), "content-type", "application/octet-stream")
        return HttpResponse(status_of(answer), headers, body_of(answer))

    def fault(self, fault: SourceFault) -> HttpResponse:
        """Return the page of `FAULTS`."""
        return FAULTS.get(fault, ERROR)
