"""Explaining an answer on any platform: the service's explanation, completed by what the platform gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from crossover.runner import InlineRunner, Later, Runner, Unavailable, at_once
from crossover.seam import Explanation, Fetch, Invalid, Request, Service

Call = Callable[..., Awaitable[Any]]
"""Calls a function with arguments: here, or in a thread."""


async def _here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


async def explained(
    service: Service, query: bytes, runner: Runner, *, brief: bool = False, call: Call = _here
) -> dict[str, Any]:
    """Return why a query is answered as it is, as JSON values.

    `problem` says why there is nothing, or no more, to explain: the input's fault or the platform's; it is empty where
    there is none. `seconds` is how long the platform took to fetch and to compute.

    Args:
        service: a service that has `explain`.
        query: the query string of a request to the service.
        runner: what fetches and computes for the service.
        brief: bounds the size of the explanation and the time that it takes.
        call: calls the service, which may take some ten milliseconds.

    Raises:
        LookupError: the service does not explain its answers.
    """
    if service.explain is None:
        raise LookupError(service.name)
    seconds = 0.0
    data: dict[str, Any] = {}
    problem = None
    try:
        explanation: Explanation = await call(service.explain, Request(query), brief)
        data = explanation.data
        while (need := explanation.need) is not None:
            begun = perf_counter()
            value = runner.fetch(need.key) if isinstance(need, Fetch) else runner.compute(need.computation)
            if isinstance(value, Later):
                value = await value.value
            seconds += perf_counter() - begun
            explanation = await call(need.then, value)
            data = explanation.data
    except Invalid as invalid:
        problem = f"INVALID, {invalid}"
    except Unavailable:
        problem = "UNAVAILABLE: the platform cannot fetch or compute this now"
    return {**data, "problem": data.get("problem", "") if problem is None else problem, "seconds": seconds}


def explained_here(service: Service, query: bytes, runner: InlineRunner) -> dict[str, Any]:
    """Return the whole explanation without any platform; see `explained`."""
    return at_once(explained(service, query, runner))
