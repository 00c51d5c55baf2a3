"""The requests of a smoke test, each with the answer that it has to get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crossover.runner import InlineRunner, Unavailable, answer_at_once
from crossover.seam import MAX_PARAMETERS, Invalid, Service
from local.load.mix import mixed
from local.smoke.judging import Expected, Plain, Served

MIXED = 6
"""Requests of a service's usual mix, good and bad ones."""
SEED = 1


class Case(NamedTuple):
    """A request and its answer. `service` is empty where the platform itself is asked."""

    service: str
    asked: str
    """What it is about, for people."""
    path: str
    expected: Expected
    method: str = "GET"


def service_cases(service: Service, runner: InlineRunner | None, store: str = "") -> Iterator[Case]:
    """Every documented example, every parameter left out, and some of the service's usual mix.

    What is published has to come back; everything else is what the service answers here, through `runner`. None is for
    a service whose store, with the URL `store`, is not known here: of what it would fetch only the form counts.
    Raises `Unavailable` where the store does not answer.
    """

    def case(asked: str, query: str, result: str | None = None) -> Case:
        expected = expected_of(service, query, runner) if result is None else Served(result.encode())
        return Case(service.name, asked, f"/{service.name}?{query}", expected)

    for example in service.examples:
        yield case(example.title, example.query, example.result)
    if service.examples:
        pairs = service.examples[0].query.split("&")
        whole = "&".join(pairs)
        for pair in pairs:
            others = "&".join(other for other in pairs if other != pair)
            yield case(f"without {pair.partition('=')[0]}", others)
        yield case(f"{pairs[0].partition('=')[0]} twice", f"{pairs[0]}&{whole}")
        yield case("a parameter that it does not know", f"{whole}&unknown=1", service.examples[0].result)
        yield case("too many parameters", whole + "&x=" * MAX_PARAMETERS)
    if runner is not None:
        for number, each in enumerate(mixed(service, MIXED, SEED, runner, store), 1):
            yield case(f"of the usual mix, {number}", each.path.partition("?")[2])


def expected_of(service: Service, query: str, runner: InlineRunner | None) -> Served:
    """What a service answers here, without any platform. Raises `Unavailable` where a store that is known does not."""
    try:
        return Served(answer_at_once(service, query.encode(), runner or InlineRunner()))
    except Invalid as problem:
        return Served(b"INVALID", str(problem))
    except Unavailable:
        if runner is not None:
            raise
        return Served(None, codes=service.reasons)


def platform_cases(service: Service, functions_only: bool) -> Iterator[Case]:
    """What the platform answers by itself; a front door of functions has words of its own for it."""
    if functions_only:
        yield Case("", "another method", f"/{service.name}", Plain((405, 404, 403), allow="GET"), "POST")
        yield Case("", "a path of nobody", "/nowhere", Plain((404, 403)))
        return
    yield Case("", "alive", "/healthz", Plain((200,), b"ok"))
    yield Case("", "ready", "/readyz", Plain((200,), b"ready"))
    yield Case("", "another method", f"/{service.name}", Plain((405,), b"method not allowed", "GET"), "POST")
    yield Case("", "a path of nobody", "/nowhere", Plain((404,), b"not found"))
