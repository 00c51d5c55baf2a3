"""How a platform meets what a service needs: the port, the loop that drives a service, and the plainest runner."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from crossover.seam import Computation, Compute, Done, Fetch, Request, Service, Step
from crossover.stores.port import Store

INLINE_UNITS = 1_000_000

Result = TypeVar("Result")


class Unavailable(Exception):
    """The platform cannot meet a need now. Answered 503, with `Retry-After` in whole seconds."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Refused(Unavailable):
    """The store is there but does not give what this call asks for. Asked for less, or for other keys, it may."""


class Runner(Protocol):
    """A platform's way to fetch and to compute for ONE service. Either may raise `Unavailable`."""

    async def fetch(self, key: bytes) -> bytes | None:
        """The record under `key`, or None."""
        ...

    async def compute(self, computation: Computation) -> Any:
        """The value at the end of `computation`."""
        ...


async def drive(step: Step, runner: Runner) -> bytes:
    """Meets need after need until the service has its result. Raises `Invalid` and `Unavailable`."""
    while True:
        match step:
            case Fetch(key, then):
                step = then(await runner.fetch(key))
            case Compute(computation, then):
                step = then(await runner.compute(computation))
            case _:
                return step


class InlineRunner:
    """Meets every need on the spot: right where one request at a time is served, as on Lambda."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store

    async def fetch(self, key: bytes) -> bytes | None:
        if self.store is None:
            raise Unavailable("no store is configured")
        return self.store.fetch(key)

    async def compute(self, computation: Computation) -> Any:
        rest = computation.advance(INLINE_UNITS)
        while not isinstance(rest, Done):
            rest = rest.advance(INLINE_UNITS)
        return rest.value


def at_once(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The value of a coroutine that never waits, as an inline runner's never do: no event loop is needed for it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("an inline runner waited")


def answer_at_once(service: Service, query: bytes, runner: InlineRunner) -> bytes:
    """A service's result without any platform around it. Raises `Invalid` and `Unavailable`."""
    return at_once(drive(service.start(Request(query)), runner))
