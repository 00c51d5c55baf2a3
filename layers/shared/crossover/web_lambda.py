"""A service of routes on Lambda: HTTP events of every source, read and answered as the container does over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

from crossover.asgi import Bound, Headers, failure
from crossover.lambda_events import Answer, Event, joined
from crossover.responses import Response
from crossover.runner import at_once
from crossover.web import Problem
from crossover.web_service import TOO_LARGE, WebAnswers, WebService, refused

Observe = Callable[[str, Response], None]


def web_handler(bound: Bound, base_path: str, observe: Observe) -> Callable[[Any, Any], Answer]:
    """Make the function's handler."""
    service = WebService(bound.service, bound.runner)
    name, base = bound.service.name, base_path.rstrip("/")

    def answered(method: str, path: str, query: bytes, headers: Headers, body: bytes) -> Response:
        async def read(limit: int) -> bytes:
            if len(body) > limit:
                raise Problem(413, TOO_LARGE)
            return body

        try:
            return at_once(service.run(method, path, query, headers, read))
        except Exception as problem:
            return failure(problem, name, WebAnswers, headers)

    def handler(event: Any, _context: Any) -> Answer:
        event = event if isinstance(event, dict) else {}
        headers: list[tuple[bytes, bytes]] = []
        try:
            headers = list(headers_of(event))
            method, path = line_of(event)
            query, body = query_of(event), body_of(event)
            path = path.removeprefix(base) if base and path.startswith(f"{base}/") else path
        except (KeyError, TypeError, AttributeError, ValueError):
            response = refused(Problem(400, "the event is no HTTP request"))
        else:
            response = answered(method, path, query, headers, body)
        observe(name, response)
        return answer_to(response, event)

    return handler


def line_of(event: Event) -> tuple[str, str]:
    """Return method and percent-encoded path.

    An HTTP API alone decodes the path; the other sources pass it on as it came. A Function URL has the payload
    format of an HTTP API, but its account is `anonymous` or its domain says what it is.
    """
    context = event["requestContext"]
    if "http" not in context:
        return event["httpMethod"], event["path"]
    decoded = context.get("accountId") != "anonymous" and ".lambda-url." not in context.get("domainName", "")
    path = event["rawPath"]
    return context["http"]["method"], quote(path, safe="/", errors="surrogatepass") if decoded else path


def query_of(event: Event) -> bytes:
    """Return the raw query string."""
    if "http" in event["requestContext"]:
        return event.get("rawQueryString", "").encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]
    pairs = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    if "elb" in event["requestContext"]:
        return joined(pairs)
    return urlencode(pairs, doseq=True, errors="surrogatepass").encode()


def headers_of(event: Event) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers as ASGI has them: names in lower case, each value of several."""
    headers = event.get("multiValueHeaders") or event.get("headers")
    for name, values in headers.items() if isinstance(headers, dict) else ():
        for value in values if isinstance(values, list) else (values,):
            yield str(name).lower().encode("latin-1", "replace"), str(value).encode("latin-1", "replace")
    cookies = event.get("cookies")
    if isinstance(cookies, list):
        yield b"cookie", "; ".join(map(str, cookies)).encode("latin-1", "replace")


def body_of(event: Event) -> bytes:
    """Return the body."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")


def answer_to(response: Response, event: Event) -> Answer:
    """Return an answer in the form that the event's source takes; a repeated header is kept where it can be."""
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in response.headers]
    answer: Answer = {"statusCode": response.status}
    try:
        answer |= {"body": response.body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        answer |= {"body": base64.b64encode(response.body).decode(), "isBase64Encoded": True}
    context = event.get("requestContext")
    if isinstance(context, dict) and "http" in context:
        cookies = [value for name, value in pairs if name == "set-cookie"]
        several = _several([pair for pair in pairs if pair[0] != "set-cookie"])
        return (
            answer
            | {"headers": {n: ", ".join(v) for n, v in several.items()}}
            | ({"cookies": cookies} if cookies else {})
        )
    if "multiValueHeaders" in event:
        return answer | {"multiValueHeaders": _several(pairs)}
    return answer | {"headers": dict(pairs)}


def _several(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
