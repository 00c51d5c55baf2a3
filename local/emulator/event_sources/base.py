"""What the event sources have in common: plain HTTP values, what can go wrong, and the shape of a source."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_plus

TEXT_TYPES = frozenset(("application/json", "application/javascript", "application/xml"))

Headers = tuple[tuple[str, str], ...]
"""Names in the case that they came in, and values, in their order."""


class WireRequest(NamedTuple):
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
        """Return a header's value by its lower-case name: `""` where it is missing, the last of several."""
        return {key.lower(): value for key, value in self.headers}.get(name, "")

    @property
    def target(self) -> str:
        """Path and query as the request line had them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def line_bytes(self) -> int:
        """The length of the request line without its end: `METHOD TARGET HTTP/1.1`."""
        return len(self.method) + len(self.target) + 10


def gateway_context(request: WireRequest, account: str = "000000000000") -> dict[str, Any]:
    """Return what the request context of API Gateway and of Function URLs says of the API, in its order."""
    domain = request.header("host")
    return {"accountId": account, "apiId": "local", "domainName": domain, "domainPrefix": domain.partition(".")[0]}


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
    route: str = "$default"
    """The key of the route that it matched, such as `GET /notes/{id}`."""
    parameters: Mapping[str, str] = {}
    """Of the route's path, in the form that the source passes on."""


class SourceFault(Enum):
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
    UPGRADE = "upgrade"
    """The client asks for another protocol, where the source refuses that; the others ignore it."""
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
    decodes_path: bool
    """Whether it percent-decodes the path before it looks for a route."""
    answer_limit: int | None
    """Bytes of the function's answer that it takes; None where Lambda's own quota is the limit."""

    def refuse(self, request: WireRequest) -> SourceFault | None:
        """Return the fault where the source turns the request away by its own limits."""

    def event(self, request: WireRequest, call: Call) -> dict[str, Any]:
        """Return the event that the function gets."""

    def response(self, payload: bytes) -> HttpResponse:
        """Return what the caller gets for the function's answer. Raises `BadAnswer`."""

    def fault(self, fault: SourceFault) -> HttpResponse:
        """Return what the caller gets where something went wrong."""


# --- what several event sources do alike ---


def forwarded(request: WireRequest, call: Call) -> Headers:
    """Return the request's headers and those that AWS adds."""
    proxies = request.header("x-forwarded-for")
    client = f"{proxies}, {request.source_ip}" if proxies else request.source_ip
    own = (
        ("x-forwarded-for", client),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        ("x-amzn-trace-id", call.trace),
    )
    names = {name for name, _ in own}
    return tuple(pair for pair in request.headers if pair[0].lower() not in names) + own


def multi(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather values by name, in their order."""
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered


def raw_pairs(query: str) -> list[tuple[str, str]]:
    """Split a query string without decoding it."""
    parts = (pair.partition("=") for pair in query.split("&") if pair)
    return [(name, value) for name, _, value in parts]


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """Split and decode a query string; bytes that are not UTF-8 become U+FFFD."""
    return [(unquote_plus(name), unquote_plus(value)) for name, value in raw_pairs(query)]


def loads(payload: bytes) -> Any:
    """Return the function's answer. Raises `BadAnswer` where it is no JSON, or nested beyond what can be read."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as problem:
        raise BadAnswer("no JSON") from problem


def status_of(answer: Mapping[str, Any]) -> int:
    """Return `statusCode`, a number or its digits. Raises `BadAnswer`: a response that ends is 200 to 599."""
    status = answer.get("statusCode")
    if isinstance(status, str) and len(status) == 3 and status.isascii() and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise BadAnswer("statusCode is no HTTP status")
    return status


TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header may be called (RFC 9110, 5.6.2)."""
UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Characters that no header's value can carry: controls (RFC 9110, 5.5), and halves of surrogate pairs."""
FRAMING = frozenset(("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te"))
"""Headers of an answer that describe a connection that the function does not have: the source sets its own."""


def header_of(name: str, value: Any) -> tuple[str, str]:
    """Return a header of the answer as name and text. Raises `BadAnswer` where HTTP cannot carry it."""
    if not isinstance(value, str | int | float):
        raise BadAnswer("a header's value is no string")
    text = (str(value).lower() if isinstance(value, bool) else str(value)).strip(" \t")
    if not TOKEN.fullmatch(name) or UNSENDABLE.search(text):
        raise BadAnswer("a header that HTTP cannot carry")
    return name, text


def headers_of(answer: Mapping[str, Any], multiple: bool = False) -> list[tuple[str, str]]:
    """Return `headers`, or `multiValueHeaders`, as pairs. Raises `BadAnswer`."""
    headers = answer.get("multiValueHeaders" if multiple else "headers")
    if headers is None:
        return []
    if not isinstance(headers, Mapping):
        raise BadAnswer("headers are no map")
    pairs: list[tuple[str, str]] = []
    for name, values in headers.items():
        if multiple and not isinstance(values, list):
            raise BadAnswer("a header has no list of values")
        pairs += [header_of(name, value) for value in (values if multiple else [values])]
    return pairs


def body_of(answer: Mapping[str, Any], decode: bool = True) -> bytes:
    """Return `body`, from base64 where the answer says so. Raises `BadAnswer`."""
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
    """Return the headers, with this one added where it is missing."""
    if not any(key.lower() == name for key, _ in headers):
        headers.append((name, value))
    return tuple(headers)


def event_body(request: WireRequest) -> tuple[str | None, bool]:
    """Return an event's `body` and `isBase64Encoded`: text of some types that is not compressed, else base64."""
    if not request.body:
        return None, False
    if is_text(request.header("content-type")) and not request.header("content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def is_text(content_type: str) -> bool:
    """Return whether AWS passes this type on as text."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXT_TYPES


def json_response(status: int, body: str) -> HttpResponse:
    """Return a fault's answer with a JSON body."""
    return HttpResponse(status, (("content-type", "application/json"),), body.encode())
