"""A worker's lifecycle: not ready, ready, draining. Its answers and its metrics follow it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable

from container.metrics.recorder import Metrics

PUBLISH_SECONDS = 1.0


class Lifecycle:
    """The state of this worker. Only `start` and `drain` change it."""

    def __init__(self, metrics: Metrics) -> None:
        self.ready = self.draining = False
        self._metrics = metrics

    def start(self) -> None:
        """Be ready, unless a drain was announced before: tables are loaded, and the stores have answered."""
        self.ready = not self.draining
        self._metrics.state(self.ready, self.draining)

    def drain(self) -> None:
        """Be ready no longer: the server will stop."""
        self.draining, self.ready = True, False
        self._metrics.state(self.ready, self.draining)


async def publish_metrics(metrics: Metrics) -> None:
    """Publish the metrics once a second."""
    while True:
        metrics.publish()
        await asyncio.sleep(PUBLISH_SECONDS)


def stop_with_parent(stop: Callable[[], object] = lambda: os.kill(os.getpid(), signal.SIGTERM)) -> None:
    """Call `stop` when the process that started this one as a worker is gone, which nothing else would notice.

    Does nothing in a process that is no worker. Called on the event loop.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop = asyncio.get_running_loop()

    def on_death() -> None:
        loop.remove_reader(parent.sentinel)
        stop()

    loop.add_reader(parent.sentinel, on_death)
