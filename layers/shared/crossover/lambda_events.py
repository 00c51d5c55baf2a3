"""Lambda's HTTP events, read and answered without an adapter where they are the plain GET of a known path.

Almost every invocation is one, and reading it takes less than a tenth of a general adapter's time; every other event
goes through Mangum (`crossover.lambda_adapter`). Both ways give the same answer, which the tests compare.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from crossover.responses import Response

Event = dict[str, Any]
Answer = dict[str, Any]


def query_of_get(event: Event, paths: frozenset[str]) -> bytes | None:
    """Return the raw query string of a GET of one of these paths, or None for any other event.

    Function URLs and HTTP APIs send it raw (payload format 2.0), load balancers raw but split, REST APIs decoded.
    """
    try:
        context = event["requestContext"]
        if "http" in context:
            http = context["http"]
            if http["path"] in paths and http["method"] == "GET" and event["version"] == "2.0":
                return event["rawQueryString"].encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]
        elif event["path"] in paths and event["httpMethod"] == "GET":
            pairs = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
            return joined(pairs) if "elb" in context else urlencode(pairs, doseq=True, errors="surrogatepass").encode()
    except (KeyError, TypeError, AttributeError):
        return None
    return None


def joined(pairs: dict[str, Any]) -> bytes:
    """Join what a load balancer split without decoding it."""
    return "&".join(
        f"{name}={value}"
        for name, values in pairs.items()
        for value in (values if values.__class__ is list else (values,))
    ).encode()


def query_of_plain(parameters: Any) -> bytes:
    """Return the query string of a plain event's `parameters`, a map of names to JSON scalars or lists of them.

    Null is absent, true is `true`; a character that UTF-8 does not have (a lone surrogate) stays one that is invalid.
    """
    if not isinstance(parameters, dict):
        return b""
    pairs = [
        (name, value if isinstance(value, str) else _json(value))
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]
    return urlencode(pairs, errors="surrogatepass").encode()


def _json(value: Any) -> str:
    from json import dumps

    return dumps(value)


def headers_of(event: Event) -> Iterator[tuple[bytes, bytes]]:
    """Yield an event's headers as ASGI has them: names in lower case, of several values the last."""
    headers = event.get("multiValueHeaders") or event.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        text = value[-1] if isinstance(value, list) and value else value
        if isinstance(text, str):
            yield name.lower().encode("utf-8", "replace"), text.encode("utf-8", "replace")


def answer_to(response: Response, event: Event) -> Answer:
    """Return an answer in the form that the event's source takes, or a plain event's caller."""
    headers = {name.decode(): value.decode() for name, value in response.headers}
    answer: Answer
    try:
        answer = {"statusCode": response.status, "body": response.body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        answer = {"statusCode": response.status, "body": b64encode(response.body).decode(), "isBase64Encoded": True}
    if "multiValueHeaders" in event and "elb" in event["requestContext"]:
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    else:
        answer["headers"] = headers
    return answer
