"""API Gateway REST API with Lambda proxy integration, payload format 1.0: docs/reference/event-sources.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.emulator.event_sources.base import (
    BadAnswer,
    Call,
    HttpResponse,
    SourceFault,
    WireRequest,
    body_of,
    decoded_pairs,
    forwarded,
    gateway_context,
    headers_of,
    json_response,
    loads,
    multi,
    status_of,
    with_default,
)

MAX_URL = 10_240
MAX_HEADERS = 10_240
MAX_BODY = 10 * 1024 * 1024
REMAPPED = frozenset(("connection", "content-length", "date", "server", "www-authenticate"))
"""Headers of an answer that the API sets itself; the function's own get another name. API Gateway guide, Amazon API
Gateway important notes."""
ERROR = json_response(502, '{"message": "Internal server error"}')
TOO_LARGE = json_response(413, '{"message": "Request Too Long"}')

FAULTS = {
    SourceFault.URL_TOO_LONG: json_response(414, '{"message": "URI Too Long"}'),
    SourceFault.HEADERS_TOO_LARGE: json_response(431, '{"message": "Request Header Fields Too Large"}'),
    SourceFault.BODY_TOO_LARGE: TOO_LARGE,
    SourceFault.EVENT_TOO_LARGE: TOO_LARGE,
    SourceFault.THROTTLED: json_response(500, '{"message": "Internal server error"}'),
    SourceFault.FUNCTION_ERROR: ERROR,
    SourceFault.FUNCTION_TIMEOUT: ERROR,
    SourceFault.SOURCE_TIMEOUT: json_response(504, '{"message": "Endpoint request timed out"}'),
    SourceFault.BAD_ANSWER: ERROR,
    SourceFault.ANSWER_TOO_LARGE: ERROR,
    SourceFault.NO_ROUTE: json_response(403, '{"message":"Missing Authentication Token"}'),
}


class RestApi:
    """A REST API's stage `prod`. Without a route of its own a request takes the resource `/{proxy+}`."""

    name = "v1"
    title = "API Gateway, REST API"
    timeout: float | None = 29.0
    by_method = True
    decodes_path = False
    answer_limit: int | None = MAX_BODY

    def refuse(self, request: WireRequest) -> SourceFault | None:
        """Return what is beyond a limit: URL and headers have one each."""
        if len(request.target) > MAX_URL:
            return SourceFault.URL_TOO_LONG
        if sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADERS:
            return SourceFault.HEADERS_TOO_LARGE
        return SourceFault.BODY_TOO_LARGE if len(request.body) > MAX_BODY else None

    def event(self, request: WireRequest, call: Call) -> dict[str, Any]:
        """Return the event: query decoded, in two maps; absent things are null; a body is text."""
        headers = multi(forwarded(request, call))
        query = multi(decoded_pairs(request.query))
        _, _, resource = call.route.partition(" ")
        parameters: Mapping[str, str] = call.parameters
        if not resource:
            resource, parameters = "/{proxy+}", {"proxy": request.path.lstrip("/")}
        return {
            "version": "1.0",
            "resource": resource,
            "path": request.path,
            "httpMethod": request.method,
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": dict(parameters) or None,
            "stageVariables": None,
            "requestContext": {
                **gateway_context(request),
                "extendedRequestId": call.id,
                "httpMethod": request.method,
                "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
                "path": f"/prod{request.path}",
                "protocol": "HTTP/1.1",
                "requestId": call.id,
                "requestTime": call.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
                "requestTimeEpoch": int(call.now.timestamp() * 1000),
                "resourceId": "local",
                "resourcePath": resource,
                "stage": "prod",
            },
            "body": request.body.decode("utf-8", "replace") or None,
            "isBase64Encoded": False,
        }

    def response(self, payload: bytes) -> HttpResponse:
        """Return the answer of a map with `statusCode`; base64 is passed on: no binary type is configured."""
        answer = loads(payload)
        if not isinstance(answer, dict):
            raise BadAnswer("no map")
        many = headers_of(answer, multiple=True)
        names = {name.lower() for name, _ in many}
        headers = [pair for pair in headers_of(answer) if pair[0].lower() not in names] + many
        headers = [(f"x-amzn-remapped-{name}" if name.lower() in REMAPPED else name, text) for name, text in headers]
        body = body_of(answer, decode=False)
        return HttpResponse(status_of(answer), with_default(headers, "content-type", "application/json"), body)

    def fault(self, fault: SourceFault) -> HttpResponse:
        """Return the answer of `FAULTS`."""
        return FAULTS.get(fault, ERROR)
