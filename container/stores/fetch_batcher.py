"""Request batching on an event loop that never blocks: keys that wait at the same time are fetched in one statement.

The cost of a database is the round trip, whatever the size of its answer. So the keys that are waiting when a
connection becomes free are fetched together. No key waits for others to arrive: where a connection is free it is
fetched at the end of the loop's turn, with the keys of the same turn.
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


class BatchSource(Protocol):
    """What is fetched from: a `crossover.stores.port.Store` that several threads may use at once."""

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order. Raises `Unavailable`."""
        ...


class BatchStats(NamedTuple):
    """The batcher's figures. All but the first two (`GAUGES`) only ever grow."""

    waiting: int
    """Requests that wait now, for a batch to leave or to come back."""
    batches_under_way: int
    fetches: int
    batches: int
    keys: int
    """Keys fetched in all batches: `keys / batches` is the size of a batch, `fetches - keys` shared another's."""
    refused: int


GAUGES = frozenset({"waiting", "batches_under_way"})
"""The figures of `BatchStats` that go down too."""


class BatchedFetcher:
    """Fetches for every request of one event loop, in at most `threads` batches at a time.

    Requests for the same key share one answer. Where the store is unavailable, all requests of the batch get
    `Unavailable`; after any other error the keys are fetched one by one, so that one key's error stays its own.
    """

    def __init__(
        self,
        source: BatchSource,
        threads: int,
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
        max_wait_seconds: float = 5.0,
    ) -> None:
        """Create a batcher for the running event loop.

        Args:
            source: What is fetched from.
            threads: Batches at a time; the source has a connection for each.
            max_batch: Keys of one batch.
            max_waiting: Requests that may wait at once; further ones are refused.
            max_wait_seconds: How long a key may wait for its batch to start.
        """
        self._source = source
        self._free = threads
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="fetch")
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._max_wait_seconds = max_wait_seconds
        self._queue: dict[bytes, _Waiting] = {}
        """Keys whose batch has not started, the oldest first."""
        self._requests = 0
        self._dispatching = False
        self._timer: asyncio.TimerHandle | None = None
        self._fetches = self._batches = self._keys = self._refused = 0

    async def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable`."""
        if self._requests >= self._max_waiting:
            self._refused += 1
            raise Unavailable(f"{self._max_waiting} requests wait for the store already")
        loop = asyncio.get_running_loop()
        request: asyncio.Future[bytes | None] = loop.create_future()
        waiting = self._queue.get(key)
        if waiting is None:
            self._queue[key] = _Waiting(loop.time() + self._max_wait_seconds, [request])
            if not self._dispatching and self._free:
                self._dispatching = True
                loop.call_soon(self._dispatch)
            elif not self._free:
                self._arm_timer()
        else:
            waiting.requests.append(request)
        self._fetches += 1
        self._requests += 1
        try:
            return await request
        finally:
            self._requests -= 1

    def stats(self) -> BatchStats:
        """Return the figures of this moment."""
        under_way = self._threads - self._free
        return BatchStats(self._requests, under_way, self._fetches, self._batches, self._keys, self._refused)

    async def close(self) -> None:
        """Wait for the batches under way. Called when no request is left, before the store is closed."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)

    def _dispatch(self) -> None:
        """Start batches while there are waiting keys and free threads."""
        self._dispatching = False
        while self._queue and self._free:
            batch: dict[bytes, _Requests] = {}
            while self._queue and len(batch) < self._max_batch:
                key = next(iter(self._queue))
                requests = self._queue.pop(key).requests
                if not all(request.done() for request in requests):
                    batch[key] = requests
            if batch:
                self._send(batch)
        self._arm_timer()

    def _send(self, batch: dict[bytes, _Requests]) -> None:
        loop = asyncio.get_running_loop()
        self._free -= 1
        self._batches += 1
        self._keys += len(batch)
        self._executor.submit(self._run_batch, list(batch)).add_done_callback(
            lambda done: loop.call_soon_threadsafe(self._resolve, batch, done.result())
        )

    def _run_batch(self, keys: list[bytes]) -> list[_Outcome]:
        """Return each key's outcome. Runs in a thread, and touches nothing of the loop's."""
        try:
            return list(self._source.fetch_many(keys))
        except Exception as problem:
            outage = isinstance(problem, Unavailable) and not isinstance(problem, Refused)
            if outage or len(keys) == 1:
                return [problem] * len(keys)
            return [outcome for key in keys for outcome in self._run_batch([key])]

    def _resolve(self, batch: dict[bytes, _Requests], outcomes: list[_Outcome]) -> None:
        self._free += 1
        for requests, outcome in zip(batch.values(), outcomes, strict=True):
            _settle(requests, outcome)
        self._dispatch()

    def _arm_timer(self) -> None:
        """Arm a timer that fails the oldest queued key once `max_wait_seconds` have passed."""
        if self._queue and self._timer is None:
            oldest = next(iter(self._queue.values()))
            self._timer = asyncio.get_running_loop().call_at(oldest.until, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for key, waiting in list(self._queue.items()):
            if waiting.until > now:
                break
            del self._queue[key]
            self._refused += len(waiting.requests)
            _settle(waiting.requests, Unavailable(f"the store was busy for {self._max_wait_seconds:g} s"))
        self._arm_timer()


_Requests = list["asyncio.Future[bytes | None]"]
_Outcome = bytes | None | Exception


class _Waiting(NamedTuple):
    until: float
    requests: _Requests


def _settle(requests: _Requests, outcome: _Outcome) -> None:
    for request in requests:
        if request.done():
            continue
        if isinstance(outcome, Unavailable):
            # An exception keeps the traceback of where it is raised: each request gets its own.
            request.set_exception(Unavailable(str(outcome), outcome.retry_after))
        elif isinstance(outcome, Exception):
            request.set_exception(outcome)
        else:
            request.set_result(outcome)
