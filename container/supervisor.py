"""The parent of several workers, or of one that is to be replaced from time to time.

uvicorn's supervisor starts workers and passes signals on. Its own limit of requests stops a worker at once, with idle
connections closed under requests on the wire, and starts the next one only then. Here a worker that has answered
enough says so, serves on until its successor is ready, and leaves by a drain. uvicorn asks each worker in turn whether
it lives, and waits for the answer; here the workers' sheets tell.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from socket import socket

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from container import sheets
from container.columns import BEAT, HEADER, PID, READY, RETIRING
from container.drain import LEAVE

HANGS_SECONDS = 30.0
"""A worker whose event loop does not turn for so long is killed, and another one started."""
MARGIN_SECONDS = 20.0
"""How much longer than its drain a worker may take to leave, before it is killed."""

logger = logging.getLogger("crossover")


class Supervisor(Multiprocess):
    """uvicorn's, which replaces workers that are retiring."""

    def __init__(self, config: Config, sockets: list[socket], folder: Path, drain_seconds: float) -> None:
        super().__init__(config, sockets)
        self._folder = folder
        self._patience = drain_seconds + MARGIN_SECONDS
        self._successors: dict[Process, Process] = {}
        """Workers that are retiring, each with the one that is to follow it."""
        self._leaving: dict[Process, float] = {}
        """Workers that drain, each with the time when it is killed."""

    @property
    def failed(self) -> bool:
        """Whether it ended because workers cannot start."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)

    def keep_subprocess_alive(self) -> None:
        """What uvicorn calls twice a second. It waits for nobody, as uvicorn's own does for a worker's answer."""
        headers = {int(each.numbers[PID]): each.numbers for each in sheets.read(self._folder, HEADER) if each.alive}
        for index, process in enumerate(self.processes):
            header = headers.get(process.pid or 0)
            if process.exitcode is None and header is not None and time.monotonic() - header[BEAT] > HANGS_SECONDS:
                logger.error("worker %s hangs and is killed", process.pid)
            elif process.exitcode is None:
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                logger.error("worker %s cannot start; the server ends", process.pid)
                self.should_exit.set()
                return
            logger.warning("worker %s ended with %s; another one starts", process.pid, process.exitcode)
            self.processes[index] = self._started()
        self._replace_the_retiring(headers)
        self._forget_the_left()

    def terminate_all(self) -> None:
        """Lets all workers drain, those too that have not begun to serve."""
        for process in self._leaving:
            process.terminate()
        for process in self._successors.values():
            process.terminate()
            self._leaving[process] = time.monotonic() + self._patience
        super().terminate_all()

    def join_all(self) -> None:
        """Waits for all workers, those too that are no longer counted."""
        super().join_all()
        while self._leaving:
            self._forget_the_left()
            time.sleep(0.05)

    def _started(self) -> Process:
        process = Process(self.config, self.sockets)
        process.start()
        return process

    def _replace_the_retiring(self, headers: Mapping[int, Sequence[float]]) -> None:
        ready = {pid for pid, header in headers.items() if header[READY]}
        for index, process in enumerate(self.processes):
            header = headers.get(process.pid or 0)
            if header is None or not header[RETIRING]:
                continue
            successor = self._successors.get(process)
            if successor is None:
                self._successors[process] = self._started()
            elif successor.exitcode is not None:
                logger.warning("worker %s, to follow %s, ended with %s", successor.pid, process.pid, successor.exitcode)
                self._successors[process] = self._started()
            elif successor.pid in ready:
                del self._successors[process]
                self.processes[index] = successor
                os.kill(int(header[PID]), LEAVE)
                self._leaving[process] = time.monotonic() + self._patience

    def _forget_the_left(self) -> None:
        for process in [each for each in self._successors if each not in self.processes]:
            # It died before its successor was ready, and another one has its place.
            successor = self._successors.pop(process)
            successor.terminate()
            self._leaving[successor] = time.monotonic() + self._patience
        for process, deadline in list(self._leaving.items()):
            if process.exitcode is not None:
                process.join()
                del self._leaving[process]
            elif time.monotonic() > deadline:
                logger.warning("worker %s did not leave in time and is killed", process.pid)
                process.process.kill()
                process.join()
                del self._leaving[process]
