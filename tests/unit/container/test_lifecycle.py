"""A worker's lifecycle: when it is ready, and when it ends."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from pathlib import Path

from container.lifecycle import Lifecycle, publish_metrics, stop_with_parent
from container.metrics.recorder import Metrics


def shown(metrics: Metrics) -> tuple[bool, bool]:
    """Whether `/metrics` says that the worker is ready, and that it drains."""
    text = metrics.text().decode()
    return "crossover_workers_ready 1.0" in text, "crossover_workers_draining 1.0" in text


def test_a_worker_is_ready_from_its_start_to_its_drain() -> None:
    metrics = Metrics()
    lifecycle = Lifecycle(metrics)
    assert not lifecycle.ready
    assert shown(metrics) == (False, False)
    lifecycle.start()
    assert lifecycle.ready
    assert shown(metrics) == (True, False)
    lifecycle.drain()
    assert not lifecycle.ready
    assert shown(metrics) == (False, True)


def test_a_worker_whose_drain_was_announced_before_its_start_is_never_ready() -> None:
    lifecycle = Lifecycle(Metrics())
    lifecycle.drain()
    lifecycle.start()
    assert not lifecycle.ready


async def test_metrics_are_published_at_once_and_then_again() -> None:
    class Published(Metrics):
        times = 0

        def publish(self) -> None:
            self.times += 1

    metrics = Published()
    task = asyncio.create_task(publish_metrics(metrics))
    await asyncio.sleep(0)
    task.cancel()
    assert metrics.times == 1


async def test_a_process_that_is_no_worker_does_not_watch_its_parent() -> None:
    stop_with_parent(lambda: 1 / 0)
    await asyncio.sleep(0)


def _worker(path: str) -> None:
    async def watch() -> None:
        stopped = asyncio.Event()
        stop_with_parent(stopped.set)
        Path(path).with_suffix(".watching").touch()
        await asyncio.wait_for(stopped.wait(), 30)
        Path(path).touch()

    asyncio.run(watch())


def _supervisor(path: str) -> None:
    multiprocessing.get_context("spawn").Process(target=_worker, args=(path,)).start()
    while not Path(path).with_suffix(".watching").exists():
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_stops_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "stopped"
    supervisor = multiprocessing.get_context("spawn").Process(target=_supervisor, args=(str(path),))
    supervisor.start()
    supervisor.join(30)

    async def until_stopped() -> None:
        while not path.exists():
            await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(until_stopped(), 30))
