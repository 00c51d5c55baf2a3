"""Payload format 2.0, which Function URLs and HTTP APIs share: the event, and the answer with its inferred form."""

from __future__ import annotations

import json
from typing import Any

from local.emulator.event_sources.base import (
    Call,
    HttpRequest,
    HttpResponse,
    body_of,
    decoded_pairs,
    forwarded,
    headers_of,
    is_text,
    loads,
    multi,
    status_of,
    text_body,
    with_default,
)


def event(request: HttpRequest, call: Call, path: str, context: dict[str, Any]) -> dict[str, Any]:
    """The event. `context` is the source's own part of `requestContext`."""
    headers = multi((name.lower(), value) for name, value in forwarded(request, call))
    cookies = [cookie.strip() for value in headers.pop("cookie", []) for cookie in value.split(";")]
    query = {name: ",".join(values) for name, values in multi(decoded_pairs(request.query)).items()}
    content_type = request.header("content-type")
    body, encoded = text_body(request.body, is_text(content_type))
    optional = {"cookies": cookies, "queryStringParameters": query, "body": body}
    return {
        "version": "2.0",
        "routeKey": "$default",
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
            "routeKey": "$default",
            "stage": "$default",
            "time": call.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(call.now.timestamp() * 1000),
        },
        "isBase64Encoded": encoded,
    }


def response(payload: bytes) -> HttpResponse:
    """The answer: a map with `statusCode`, or anything else, which is then the body of a 200. Raises `BadAnswer`."""
    answer = loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return HttpResponse(200, (("content-type", "application/json"),), body.encode("utf-8", "surrogatepass"))
    headers = list(with_default(headers_of(answer), "content-type", "application/json"))
    cookies = answer.get("cookies") or []
    headers += [("set-cookie", str(cookie)) for cookie in cookies if isinstance(cookie, str)]
    return HttpResponse(status_of(answer), tuple(headers), body_of(answer))
