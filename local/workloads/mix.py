"""Requests with the answers that a service has to give, good and bad mixed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from string import ascii_letters, digits
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from crossover.runner import InlineRunner, Unavailable, answer_at_once
from crossover.seam import Invalid, Service
from crossover.settings import SettingError
from crossover.stores.lazy import store_of
from functions import registry
from local.errors import UserError
from local.workloads.blockchain.queries import blockchain_queries


class Asked(NamedTuple):
    """A request's path with its query, and the result that has to come back."""

    path: str
    result: bytes

    @property
    def service(self) -> str:
        """Who is asked."""
        return self.path[1:].partition("?")[0]


def result_of(service: Service, query: str, runner: InlineRunner) -> bytes:
    """What a service answers, without any platform: its result, or INVALID."""
    try:
        return answer_at_once(service, query.encode(), runner)
    except Invalid:
        return b"INVALID"


def qrcode_queries(random_: random.Random, _: str) -> Iterator[str]:
    """Texts of six letters and digits, both directions, one request in five a bad one."""
    texts = ascii_letters + digits
    while True:
        match random_.randrange(10):
            case 0:
                yield f"type=encode&data={'x' * random_.randint(23, 60)}"
            case 1:
                yield random_.choice(("type=decode&data=0x1", "type=decode", "type=&data=a", "data=%ff&type=encode"))
            case 2 | 3 | 4 | 5:
                image = "".join(f"0x{random_.getrandbits(32):x}" for _ in range(32))
                yield f"type=decode&data={image}"
            case _:
                yield f"type=encode&data={quote(''.join(random_.choices(texts, k=6)))}"


def twitter_queries(random_: random.Random, store: str) -> Iterator[str] | None:
    """Queries of the three types that match contacts in the store, one request in five a bad one.

    None where nobody knows what is in the store: only a SQLite file is looked into.
    """
    from local.data.etl.demo import samples

    offered = [sample._asdict() for sample in samples(store, SAMPLES)]
    return _twitter_queries(random_, offered) if offered else None


def _twitter_queries(random_: random.Random, offered: list[dict[str, Any]]) -> Iterator[str]:
    while True:
        query = dict(random_.choice(offered))
        match random_.randrange(10):
            case 0:
                # Such a user does not exist: the store is asked, and has nothing.
                query["user_id"] = 2**63 - random_.randint(1, 1_000_000)
            case 1:
                del query[random_.choice(list(query))]
        yield urlencode(query, quote_via=quote)


SAMPLES = 100
"""Twitter queries to choose from, at most."""
QUERIES: dict[str, Callable[[random.Random, str], Iterator[str] | None]] = {
    "qrcode": qrcode_queries,
    "blockchain": blockchain_queries,
    "twitter": twitter_queries,
}
"""The usual mix of a service over the store with a URL; None where that store is not known."""


def mixed(service: Service, count: int, seed: int, runner: InlineRunner, store: str = "") -> list[Asked]:
    """`count` requests of a service's usual mix over the store with that URL, which is the runner's.

    A service without one repeats its documented examples. Raises `Unavailable` where the store does not answer.
    """
    random_ = random.Random(seed)  # noqa: S311 - a load, not a secret
    queries = QUERIES[service.name](random_, store) if service.name in QUERIES else None
    queries = queries or iter(lambda: random_.choice(service.examples).query, None)
    return [
        Asked(f"/{service.name}?{query}", result_of(service, query, runner))
        for query, _ in zip(queries, range(count), strict=False)
    ]


PREPARED = 4_000
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


def requests_of(mix: Mapping[str, int], seed: int, environ: Mapping[str, str], count: int = PREPARED) -> list[Asked]:
    """`count` requests with their right answers, services drawn by weight; the same for the same seed and stores.

    Right answers obey the limits that `environ` gives; those of a service with a store come from the store that it
    names. Both have to be the server's. Raises `UserError` where they cannot be used.
    """
    random_ = random.Random(seed)  # noqa: S311 - a load, not a secret
    drawn = random_.choices(list(mix), list(mix.values()), k=count)
    counts = Counter(drawn)
    asked = {name: iter(_requests_of(name, counts[name], seed, environ)) for name in counts}
    return [next(asked[name]) for name in drawn]


def _requests_of(name: str, count: int, seed: int, environ: Mapping[str, str]) -> list[Asked]:
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
