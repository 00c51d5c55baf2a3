"""Fetching for many requests at once, on an event loop that never waits: keys that wait together travel together.

A round trip is what a database costs, whatever the size of its answer; so the keys that are waiting when a connection
comes free are asked for in one statement. Nobody waits for company: a key that finds a connection free leaves at the
end of the loop's turn, with what came in the same turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from crossover.runner import Refused, Unavailable

MAX_BATCH = 32
"""Keys of one statement: from 8 to 32 a key's cost falls by a third, beyond it hardly, and a batch waits for its whole
answer."""
MAX_WAITING = 1_024


class Source(Protocol):
    """What is fetched from: a `crossover.stores.port.Store` that may be asked in several threads at once."""

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]: ...


class MergingStats(NamedTuple):
    """What the merging does and did. All but the first two (`GAUGES`) only ever grow."""

    waiting: int
    """Requests that wait now, for a batch to leave or to come back."""
    batches_under_way: int
    fetches: int
    batches: int
    keys: int
    """Keys fetched in all batches: `keys / batches` is the size of a batch, `fetches - keys` came for nothing."""
    refused: int


GAUGES = frozenset({"waiting", "batches_under_way"})
"""The figures of `MergingStats` that go down too."""


class MergedFetcher:
    """Fetches for every request of one event loop, in at most `threads` batches at a time.

    Requests for the same key share one answer. What a batch does not get for want of the store, all its requests get
    as `Unavailable`; any other error is found out key by key, so that one request's trouble stays its own.
    """

    def __init__(
        self,
        source: Source,
        threads: int,
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
        patience: float = 5.0,
    ) -> None:
        """At most `max_waiting` requests wait, each at most `patience` seconds for its batch to leave."""
        self._source = source
        self._free = threads
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="fetch")
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._patience = patience
        self._queue: dict[bytes, _Waiting] = {}
        """Keys that have not left yet, the oldest first."""
        self._requests = 0
        self._leaving = False
        self._timer: asyncio.TimerHandle | None = None
        self._fetches = self._batches = self._keys = self._refused = 0

    async def fetch(self, key: bytes) -> bytes | None:
        """The record under `key`, or None. Raises `Unavailable`."""
        if self._requests >= self._max_waiting:
            self._refused += 1
            raise Unavailable(f"{self._max_waiting} requests wait for the store already")
        loop = asyncio.get_running_loop()
        request: asyncio.Future[bytes | None] = loop.create_future()
        waiting = self._queue.get(key)
        if waiting is None:
            self._queue[key] = _Waiting(loop.time() + self._patience, [request])
            if not self._leaving and self._free:
                self._leaving = True
                loop.call_soon(self._leave)
            elif not self._free:
                self._watch()
        else:
            waiting.requests.append(request)
        self._fetches += 1
        self._requests += 1
        try:
            return await request
        finally:
            self._requests -= 1

    def stats(self) -> MergingStats:
        """The figures of this moment."""
        under_way = self._threads - self._free
        return MergingStats(self._requests, under_way, self._fetches, self._batches, self._keys, self._refused)

    async def close(self) -> None:
        """Waits for the batches under way. To be called when no request is left, before the store is closed."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)

    def _leave(self) -> None:
        """Sends batches off while there are keys that wait and threads that do not work."""
        self._leaving = False
        while self._queue and self._free:
            batch: dict[bytes, _Requests] = {}
            while self._queue and len(batch) < self._max_batch:
                key = next(iter(self._queue))
                requests = self._queue.pop(key).requests
                if not all(request.done() for request in requests):
                    batch[key] = requests
            if batch:
                self._send(batch)
        self._watch()

    def _send(self, batch: dict[bytes, _Requests]) -> None:
        loop = asyncio.get_running_loop()
        self._free -= 1
        self._batches += 1
        self._keys += len(batch)
        self._executor.submit(self._bring, list(batch)).add_done_callback(
            lambda done: loop.call_soon_threadsafe(self._arrive, batch, done.result())
        )

    def _bring(self, keys: list[bytes]) -> list[_Outcome]:
        """What became of each key. Runs in a thread, and touches nothing of the loop's."""
        try:
            return list(self._source.fetch_many(keys))
        except Exception as problem:
            outage = isinstance(problem, Unavailable) and not isinstance(problem, Refused)
            if outage or len(keys) == 1:
                return [problem] * len(keys)
            return [outcome for key in keys for outcome in self._bring([key])]

    def _arrive(self, batch: dict[bytes, _Requests], outcomes: list[_Outcome]) -> None:
        self._free += 1
        for requests, outcome in zip(batch.values(), outcomes, strict=True):
            _answer(requests, outcome)
        self._leave()

    def _watch(self) -> None:
        """Sees to it that the oldest key does not wait for ever, where the threads do not come back."""
        if self._queue and self._timer is None:
            oldest = next(iter(self._queue.values()))
            self._timer = asyncio.get_running_loop().call_at(oldest.until, self._lose_patience)

    def _lose_patience(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for key, waiting in list(self._queue.items()):
            if waiting.until > now:
                break
            del self._queue[key]
            self._refused += len(waiting.requests)
            _answer(waiting.requests, Unavailable(f"the store was busy for {self._patience:g} s"))
        self._watch()


_Requests = list["asyncio.Future[bytes | None]"]
_Outcome = bytes | None | Exception


class _Waiting(NamedTuple):
    until: float
    requests: _Requests


def _answer(requests: _Requests, outcome: _Outcome) -> None:
    for request in requests:
        if request.done():
            continue
        if isinstance(outcome, Unavailable):
            # An exception keeps the trace of whoever it is raised for: each request gets its own.
            request.set_exception(Unavailable(str(outcome), outcome.retry_after))
        elif isinstance(outcome, Exception):
            request.set_exception(outcome)
        else:
            request.set_result(outcome)
