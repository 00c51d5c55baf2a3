"""Lambda Function URL, payload format 2.0. Its behaviour is listed in docs/reference/event-sources.md."""

from __future__ import annotations

from typing import Any

from local.emulator import quotas
from local.emulator.event_sources import payload2
from local.emulator.event_sources.base import (
    Call,
    HttpResponse,
    SourceFault,
    WireRequest,
    gateway_context,
    json_response,
)

DEFAULT_ROUTE = "$default"
"""The only route of a Function URL."""
MAX_REQUEST_LINE = 16 * 1024
MAX_HEADERS = 64 * 1024
ERROR = HttpResponse(502, (("content-type", "text/plain"),), b"Internal Server Error")
THROTTLED = '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}'
TOO_LARGE = f'{{"Message":"Request must be smaller than {quotas.PAYLOAD} bytes for the InvokeFunction operation"}}'

FAULTS = {
    SourceFault.URL_TOO_LONG: json_response(414, '{"Message":null}'),
    SourceFault.HEADERS_TOO_LARGE: json_response(431, '{"Message":null}'),
    SourceFault.BODY_TOO_LARGE: json_response(413, TOO_LARGE),
    SourceFault.EVENT_TOO_LARGE: json_response(413, TOO_LARGE),
    SourceFault.THROTTLED: json_response(429, THROTTLED),
    SourceFault.FUNCTION_ERROR: ERROR,
    SourceFault.FUNCTION_TIMEOUT: ERROR,
    SourceFault.BAD_ANSWER: ERROR,
    SourceFault.ANSWER_TOO_LARGE: ERROR,
    SourceFault.NO_ROUTE: json_response(404, '{"Message":null}'),
}


class FunctionUrl:
    """A URL for one function."""

    name = "url"
    title = "Function URL"
    timeout: float | None = None
    by_method = False
    decodes_path = False
    answer_limit: int | None = None

    def refuse(self, request: WireRequest) -> SourceFault | None:
        """Return what is beyond a limit; AWS publishes the payload's alone."""
        if request.line_bytes > MAX_REQUEST_LINE:
            return SourceFault.URL_TOO_LONG
        if sum(len(name) + len(value) + 4 for name, value in request.headers) > MAX_HEADERS:
            return SourceFault.HEADERS_TOO_LARGE
        return SourceFault.BODY_TOO_LARGE if len(request.body) > quotas.PAYLOAD else None

    def event(self, request: WireRequest, call: Call) -> dict[str, Any]:
        """Return the event in payload format 2.0; the path stays encoded."""
        context = {**gateway_context(request, "anonymous"), "authentication": None}
        return payload2.event(request, call._replace(route=DEFAULT_ROUTE, parameters={}), request.path, context)

    def response(self, payload: bytes) -> HttpResponse:
        """Return the answer of payload format 2.0."""
        return payload2.response(payload, quoted=True)

    def fault(self, fault: SourceFault) -> HttpResponse:
        """Return the answer of `FAULTS`."""
        return FAULTS.get(fault, ERROR)
