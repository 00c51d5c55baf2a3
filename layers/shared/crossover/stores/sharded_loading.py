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
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import cast

from crossover.stores.parts import MARK, Loading
from crossover.stores.port import DistributedRecords, Loaded, LoadFailed, PartlyLoaded, Report, WritePairs
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


class GivenUp(LoadFailed):
    """A database's load ended because of another's."""


class _Meeting:
    """Where the loads of all databases wait for each other before they switch."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._changed = threading.Condition()
        self._may_switch = False
        self.given_up = False

    def arrive(self) -> None:
        with self._changed:
            self._missing -= 1
            # Who arrived may have failed since, while it waited for the last one: then none switches.
            self._may_switch = not self._missing and not self.given_up
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Return whether all are there, after so many seconds at most. Raises `LoadFailed` once it is given up."""
        with self._changed:
            self._changed.wait_for(lambda: self.given_up or self._may_switch, seconds)
            if self._may_switch:
                return True  # some may have switched by now: who arrived follows
            self.check()
            return False

    def give_up(self) -> None:
        with self._changed:
            self.given_up = True
            self._changed.notify_all()

    def check(self) -> None:
        if self.given_up:
            raise GivenUp("the load of another database of the store failed")


class Channel:
    """Passes records to another thread, in lists, of which few wait. `check` raises once they are not wanted."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
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
                self._check()
                continue
            if not batch:
                return
            yield from batch

    def _send(self) -> None:
        while True:
            self._check()
            try:
                self._queue.put(self._batch, timeout=POLL_SECONDS)
            except Full:
                continue
            self._batch, self._bytes = [], 0
            return


class _PartLoading:
    """One database's load: its records come through a channel, and it switches with the others."""

    def __init__(self, version: str, meeting: _Meeting) -> None:
        self.version = version
        self._meeting = meeting
        self._arrived = False
        self.channel = Channel(meeting.check)

    def check(self) -> None:
        """Raise `GivenUp` where the load was given up and this database's part is still being written."""
        if not self._arrived:
            self._meeting.check()

    def may_switch(self, seconds: float) -> bool:
        """Wait until the records of all databases are written."""
        if not self._arrived:
            self._arrived = True
            self._meeting.arrive()
        return self._meeting.wait(seconds)


class _Sums:
    """Reports of several loads as one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._parts: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)

    def of(self, shard: int, check: Callable[[], None]) -> Report:
        """Return what one database's load reports to; `check` raises where it is not to go on."""

        def report(what: str, done: int, total: int) -> None:
            check()
            with self._lock:
                parts = self._parts[what]
                parts[shard] = (done, total)
                self._report(what, sum(part[0] for part in parts.values()), sum(part[1] for part in parts.values()))

        return report


def load_shards(
    count: int,
    load_one: LoadOne,
    records: Iterable[Pair] | DistributedRecords,
    report: Report,
    *,
    by_workers: bool = False,
) -> Loaded:
    """Load `count` databases with their parts of some (key, record) pairs.

    Args:
        count: How many.
        load_one: Loads one of them.
        records: All pairs.
        report: Is called with the progress of all together.
        by_workers: Whether the databases' loads take `DistributedRecords`.

    Raises:
        LoadFailed: Where a database cannot be loaded; all serve what they did before.
        PartlyLoaded: Where some of them switched before another one failed.
    """
    version = secrets.token_hex(8)
    meeting, sums = _Meeting(count), _Sums(report)
    parts = [_PartLoading(MARK.format(version, at + 1, count), meeting) for at in range(count)]
    sources: list[Iterable[Pair]] = [part.channel.records() for part in parts]
    sent_by_workers = by_workers and isinstance(records, DistributedRecords)
    if sent_by_workers:
        one_pass = _OnePass(cast(DistributedRecords, records), count, meeting.check)
        sources = [_WorkersPart(one_pass, at) for at in range(count)]

    def settle(future: Future[Loaded]) -> None:
        if future.exception():
            meeting.give_up()

    with ThreadPoolExecutor(count, thread_name_prefix="load") as pool:
        futures: list[Future[Loaded]] = []
        try:
            for at, part in enumerate(parts):
                futures.append(pool.submit(load_one, at, sources[at], sums.of(at, part.check), part))
                futures[at].add_done_callback(settle)
            if not sent_by_workers:
                _pass_on(records, [part.channel for part in parts])
            wait(futures)  # here, where Ctrl-C gives the load up, and not at the end of the block
        except GivenUp:
            pass  # the failed load says why
        except BaseException:
            meeting.give_up()
            raise
    return _summed(version, futures)


