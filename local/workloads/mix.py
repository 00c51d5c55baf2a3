"""Requests with the answers that a service has to give, good and bad mixed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from crossover.runner import InlineRunner, Unavailable, answer_at_once
from crossover.seam import Invalid, Service
from crossover.settings import SettingError
from crossover.stores.lazy import store_of
from functions import registry
from local.errors import UserError
from local.workloads.requests.answers import Expected
from local.workloads.workload import workload_of


class Message(NamedTuple):
    """What a request has beyond its path where an application of another project is asked."""

    service: str
    """The application's name."""
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    """The status that has to come back."""
    expected: Expected | None = None
    """The answer that has to come back; None where the status alone is checked."""


class PreparedRequest(NamedTuple):
    """A request's path with its query, and the result that has to come back."""

    path: str
    result: bytes
    message: Message | None = None
    """None for a GET to a service of the bundle."""

    @property
    def service(self) -> str:
        """Who is asked."""
        return self.message.service if self.message else self.path[1:].partition("?")[0]


def result_of(service: Service, query: str, runner: InlineRunner) -> bytes:
    """Return what a service answers, without any platform: its result, or INVALID."""
    try:
        return answer_at_once(service, query.encode(), runner)
    except Invalid:
        return b"INVALID"


def mixed(service: Service, count: int, seed: int, runner: InlineRunner, store: str = "") -> list[PreparedRequest]:
    """`count` requests of a service's usual mix over the store with that URL, which is the runner's.

    A service without one repeats its documented examples. Raises `Unavailable` where the store does not answer.
    """
    random_ = random.Random(seed)  # noqa: S311 - a load, not a secret
    workload = workload_of(service.name)
    queries = workload.queries(random_, store) if workload is not None else None
    queries = queries or iter(lambda: random_.choice(service.examples).query, None)
    return [
        PreparedRequest(f"/{service.name}?{query}", result_of(service, query, runner))
        for query, _ in zip(queries, range(count), strict=False)
    ]


PREPARED_REQUESTS = 4_000
"""Requests that are prepared for a run, in seconds; it asks them round and round."""


def parse(text: str) -> dict[str, int]:
    """`qrcode=2,twitter=1` as services and weights; a name alone weighs 1. Raises `UserError`."""
    weights: dict[str, int] = {}
    for part in text.split(","):
        name, equals, weight = part.strip().partition("=")
        if name not in registry.SERVICES:
            raise UserError(f"the bundle has {', '.join(registry.SERVICES)}; a mix is NAME=WEIGHT,NAME=WEIGHT")
        if name in weights:
            raise UserError(f"{name} stands twice in the mix")
        if equals and not (weight.isascii() and weight.isdigit() and 0 < len(weight) < 7 and int(weight)):
            raise UserError("a weight is a whole number from 1 to 999,999, as in --mix qrcode=2,twitter=1")
        weights[name] = int(weight) if equals else 1
    return weights


def requests_of(
    mix: Mapping[str, int], seed: int, environ: Mapping[str, str], count: int = PREPARED_REQUESTS
) -> list[PreparedRequest]:
    """`count` requests with their right answers, services drawn by weight; the same for the same seed and stores.

    Right answers obey the limits that `environ` gives; those of a service with a store come from the store that it
    names. Both have to be the server's. Raises `UserError` where they cannot be used.
    """
    random_ = random.Random(seed)  # noqa: S311 - a load, not a secret
    drawn = random_.choices(list(mix), list(mix.values()), k=count)
    counts = Counter(drawn)
    requests = {name: iter(_requests_of(name, counts[name], seed, environ)) for name in counts}
    return [next(requests[name]) for name in drawn]


def _requests_of(name: str, count: int, seed: int, environ: Mapping[str, str]) -> list[PreparedRequest]:
    try:
        (service,) = registry.load([name], environ)
    except SettingError as problem:
        raise UserError(str(problem)) from None
    store = store_of(service, environ)
    variable = f"{name.upper()}_STORE"
    try:
        if store:
            store.version()
        return mixed(service, count, seed, InlineRunner(store), environ.get(variable, ""))
    except (Unavailable, ValueError) as problem:
        raise UserError(
            f"{problem}; right answers come from the store that the server reads: name it in {variable}"
        ) from None
    finally:
        if store:
            store.close()
