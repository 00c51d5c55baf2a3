"""All cores for work that comes in pieces."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
POOL_FROM = 8
"""Pieces from which starting processes pays."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """One process for each core, started when there is something to share out. Closed, they are gone."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function` of each item, in their order. Few items are ahead at any time, so memory stays bounded."""
        source = iter(items)
        first = list(islice(source, POOL_FROM))
        if len(first) < POOL_FROM or cores() == 1:
            yield from map(function, chain(first, source))
            return
        if self._pool is None:
            # Spawned, not forked: this process may hold threads, and every platform does the same.
            self._pool = ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn"))
        ahead: deque[Future[Any]] = deque()
        for item in chain(first, source):
            if len(ahead) > cores():
                yield ahead.popleft().result()
            ahead.append(self._pool.submit(function, item))
        while ahead:
            yield ahead.popleft().result()