def _pass_on(records: Iterable[Pair], channels: Sequence[Channel]) -> None:
    """Pass each record to the channel of its database, and say that there are no more."""
    table = slots(len(channels))
    for key, record in records:
        channels[table[slot_of(key)]].add(key, record)
    for channel in channels:
        channel.end()


@dataclass(frozen=True, slots=True)
class SplitWriter:
    """Writes a worker's pairs into the databases that they belong to, into all at the same time."""

    writers: tuple[WritePairs, ...]

    def __call__(self, pairs: Iterable[Pair]) -> tuple[int, ...]:
        """Write the pairs, and return how many went into each database. Raises `LoadFailed`."""
        failed = threading.Event()

        def check() -> None:
            if failed.is_set():
                raise GivenUp("another database's part failed")

        def settle(future: Future[Sequence[int]]) -> None:
            if future.exception():
                failed.set()

        channels = [Channel(check) for _ in self.writers]
        with ThreadPoolExecutor(len(channels), thread_name_prefix="load") as pool:
            futures = [pool.submit(write, part.records()) for write, part in zip(self.writers, channels, strict=True)]
            for future in futures:
                future.add_done_callback(settle)
            try:
                _pass_on(pairs, channels)
            except GivenUp:
                pass
            except BaseException:
                failed.set()
                raise
        for future in futures:
            if (problem := future.exception()) and not isinstance(problem, GivenUp):
                raise problem
        return tuple(sum(future.result()) for future in futures)


class _OnePass:
    """Where the databases' loads hand in their writers; one pass over the workers' records then serves all."""

    def __init__(self, records: DistributedRecords, count: int, check: Callable[[], None]) -> None:
        self._records = records
        self._count = count
        self._check = check
        self._writers: dict[int, WritePairs] = {}
        self._written: Sequence[int] = ()
        self._changed = threading.Condition()

    def write(self, at: int, write: WritePairs) -> int:
        """Return how many records went into one database, once all are written."""
        with self._changed:
            self._writers[at] = write
            last = len(self._writers) == self._count
        if last:
            written = self._records.write_with(SplitWriter(tuple(self._writers[at] for at in range(self._count))))
            with self._changed:
                self._written = written or (0,) * self._count
                self._changed.notify_all()
        with self._changed:
            while not self._written:
                self._check()
                self._changed.wait(POLL_SECONDS)
        return self._written[at]


class _WorkersPart:
    """One database's part of what the workers hold."""

    def __init__(self, one_pass: _OnePass, at: int) -> None:
        self._pass = one_pass
        self._at = at

    def __iter__(self) -> Iterator[Pair]:
        raise TypeError("these records are written by the workers")

    def write_with(self, write: WritePairs) -> Sequence[int]:
        """Write them together with the other databases' parts."""
        return (self._pass.write(self._at, write),)


def _summed(version: str, futures: Sequence[Future[Loaded]]) -> Loaded:
    loads = [future.result() for future in futures if not future.exception()]
    failures = {at: problem for at, future in enumerate(futures) if (problem := future.exception())}
    for at, problem in sorted(failures.items(), key=lambda failure: isinstance(failure[1], GivenUp)):
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
