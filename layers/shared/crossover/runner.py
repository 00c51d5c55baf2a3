"""How a platform meets what a service needs: the port, what drives a service, and the plainest runner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from crossover.seam import Computation, Compute, Done, Fetch, Request, Service, Step

if TYPE_CHECKING:
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


class Later(NamedTuple):
    """What a runner returns for a need that it meets later: awaiting `value` gives the value, or raises."""

    value: Awaitable[Any]


class Runner(Protocol):
    """How a platform fetches and computes for ONE service. Either may raise `Unavailable`.

    What is at hand is returned as it is: no coroutine is made, and no task has to run, for what waits for nothing.
    """

    def fetch(self, key: bytes) -> bytes | Later | None:
        """Return the record under `key`, or None where there is none."""
        ...

    def compute(self, computation: Computation) -> Any:
        """Return the value of `computation`, or `Later`."""
        ...


class Waiting(NamedTuple):
    """A service that waits: `then` goes on with what awaiting `value` gives."""

    value: Awaitable[Any]
    then: Callable[[Any], Step]


def meet(step: Step, runner: Runner) -> bytes | Waiting:
    """Meet need after need, up to the service's result or to the first need that takes time.

    Raises `Invalid` and `Unavailable`.
    """
    while True:
        if step.__class__ is Fetch:
            value: Any = runner.fetch(step.key)
        elif step.__class__ is Compute:
            value = runner.compute(step.computation)
        else:
            return step  # type: ignore[return-value]
        if value.__class__ is Later:
            return Waiting(value.value, step.then)
        step = step.then(value)


async def drive(step: Step | Waiting, runner: Runner) -> bytes:
    """Meet every need until the service has its result; also of a service that waits already.

    Raises `Invalid` and `Unavailable`.
    """
    met = step if isinstance(step, Waiting) else meet(step, runner)
    while isinstance(met, Waiting):
        met = meet(met.then(await met.value), runner)
    return met


class InlineRunner:
    """Meets every need on the spot: right where one request at a time is served, as on Lambda."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store

    def fetch(self, key: bytes) -> bytes | Later | None:
        """Return the record under `key`, out of the store that is at hand."""
        if self.store is None:
            raise Unavailable("no store is configured")
        return self.store.fetch(key)

    def compute(self, computation: Computation) -> Any:
        """Return the value of `computation`, computed now."""
        rest = computation.advance(INLINE_UNITS)
        while not isinstance(rest, Done):
            rest = rest.advance(INLINE_UNITS)
        return rest.value


def at_once(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Return the value of a coroutine that never waits, as over an inline runner: no event loop is needed for it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("an inline runner waited")


def answer_at_once(service: Service, query: bytes, runner: InlineRunner) -> bytes:
    """Return a service's result without any platform around it. Raises `Invalid` and `Unavailable`."""
    return at_once(drive(service.start(Request(query)), runner))
