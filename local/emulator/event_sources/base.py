"""What the event sources have in common: plain HTTP values, what can go wrong, and the shape of a source."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_plus

Headers = tuple[tuple[str, str], ...]
"""Names in the case that they came in, and values, in their order."""


class HttpRequest(NamedTuple):
    """A request as it came over the wire."""

    method: str
    path: str
    """Still percent-encoded."""
    query: str
    """As it came, without the question mark."""
    headers: Headers
    body: bytes = b""
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str:
        """The value of a header by its lower-case name; `""` where it is missing; the last of several."""
        return {key.lower(): value for key, value in self.headers}.get(name, "")

    @property
    def target(self) -> str:
        """Path and query as the request line had them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def line_bytes(self) -> int:
        """The length of the request line without its end: `METHOD TARGET HTTP/1.1`."""
        return len(self.method) + len(self.target) + 10


class HttpResponse(NamedTuple):
    """What the caller gets."""

    status: int
    headers: Headers
    body: bytes


class Call(NamedTuple):
    """What a source knows of one request besides the request."""

    id: str
    now: datetime
    """In UTC."""
    trace: str


class Fault(Enum):
    """What can go wrong; each event source has its own answer to each. The values are the keys of the docs."""

    URL_TOO_LONG = "url too long"
    HEADERS_TOO_LARGE = "headers too large"
    BODY_TOO_LARGE = "body too large"
    """Beyond the source's own limit."""
    EVENT_TOO_LARGE = "event too large"
    """Within the source's limit, but Lambda refuses the event."""
    THROTTLED = "throttled"
    FUNCTION_ERROR = "function error"
    """The handler raised, the process ended, or INIT failed."""
    FUNCTION_TIMEOUT = "function timeout"
    SOURCE_TIMEOUT = "source timeout"
    """The function may run longer than the source waits."""
    BAD_ANSWER = "bad answer"
    """The function's answer has not the shape that the source needs."""
    ANSWER_TOO_LARGE = "answer too large"
    NO_ROUTE = "no route"
    """Nothing answers on the path, or not to the method."""


class BadAnswer(ValueError):
    """The function's answer has not the shape that the source needs."""


class EventSource(Protocol):
    """A event source: pure, both ways."""

    name: str
    title: str
    timeout: float | None
    """Seconds that it waits for the function; None where it waits as long as the function may run."""
    by_method: bool
    """Whether its routes name a method, besides a path."""
    answer_limit: int | None
    """Bytes of the function's answer that it takes; None where Lambda's own quota is the limit."""

    def refuse(self, request: HttpRequest) -> Fault | None:
        """Whether the source turns the request away by its own limits."""
        ...

    def event(self, request: HttpRequest, call: Call) -> dict[str, Any]:
        """The event that the function gets."""
        ...

    def response(self, payload: bytes) -> HttpResponse:
        """What the caller gets for the function's answer. Raises `BadAnswer`."""
        ...

    def fault(self, fault: Fault) -> HttpResponse:
        """What the caller gets where something went wrong."""
        ...


# --- what several event sources do alike ---


def forwarded(request: HttpRequest, call: Call) -> Headers:
    """The request's headers and those that AWS adds."""
    given = request.header("x-forwarded-for")
    client = f"{given}, {request.source_ip}" if given else request.source_ip
    own = (
        ("x-forwarded-for", client),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        ("x-amzn-trace-id", call.trace),
    )
    names = {name for name, _ in own}
    return tuple(pair for pair in request.headers if pair[0].lower() not in names) + own


def multi(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Values gathered by name, in their order."""
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered


def raw_pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, not decoded."""
    parts = (pair.partition("=") for pair in query.split("&") if pair)
    return [(name, value) for name, _, value in parts]


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, decoded once; bytes that are not UTF-8 become U+FFFD."""
    return [(unquote_plus(name), unquote_plus(value)) for name, value in raw_pairs(query)]


def loads(payload: bytes) -> Any:
    """The function's answer. Raises `BadAnswer` where it is no JSON."""
    try:
        return json.loads(payload)
    except ValueError as problem:
        raise BadAnswer("no JSON") from problem


def status_of(answer: Mapping[str, Any]) -> int:
    """`statusCode`, as a number or as its digits. Raises `BadAnswer`."""
    status = answer.get("statusCode")
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        raise BadAnswer("statusCode is no HTTP status")
    return status


def headers_of(answer: Mapping[str, Any], multiple: bool = False) -> list[tuple[str, str]]:
    """`headers`, or `multiValueHeaders`, as pairs. Raises `BadAnswer`."""
    given = answer.get("multiValueHeaders" if multiple else "headers")
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise BadAnswer("headers are no map")
    pairs: list[tuple[str, str]] = []
    for name, values in given.items():
        if multiple and not isinstance(values, list):
            raise BadAnswer("a header has no list of values")
        for value in values if multiple else [values]:
            if not isinstance(value, str | int | float):
                raise BadAnswer("a header's value is no string")
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if any(ord(character) < 32 or ord(character) == 127 for character in f"{name}{text}"):
                raise BadAnswer("a header holds a control character")
            pairs.append((name, text))
    return pairs


def body_of(answer: Mapping[str, Any], decode: bool = True) -> bytes:
    """`body`, from base64 where the answer says so. Raises `BadAnswer`."""
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadAnswer("body is no string")
    if decode and answer.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as problem:
            raise BadAnswer("body is no base64") from problem
    return body.encode("utf-8", "surrogatepass")


def with_default(headers: list[tuple[str, str]], name: str, value: str) -> Headers:
    """The headers, and this one where it is missing."""
    if not any(key.lower() == name for key, _ in headers):
        headers.append((name, value))
    return tuple(headers)


def text_body(body: bytes, plain: bool) -> tuple[str | None, bool]:
    """An event's `body` and `isBase64Encoded`."""
    if not body:
        return None, False
    if plain:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def is_text(content_type: str) -> bool:
    """Whether AWS passes this type on as text."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in {
        "",
        "application/json",
        "application/javascript",
        "application/xml",
        "application/x-www-form-urlencoded",
    }


def json_response(status: int, body: str) -> HttpResponse:
    """A fault told in JSON."""
    return HttpResponse(status, (("content-type", "application/json"),), body.encode())
