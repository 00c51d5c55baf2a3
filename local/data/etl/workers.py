"""All cores for work that comes in pieces."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from threading import Thread
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
POOL_FROM = 24
"""Pieces of some tens of milliseconds from which starting processes pays, a second or two each."""


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """One process for each core, started when there is enough to share out. Closed, they are gone."""

    def __init__(self, pool_from: int = POOL_FROM) -> None:
        self._pool_from = pool_from
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `function` of each item, in their order. Few items are ahead at any time, so memory stays bounded."""
        source = iter(items)
        first = list(islice(source, self._pool_from))
        if not self._pool and len(first) == self._pool_from and cores() > 1:
            # Spawned, not forked: this process may hold threads, and every platform does the same.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(cores(), mp_context=context, initializer=_live_with_parent)
        if not self._pool:
            yield from map(function, chain(first, source))
            return
        ahead: deque[Future[Any]] = deque()
        for item in chain(first, source):
            if len(ahead) > cores():
                yield ahead.popleft().result()
            ahead.append(self._pool.submit(function, item))
        while ahead:
            yield ahead.popleft().result()


def _live_with_parent() -> None:
    """Leave Ctrl-C to the parent process, and end when that has ended, even if it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
