"""The seam between a service and the platform it runs on.

The plain service answers `GET /NAME` from its query; one that needs methods, paths, headers and bodies has routes (see
`crossover.web`), and meets the same runners.

A service is a function of a `Request`: plain values in, plain values out, and it never waits. It returns

- `bytes`: the result, done; or
- a `Fetch`: "I need the record under this key, and then I go on like this"; or
- a `Compute`: "this bounded computation has to be done, and then I go on like this";

or raises `Invalid`, which is the protocol's answer to bad input. How a need is met, the platform decides alone (see
`crossover.runner`): inline, in slices on an event loop, in a batched query, over the one connection of a Lambda.

    >>> def start(request: Request) -> Step:
    ...     return Fetch(request.one(b"id"), then=lambda record: record or b"no such record")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import eq
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar, runtime_checkable
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from crossover.web import Route

MAX_PARAMETERS = 64
"""Parameters that a query may have; splitting more is work that no real request asks for."""
PERCENT, PLUS = b"%+"
"""As numbers: looking for a byte string costs several times as much as looking for a byte."""

Next = TypeVar("Next", covariant=True)
"""What meeting a need leads to: a `Step`, or an `Explanation`."""


class Invalid(Exception):
    """Bad input. Answered 200 with the body `INVALID` and the header `X-Invalid-Reason: CODE: DETAIL`.

    `code` is stable and is what metrics count; `detail` is for people, plain ASCII, and never repeats input.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Request:
    """One GET as a service sees it: the values of its query string, percent-decoded once, as bytes.

    >>> Request(b"type=encode&data=CC%20Team").one(b"data")
    b'CC Team'
    """

    __slots__ = ("_values",)

    def __init__(self, query: bytes) -> None:
        """Split and decode the raw query string. Raises `Invalid` ("parameter") beyond `MAX_PARAMETERS`."""
        if query.count(b"&") >= MAX_PARAMETERS:
            raise Invalid("parameter", f"more than {MAX_PARAMETERS} parameters")
        if PLUS in query:
            query = query.replace(b"+", b" ")
        encoded = PERCENT in query
        values: dict[bytes, bytes | None] = {}
        for pair in query.split(b"&"):
            name, _, value = pair.partition(b"=")
            if encoded:
                if PERCENT in value:
                    value = unquote_to_bytes(value)
                if PERCENT in name:
                    name = unquote_to_bytes(name)
            values[name] = None if name in values else value
        self._values = values

    def one(self, name: bytes) -> bytes:
        """Return the value of a parameter that has to be there exactly once; it may be empty.

        Raises `Invalid` ("parameter") where it is missing or given twice.
        """
        value = self._values.get(name, b"")
        if value:
            return value
        if name not in self._values:
            raise Invalid("parameter", f"{name.decode()} is missing")
        if value is None:
            raise Invalid("parameter", f"{name.decode()} is given twice")
        return value


class Fetch(NamedTuple, Generic[Next]):
    """A service needs one record of its store. `then` goes on with it, or with None where there is none."""

    key: bytes
    then: Callable[[bytes | None], Next]


class Done(NamedTuple):
    """The end of a computation and the value it came to."""

    value: Any
    units: int = 0
    """Steps done since the last `advance`, where the computation counts them."""


class Computation(Protocol):
    """A bounded computation as a picklable value that can stop after any step and continue in any process."""

    def advance(self, units: int) -> Computation | Done:
        """Do at most `units` steps, each of about a microsecond; return the rest of the computation, or its end.

        The computation itself bounds its steps: advancing for ever is never needed.
        """
        ...


@runtime_checkable
class Estimated(Computation, Protocol):
    """A computation that knows how long it is likely to be; a platform may refuse a long one before it begins."""

    def expected_units(self) -> float:
        """Return how many steps it is likely to take from here to its end."""
        ...


class Compute(NamedTuple, Generic[Next]):
    """A service needs a computation of more than some hundred microseconds. `then` goes on with its value."""

    computation: Computation
    then: Callable[[Any], Next]


Step: TypeAlias = "bytes | Fetch[Step] | Compute[Step]"
"""What a service says next: its result, or what it needs and how it goes on."""


class Explanation(NamedTuple):
    """Why an answer is what it is, as far as it is known, and what is needed to complete it."""

    data: dict[str, Any]
    """JSON values. `problem` says why there is nothing, or no more, to explain; empty where there is no problem."""
    need: Fetch[Explanation] | Compute[Explanation] | None = None
    """Where the platform cannot meet it, `data` is what is shown."""


class Parameter(NamedTuple):
    """One documented query parameter. `schema` is its JSON schema, `example` a value to try."""

    name: str
    description: str
    schema: dict[str, Any]
    example: str


class Example(NamedTuple):
    """A request worth trying: its query string, and the result where it is published or certain."""

    title: str
    query: str
    result: str | None = None


def by_routes(_request: Request) -> NoReturn:
    """Stand in for the start of a service that has routes instead. Raises LookupError."""
    raise LookupError("a service of routes has no single start")


@dataclass(frozen=True, slots=True)
class Service:
    """A service: how it starts, and what people and platforms have to know of it. It answers on `/NAME`."""

    name: str
    summary: str
    start: Callable[[Request], Step] = by_routes
    parameters: tuple[Parameter, ...] = ()
    reasons: tuple[str, ...] = ()
    """Every CODE that it may give as a reason."""
    examples: tuple[Example, ...] = ()
    stored: bool = False
    """Whether it fetches; its store's URL is then the setting `NAME_STORE`, in capitals."""
    computes: bool = False
    """Whether it computes; a platform then shows how much."""
    same: Callable[[bytes, bytes], bool] = eq
    """Whether two results say the same; for most services only if they are the same."""
    settings: type[Any] | None = None
    """The group of settings that limits it, if any (see `crossover.settings`); the service has their defaults."""
    within: Callable[[Any], Service] | None = None
    """Makes the service for other values of `settings`."""
    explain: Callable[[Request, bool], Explanation] | None = None
    """Explains an answer, to people: for the page briefly (True: bounded in size and time), else in full. May raise
    `Invalid`. What it imports is imported when it is called: a function on Lambda never explains."""
    routes: tuple[Route, ...] = ()
    """In place of `start`: the service then speaks HTTP, on `/NAME` and below, without the bundle's protocol."""
    max_body_bytes: int = 1_048_576
    """Of a request to one of the routes; more is answered 413. As many as a load balancer passes on to a function."""
    warm: Callable[[], object] = field(default=lambda: None)
    """Loads what the first request would have to wait for, tables for instance."""
