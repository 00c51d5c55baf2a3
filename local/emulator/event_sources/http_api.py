"""API Gateway's HTTP API with payload format 2.0. What it answers is in docs/reference/event-sources.md."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from local.emulator.event_sources import payload2
from local.emulator.event_sources.base import (
    Call,
    HttpResponse,
    SourceFault,
    WireRequest,
    gateway_context,
    json_response,
)

MAX_LINE_AND_HEADERS = 10_240
MAX_BODY = 10 * 1024 * 1024
ERROR = json_response(500, '{"message":"Internal Server Error"}')
UNAVAILABLE = json_response(503, '{"message":"Service Unavailable"}')
TOO_LARGE = json_response(413, '{"message":"Request Entity Too Large"}')

FAULTS = {
    SourceFault.URL_TOO_LONG: json_response(414, '{"message":"URI Too Long"}'),
    SourceFault.HEADERS_TOO_LARGE: json_response(431, '{"message":"Request Header Fields Too Large"}'),
    SourceFault.BODY_TOO_LARGE: TOO_LARGE,
    SourceFault.EVENT_TOO_LARGE: TOO_LARGE,
    SourceFault.THROTTLED: UNAVAILABLE,
    SourceFault.FUNCTION_ERROR: ERROR,
    SourceFault.FUNCTION_TIMEOUT: ERROR,
    SourceFault.SOURCE_TIMEOUT: UNAVAILABLE,
    SourceFault.BAD_ANSWER: ERROR,
    SourceFault.ANSWER_TOO_LARGE: ERROR,
    SourceFault.NO_ROUTE: json_response(404, '{"message":"Not Found"}'),
}


class HttpApi:
    """An HTTP API's `$default` stage."""

    name = "v2"
    title = "API Gateway, HTTP API"
    timeout: float | None = 30.0
    by_method = True
    decodes_path = True
    answer_limit: int | None = MAX_BODY

    def refuse(self, request: WireRequest) -> SourceFault | None:
        """Return what is beyond a limit: request line and header values have one together."""
        if request.line_bytes > MAX_LINE_AND_HEADERS:
            return SourceFault.URL_TOO_LONG
        if request.line_bytes + sum(len(value) for _, value in request.headers) > MAX_LINE_AND_HEADERS:
            return SourceFault.HEADERS_TOO_LARGE
        return SourceFault.BODY_TOO_LARGE if len(request.body) > MAX_BODY else None

    def event(self, request: WireRequest, call: Call) -> dict[str, Any]:
        """Return the event in payload format 2.0; `rawPath` is decoded, whatever its name says."""
        return payload2.event(request, call, unquote(request.path), gateway_context(request))

    def response(self, payload: bytes) -> HttpResponse:
        """Return the answer of payload format 2.0."""
        return payload2.response(payload)

    def fault(self, fault: SourceFault) -> HttpResponse:
        """Return the answer of `FAULTS`."""
        return FAULTS.get(fault, ERROR)
