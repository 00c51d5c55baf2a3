"""A load of a divided store: every database is loaded with its part at the same time, and then all switch together.

Each database's load is all or nothing, and none switches before the records of all are written. So whatever goes wrong
before that leaves every database as it was. What is left is a kill, or a database that fails, between the first switch
and the last, which follow each other within milliseconds: then some databases serve the new load and the others the
old one. Every answer is still of one load, and the same command again brings all to one.
"""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue

from crossover.stores.parts import MARK, Loading
from crossover.stores.port import Loaded, LoadFailed, PartlyLoaded, Report
from crossover.stores.sharded import slot_of, slots

Pair = tuple[bytes, bytes]
LoadOne = Callable[[int, Iterable[Pair], Report, Loading], Loaded]
"""Loads one database, given its number from 0."""

BATCH_RECORDS, BATCH_BYTES = 256, 1_000_000
"""Records are passed on in lists of at most so many, which are closed at so many bytes."""
WAITING_BATCHES = 2
"""Lists that may wait for one database; then the others wait for it, so that memory stays bounded."""
POLL_SECONDS = 0.2
"""How often who waits looks whether the load was given up."""


class _GivenUp(LoadFailed):
    """A database's load ended because of another's."""


class _Meeting:
    """Where the loads of all databases wait for each other before they switch."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._changed = threading.Condition()
        self.given_up = False

    def arrive(self) -> None:
        with self._changed:
            self._missing -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Return whether all are there, after so many seconds at most. Raises `LoadFailed` once it is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self.given_up or not self._missing, seconds)
            if not self._missing:
                return True  # some may have switched by now: who arrived follows
            self.check()
            return False

    def give_up(self) -> None:
        with self._changed:
            self.given_up = True
            self._changed.notify_all()

    def check(self) -> None:
        if self.given_up:
            raise _GivenUp("the load of another database of the store failed")


class _PartLoading:
    """One database's load: its records come through a queue, and it switches with the others."""

    def __init__(self, version: str, meeting: _Meeting) -> None:
        self.version = version
        self._meeting = meeting
        self._arrived = False
        self._queue: Queue[list[Pair]] = Queue(WAITING_BATCHES)
        self._batch: list[Pair] = []
        self._bytes = 0

    def add(self, key: bytes, record: bytes) -> None:
        """Pass a record on."""
        self._batch.append((key, record))
        self._bytes += len(key) + len(record)
        if len(self._batch) == BATCH_RECORDS or self._bytes >= BATCH_BYTES:
            self._send()

    def end(self) -> None:
        """Say that there are no more."""
        if self._batch:
            self._send()
        self._send()

    def records(self) -> Iterator[Pair]:
        """Yield what is passed on."""
        while True:
            try:
                batch = self._queue.get(timeout=POLL_SECONDS)
            except Empty:
                self._meeting.check()
                continue
            if not batch:
                return
            yield from batch

    def may_switch(self, seconds: float) -> bool:
        """Wait until the records of all databases are written."""
        if not self._arrived:
            self._arrived = True
            self._meeting.arrive()
        return self._meeting.wait(seconds)

    def _send(self) -> None:
        while True:
            self._meeting.check()
            try:
                self._queue.put(self._batch, timeout=POLL_SECONDS)
            except Full:
                continue
            self._batch, self._bytes = [], 0
            return


class _Sums:
    """Reports of several loads as one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._parts: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)

    def of(self, shard: int) -> Report:
        """Return what one database's load reports to."""

        def report(what: str, done: int, total: int) -> None:
            with self._lock:
                parts = self._parts[what]
                parts[shard] = (done, total)
                self._report(what, sum(part[0] for part in parts.values()), sum(part[1] for part in parts.values()))

        return report


def load_shards(count: int, load_one: LoadOne, records: Iterable[Pair], report: Report) -> Loaded:
    """Load `count` databases with their parts of some (key, record) pairs.

    Raises:
        LoadFailed: Where a database cannot be loaded; all serve what they did before.
        PartlyLoaded: Where some of them switched before another one failed.
    """
    version, table = secrets.token_hex(8), slots(count)
    meeting, sums = _Meeting(count), _Sums(report)
    parts = [_PartLoading(MARK.format(version, at + 1, count), meeting) for at in range(count)]

    def settle(future: Future[Loaded]) -> None:
        if future.exception():
            meeting.give_up()

    with ThreadPoolExecutor(count, thread_name_prefix="load") as pool:
        futures = [pool.submit(load_one, at, part.records(), sums.of(at), part) for at, part in enumerate(parts)]
        for future in futures:
            future.add_done_callback(settle)
        try:
            for key, record in records:
                parts[table[slot_of(key)]].add(key, record)
            for part in parts:
                part.end()
        except _GivenUp:
            pass  # the failed load says why
        except BaseException:
            meeting.give_up()
            raise
    return _summed(version, futures)


def _summed(version: str, futures: Sequence[Future[Loaded]]) -> Loaded:
    loads = [future.result() for future in futures if not future.exception()]
    failures = {at: problem for at, future in enumerate(futures) if (problem := future.exception())}
    for at, problem in sorted(failures.items(), key=lambda failure: isinstance(failure[1], _GivenUp)):
        if not isinstance(problem, LoadFailed):
            raise problem
        said = f"database {at + 1} of {len(futures)}: {problem}"
        if loads:
            raise PartlyLoaded(
                f"{said}; {len(loads)} of the databases serve the new load and the others the one before: load again"
            ) from problem
        raise LoadFailed(said) from problem
    figures: defaultdict[str, float] = defaultdict(float)
    for loaded in loads:
        for name, figure in loaded.figures.items():
            figures[name] += figure
    figures |= {f"records in database {at + 1}": float(loaded.records) for at, loaded in enumerate(loads)}
    return Loaded(version, sum(one.records for one in loads), sum(one.size_bytes for one in loads), dict(figures))
