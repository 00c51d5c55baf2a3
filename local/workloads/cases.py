"""The requests of a smoke test, each with the answer that it has to get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crossover.runner import InlineRunner, Unavailable, answer_at_once
from crossover.seam import MAX_PARAMETERS, Invalid, Service
from local.workloads.judge import Expected, ExpectedResult, Plain
from local.workloads.mix import mixed

MIXED_CASES = 6
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


def service_cases(
    service: Service,
    runner: InlineRunner | None,
    store: str = "",
    *,
    functions_only: bool = False,
    of_the_mix: int = MIXED_CASES,
) -> Iterator[Case]:
    """Every documented example, every parameter left out, and `of_the_mix` requests of the service's usual mix.

    What is published has to come back; everything else is what the service answers here, through `runner`. None is for
    a service whose store, with the URL `store`, is not known here: of what it would fetch only the form counts.
    Raises `Unavailable` where the store does not answer.
    """

    def case(asked: str, query: str, result: str | None = None) -> Case:
        expected = expected_of(service, query, runner)
        if result is not None:
            expected = expected._replace(result=result.encode(), reason=expected.reason if result == "INVALID" else "")
        return Case(service.name, asked, f"/{service.name}?{query}", expected)

    if not service.examples:
        return
    for example in service.examples:
        yield case(example.title, example.query, example.result)
    whole = service.examples[0].query
    pairs = whole.split("&")
    for pair in pairs:
        yield case(f"without {pair.partition('=')[0]}", "&".join(other for other in pairs if other != pair))
    if not functions_only:  # A load balancer's event may have but the last of repeated parameters.
        yield case(f"{pairs[0].partition('=')[0]} twice", f"{pairs[0]}&{whole}")
    yield case("a parameter that it does not know", f"{whole}&unknown=1", service.examples[0].result)
    yield case("too many parameters", whole + "".join(f"&x{number}=" for number in range(MAX_PARAMETERS)))
    if runner is not None:
        mix = dict.fromkeys(case.path.partition("?")[2] for case in mixed(service, of_the_mix, SEED, runner, store))
        known = {example.query for example in service.examples}
        for number, query in enumerate((query for query in mix if query not in known), 1):
            yield case(f"of the usual mix, {number}", query)


def expected_of(service: Service, query: str, runner: InlineRunner | None) -> ExpectedResult:
    """Return what a service answers without any platform. Raises `Unavailable` where a store that is known does not."""
    try:
        return ExpectedResult(answer_at_once(service, query.encode(), runner or InlineRunner()), same=service.same)
    except Invalid as problem:
        return ExpectedResult(b"INVALID", str(problem))
    except Unavailable:
        if runner is not None:
            raise
        return ExpectedResult(None, codes=service.reasons)


def platform_cases(service: Service, functions_only: bool) -> Iterator[Case]:
    """Return what the platform answers by itself; an event source of functions has an answer of its own."""
    if functions_only:
        yield Case("", "another method", f"/{service.name}", Plain((405, 404, 403), allow="GET, HEAD"), "POST")
        yield Case("", "a path that no service has", "/nowhere", Plain((404, 403, 503)))  # a load balancer's own is 503
        return
    yield Case("", "alive", "/healthz", Plain((200,), b"ok"))
    yield Case("", "ready", "/readyz", Plain((200,), b"ready"))
    yield Case("", "another method", f"/{service.name}", Plain((405,), b"method not allowed", "GET, HEAD"), "POST")
    yield Case("", "a path that no service has", "/nowhere", Plain((404,), b"not found"))
