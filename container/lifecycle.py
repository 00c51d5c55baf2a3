"""A worker's life: not ready, ready, perhaps retiring, draining. What its answers, its supervisor and metrics go by."""

from __future__ import annotations

import asyncio
import os
import random
import signal

from container.metrics.columns import DRAINING, READY, RETIRING
from container.metrics.recorder import Metrics
from container.settings import ContainerSettings

TICK_SECONDS = 1.0


class Life:
    """What one worker is at the moment. Only `begin`, `drain` and the passing of time change it."""

    def __init__(self, metrics: Metrics, settings: ContainerSettings, supervisor: int | None = None) -> None:
        """`supervisor` is the process id of the parent without which this worker is not to live, if there is one."""
        self.ready = self.draining = False
        self._retiring = False
        self._metrics = metrics
        self._last_request = settings.max_requests
        if settings.max_requests:
            self._last_request += random.randint(0, settings.max_requests_jitter)  # noqa: S311 - no secret
        self._supervisor = supervisor

    def begin(self) -> None:
        """The stores have answered: ready, unless the end was announced already."""
        self.ready = not self.draining
        self._metrics.state(READY, self.ready)

    def drain(self, replaced: bool) -> None:
        """The end is announced. Where a successor is there, the server is as ready as before, and says so."""
        self.draining = True
        self.ready = self.ready and replaced
        self._metrics.state(DRAINING, True)
        self._metrics.state(READY, self.ready)

    async def go_on(self) -> None:
        """Looks every second whether it is time to leave, and publishes what this worker has to show."""
        while True:
            self._metrics.publish()
            if self._last_request and not self._retiring and self._metrics.answered() >= self._last_request:
                self._retiring = True
                self._metrics.state(RETIRING, True)
            if self._supervisor is not None and os.getppid() != self._supervisor:
                self._supervisor = None
                os.kill(os.getpid(), signal.SIGTERM)  # the supervisor is gone, and nobody else would end this worker
            await asyncio.sleep(TICK_SECONDS)
