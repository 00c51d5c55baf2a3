"""A worker's life: when it is ready, when it lets itself be replaced, and when it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from container.lifecycle import Life
from container.metrics.columns import DRAINING, READY, RETIRING
from container.metrics.recorder import Metrics
from container.settings import ContainerSettings
from crossover.responses import Envelope
from crossover.seam import Service
from crossover.settings import Identity

ECHO = Service("echo", "Say it again", lambda request: b"", (), ())


class Worker:
    """A life without a server, and what its sheet says."""

    def __init__(self, settings: ContainerSettings | None = None, supervisor: int | None = None) -> None:
        self.metrics = Metrics([ECHO])
        self.life = Life(self.metrics, settings or ContainerSettings(), supervisor)

    def says(self, state: int) -> bool:
        return bool(self.metrics._sheets.own[state])

    def answers(self, count: int) -> None:
        for _ in range(count):
            self.metrics.observe("echo", Envelope(Identity()).result(b""), {})

    def looks_around(self) -> None:
        """Lets a moment pass."""

        async def moment() -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.life.go_on(), 0.01)

        asyncio.run(moment())


def test_a_worker_is_ready_from_its_begin_to_its_drain() -> None:
    worker = Worker()
    assert not worker.life.ready
    worker.life.begin()
    assert worker.life.ready
    assert worker.says(READY)
    worker.life.drain(replaced=False)
    assert not worker.life.ready
    assert not worker.says(READY)
    assert worker.says(DRAINING)


def test_a_worker_whose_end_was_announced_before_its_begin_is_never_ready() -> None:
    worker = Worker()
    worker.life.drain(replaced=False)
    worker.life.begin()
    assert not worker.life.ready


def test_a_worker_that_has_answered_enough_asks_for_a_successor_and_stays_ready() -> None:
    worker = Worker(ContainerSettings(max_requests=10))
    worker.life.begin()
    worker.answers(9)
    worker.looks_around()
    assert not worker.says(RETIRING)
    worker.answers(1)
    worker.looks_around()
    assert worker.says(RETIRING)
    worker.life.drain(replaced=True)
    assert worker.life.ready
    assert worker.says(DRAINING)


def test_a_worker_that_asked_for_a_successor_and_has_none_is_not_ready_when_its_server_stops() -> None:
    worker = Worker(ContainerSettings(max_requests=1))
    worker.life.begin()
    worker.answers(1)
    worker.looks_around()
    worker.life.drain(replaced=False)
    assert not worker.life.ready


def test_jitter_puts_the_end_of_each_worker_somewhere_else() -> None:
    settings = ContainerSettings(max_requests=10, max_requests_jitter=1_000_000)
    ends = {Worker(settings).life._last_request for _ in range(10)}
    assert len(ends) > 1
    assert all(10 <= end <= 1_000_010 for end in ends)


def test_without_a_limit_a_worker_goes_on_for_ever() -> None:
    worker = Worker()
    worker.answers(1000)
    worker.looks_around()
    assert not worker.says(RETIRING)


def test_a_worker_whose_supervisor_is_gone_ends_itself_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(supervisor=os.getppid())
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *arguments: sent.append(arguments))
    worker.looks_around()
    assert sent == []
    monkeypatch.setattr(os, "getppid", lambda: 1)
    worker.looks_around()
    worker.looks_around()
    assert sent == [(os.getpid(), signal.SIGTERM)]
