"""The seam of services that speak HTTP: routes, each a function of a whole request that is as pure as any service.

A service of routes sets `routes` in place of `start` and answers on `/NAME` and below it. A route returns

- `bytes`: a plain text;
- a `Json`: a value, which is sent as JSON;
- an `Answer`: body, status and headers as they are sent; or
- a `Fetch` or a `Compute`, as any service (see `crossover.seam`), which lead to one of these;

or raises `Problem`, which is answered with its status. `Invalid` is answered 400.

    >>> def note(request: HttpRequest) -> WebStep:
    ...     return Json({"id": request.in_path("id")})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from crossover.path_template import PathTemplate
from crossover.seam import Compute, Fetch, Parameter, Request

Pairs = Sequence[tuple[str, str]]


class Problem(Exception):
    """A request is refused. `status` is of HTTP, 400 to 599; `detail` is for people and does not repeat input."""

    def __init__(self, status: int, detail: str, headers: Pairs = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class Json(NamedTuple):
    """An answer of JSON: any value that JSON has."""

    value: Any
    status: int = 200
    headers: Pairs = ()


class Answer(NamedTuple):
    """An answer of any kind; `content_type` is empty where there is no body."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/octet-stream"
    headers: Pairs = ()
    """May repeat a name, such as `set-cookie`."""


WebStep: TypeAlias = "bytes | Json | Answer | Fetch[WebStep] | Compute[WebStep]"
"""What a route says next: its answer, or what it needs and how it goes on."""


class HttpRequest(Request):
    """A whole request: beside the query what its path, its headers and its body say."""

    __slots__ = ("_path_values", "body", "headers", "method", "path")

    def __init__(
        self,
        line: tuple[str, str],
        path_values: Mapping[str, str],
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
    ) -> None:
        """Split and decode the query. Raises `Invalid` for too many parameters.

        Args:
            line: The method in capitals, HEAD as GET, and the path as the client sent it, percent-encoded.
            path_values: The path's parameters, percent-encoded.
            query: The raw query string.
            headers: Names in lower case and values, in their order.
            body: All of it.
        """
        super().__init__(query)
        self.method, self.path = line
        self.headers = headers
        self.body = body
        self._path_values = path_values

    def in_path(self, name: str) -> str:
        """Return a parameter of the path, percent-decoded once. Raises `Problem` 400 where it is no UTF-8."""
        return _text(unquote_to_bytes(self._path_values[name]), f"{name} in the path")

    def in_query(self, name: str, default: str | None = None) -> str:
        """Return a parameter of the query as text, or the default where it is missing.

        Raises `Problem` 400 where it is no UTF-8, `Invalid` where it is given twice or missing without a default.
        """
        key = name.encode()
        if default is not None and key not in self._values:
            return default
        return _text(self.one(key), f"{name} in the query")

    def header(self, name: str) -> str:
        """Return a header by its lower-case name: empty where it is missing, several joined by commas."""
        key = name.encode()
        return ", ".join(value.decode("latin-1") for header, value in self.headers if header == key)

    def json(self) -> Any:
        """Return the body's JSON.

        Raises `Problem`: 415 for another content type, 400 where the body is no JSON (RFC 8259: UTF-8, no NaN).
        """
        if self.body:
            kind = self.header("content-type").partition(";")[0].strip().lower()
            if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
                raise Problem(415, "the body's content type has to be application/json")
        try:
            return json.loads(self.body.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Problem(400, "the body is no JSON") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _text(value: bytes, named: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Problem(400, f"{named} is not UTF-8") from None


@dataclass(frozen=True)
class Route:
    """A method and a path of a service, and the function that answers there."""

    method: str
    """In capitals. A GET answers HEAD too."""
    path: str
    """Begins with the service's own, `/NAME`; a part may be `{parameter}`, the last one `{rest+}`."""
    start: Callable[[HttpRequest], WebStep]
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    """Of the query, documented; not checked."""
    body: Mapping[str, Any] | None = None
    """JSON schema of the body, documented; not checked."""
    example: str = ""
    """Of a GET: a path and query worth trying, such as `/notes/one?page=2`; asked at the start on both platforms."""

    @cached_property
    def template(self) -> PathTemplate:
        """The path, taken apart. Raises `BadTemplate`."""
        return PathTemplate(self.path)
