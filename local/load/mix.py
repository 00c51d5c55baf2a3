"""Requests with the answers that a service has to give, good and bad mixed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from string import ascii_letters, digits
from typing import NamedTuple
from urllib.parse import quote

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid, Service


class Asked(NamedTuple):
    """A request's path with its query, and the result that has to come back."""

    path: str
    result: bytes


def result_of(service: Service, query: str, runner: InlineRunner) -> bytes:
    """What a service answers, without any platform: its result, or INVALID."""
    try:
        return answer_at_once(service, query.encode(), runner)
    except Invalid:
        return b"INVALID"


def qrcode_queries(random_: random.Random) -> Iterator[str]:
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


QUERIES: dict[str, Callable[[random.Random], Iterator[str]]] = {"qrcode": qrcode_queries}


def mixed(service: Service, count: int, seed: int, runner: InlineRunner) -> list[Asked]:
    """`count` requests of a service's usual mix; a service without one repeats its documented examples."""
    random_ = random.Random(seed)  # noqa: S311 - a load, not a secret
    if service.name in QUERIES:
        queries = QUERIES[service.name](random_)
    else:
        queries = iter(lambda: random_.choice(service.examples).query, None)
    return [
        Asked(f"/{service.name}?{query}", result_of(service, query, runner))
        for query, _ in zip(queries, range(count), strict=False)
    ]
