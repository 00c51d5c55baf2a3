"""The Twitter service's load: queries that match contacts in its store, and a store of synthetic tweets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from local.workloads.workload import Sample, Workload

MAX_SAMPLES = 100
"""Queries that a load draws from."""


def queries(random_: random.Random, store: str) -> Iterator[str] | None:
    """Yield queries of the three types, one in five a bad one. Return None where the store is not a SQLite file."""
    from local.data.etl.demo import samples

    offered = [sample._asdict() for sample in samples(store, MAX_SAMPLES)]
    return _queries(random_, offered) if offered else None


def _queries(random_: random.Random, offered: list[dict[str, Any]]) -> Iterator[str]:
    while True:
        query = dict(random_.choice(offered))
        match random_.randrange(10):
            case 0:
                # There is no such user: the store is asked, and has nothing.
                query["user_id"] = 2**63 - random_.randint(1, 1_000_000)
            case 1:
                del query[random_.choice(list(query))]
        yield urlencode(query, quote_via=quote)


def samples(store: str) -> list[Sample]:
    """Offer queries with contacts, a phrase and a hashtag that match."""
    from local.data.etl.demo import samples

    return [
        Sample(
            f"{sample.user_id}: {sample.type}, “{sample.phrase}”, #{sample.hashtag}",
            urlencode(sample._asdict(), quote_via=quote),
        )
        for sample in samples(store)
    ]


def demo_store(folder: Path) -> str:
    """Make the store of synthetic tweets, with progress on standard error."""
    from local.data.etl.demo import ensure_demo_store
    from local.data.etl.progress import Bars

    with Bars() as bars:
        return ensure_demo_store(folder, bars)


WORKLOAD = Workload(queries, samples, demo_store)
