"""Payload format 2.0, which Function URLs and HTTP APIs share: the event, and the answer with its inferred form."""

from __future__ import annotations

import json
from typing import Any

from local.emulator.event_sources.base import (
    BadAnswer,
    Call,
    HttpResponse,
    WireRequest,
    body_of,
    decoded_pairs,
    event_body,
    forwarded,
    header_of,
    headers_of,
    loads,
    multi,
    status_of,
    with_default,
)


def event(request: WireRequest, call: Call, path: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return the event. `context` is the source's own part of `requestContext`."""
    headers = multi((name.lower(), value) for name, value in forwarded(request, call))
    cookies = [cookie.strip() for value in headers.pop("cookie", []) for cookie in value.split(";")]
    query = {name: ",".join(values) for name, values in multi(decoded_pairs(request.query)).items()}
    body, encoded = event_body(request)
    optional = {
        "cookies": cookies,
        "queryStringParameters": query,
        "pathParameters": dict(call.parameters),
        "body": body,
    }
    return {
        "version": "2.0",
        "routeKey": call.route,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": {name: ",".join(values) for name, values in headers.items()},
        **{name: value for name, value in optional.items() if value},
        "requestContext": {
            **context,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": request.header("user-agent"),
            },
            "requestId": call.id,
            "routeKey": call.route,
            "stage": "$default",
            "time": call.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(call.now.timestamp() * 1000),
        },
        "isBase64Encoded": encoded,
    }


def response(payload: bytes, quoted: bool = False) -> HttpResponse:
    """Return the answer: a map with `statusCode`, or anything else, which is then the body of a 200.

    Args:
        payload: The function's answer.
        quoted: Whether a string that is the whole answer is sent as JSON, with its quotes.

    Raises:
        BadAnswer: where it cannot be sent.
    """
    answer = loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) and not quoted else json.dumps(answer, ensure_ascii=False)
        return HttpResponse(200, (("content-type", "application/json"),), body.encode("utf-8", "surrogatepass"))
    headers = list(with_default(headers_of(answer), "content-type", "application/json"))
    cookies = answer.get("cookies") or []
    if not isinstance(cookies, list):
        raise BadAnswer("cookies are no list")
    headers += [header_of("set-cookie", cookie) for cookie in cookies]
    return HttpResponse(status_of(answer), tuple(headers), body_of(answer))
