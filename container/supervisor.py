"""The parent of several workers, or of one that is to be replaced from time to time.

uvicorn's supervisor starts workers and passes signals on. Its own limit of requests stops a worker at once, with idle
connections closed under requests on the wire, and starts the next one only then. Here a worker that has answered
enough says so, serves on until its successor is ready, and leaves by a drain. uvicorn asks each worker in turn whether
it lives, and waits for the answer; here the workers' sheets tell. Nothing here waits for a worker without a bound.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from socket import socket

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from container.drain import LEAVE
from container.metrics import sheets
from container.metrics.columns import BEAT, HEADER, PID, READY, RETIRING
from container.settings import ContainerSettings

HANGS_SECONDS = 30.0
"""A worker whose event loop does not turn for so long is killed, and another one started."""
IMPORTS_SECONDS = 120.0
"""A worker that has no sheet so long after its start is killed: imports take CPU, of which a pod may have little."""
MARGIN_SECONDS = 4.0
"""How much longer than its drain and its stop a worker may take to leave, before it is killed. The grace period of a
pod is 5 s longer than both."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
"""From the death of a worker that was never ready to the start of the next; doubled with each such death in a row."""
DEATHS_IN_A_ROW = 5
"""So many such deaths end the server, unless another worker is ready."""

logger = logging.getLogger("crossover")

Found = Mapping[int, sheets.Sheet]
"""The headers of all sheets, by their worker's process id."""


class Worker(Process):
    """A worker process, and what its supervisor remembers of it and of those that had its place before."""

    def __init__(self, config: Config, sockets: list[socket], now: float, deaths: int = 0) -> None:
        super().__init__(config, sockets)
        self.since = now
        self.was_ready = False
        self.retiring = False
        self.ended = False
        """Whether its end was noticed."""
        self.successor: Worker | None = None
        self.deaths = deaths
        """Workers in a row that died in this place without having been ready."""
        self.next_start = now
        """When another worker may be started in its place, or to follow it."""

    def leave(self) -> None:
        """Tells it that its successor is ready."""
        if self.exitcode is None and self.pid is not None:
            os.kill(self.pid, LEAVE)


class Supervisor(Multiprocess):
    """uvicorn's, which replaces workers that are retiring, and gives those that die at their start time."""

    processes: list[Worker]  # type: ignore[assignment]

    def __init__(
        self,
        config: Config,
        sockets: list[socket],
        folder: Path,
        settings: ContainerSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config, sockets)
        self.failed = False
        """Whether it ended because workers cannot start."""
        self._folder = folder
        self._clock = clock
        self._stop_patience = settings.drain_seconds + settings.stop_seconds + MARGIN_SECONDS
        self._leave_patience = settings.keep_alive_seconds + settings.stop_seconds + MARGIN_SECONDS
        self._leaving: dict[Worker, float] = {}
        """Workers that drain, each with the time when it is killed."""

    def init_processes(self) -> None:
        """Starts the first workers."""
        self.processes.extend(self.started() for _ in range(self.processes_num))

    def started(self, deaths: int = 0) -> Worker:
        """A new worker process, for a place where so many have died."""
        worker = Worker(self.config, self.sockets, self._clock(), deaths)
        worker.start()
        return worker

    def keep_subprocess_alive(self) -> None:
        """What uvicorn calls twice a second. It waits for nobody, as uvicorn's own does for a worker's answer."""
        if self.should_exit.is_set():
            return
        found = {int(each.numbers[PID]): each for each in sorted(sheets.read(self._folder, HEADER), key=_lives)}
        for index, worker in enumerate(self.processes):
            self._note(worker, found)
            if self._alive(worker, found):
                if worker.retiring:
                    self._replace(index, worker, found)
            elif worker.successor is not None:
                self._note_end(worker)
                self.processes[index] = worker.successor
            else:
                self._start_again(index, worker, found)
        self._forget_the_left()

    def restart_all(self) -> None:
        """Lets every worker be replaced, as if it had answered enough: what SIGHUP asks for."""
        for worker in self.processes:
            worker.retiring = True

    def handle_ttin(self) -> None:
        """One worker more."""
        self.processes_num += 1
        self.processes.append(self.started())

    def handle_ttou(self) -> None:
        """One worker less, but never none."""
        if self.processes_num > 1:
            self.processes_num -= 1
            self._stop(self.processes.pop())

    def terminate_all(self) -> None:
        """Lets all workers drain, those too that have not begun to serve, and those that are draining already."""
        for worker in (*self.processes, *self._leaving):
            self._stop(worker)

    def join_all(self) -> None:
        """Waits for all workers, and kills those that do not leave in time."""
        while self._leaving:
            self._forget_the_left()
            time.sleep(0.05)

    def _note(self, worker: Worker, found: Found) -> None:
        header = _header(worker, found)
        if header is not None:
            worker.retiring = worker.retiring or bool(header[RETIRING])
            if header[READY] and not worker.was_ready:
                worker.was_ready = True
                worker.deaths = 0

    def _alive(self, worker: Worker, found: Found) -> bool:
        """Whether a worker lives. One that hangs is killed."""
        if worker.exitcode is not None:
            return False
        header = _header(worker, found)
        if header is None:
            hangs = not worker.was_ready and self._clock() - worker.since > IMPORTS_SECONDS
        else:
            hangs = header[BEAT] > 0 and self._clock() - header[BEAT] > HANGS_SECONDS
        if hangs:
            logger.error("worker %s hangs and is killed", worker.pid)
            worker.kill()
            worker.join()
        return not hangs

    def _replace(self, index: int, worker: Worker, found: Found) -> None:
        """Brings a worker that is retiring nearer to its end: it leaves when its successor is ready."""
        successor = worker.successor
        if successor is None:
            if self._clock() >= worker.next_start:
                worker.successor = self.started(worker.deaths)
            return
        self._note(successor, found)
        if not self._alive(successor, found):
            worker.successor = None
            self._note_end(successor)
            worker.deaths, worker.next_start = successor.deaths, successor.next_start
        elif successor.was_ready:
            worker.successor = None
            self.processes[index] = successor
            worker.leave()
            self._leaving[worker] = self._clock() + self._leave_patience

    def _start_again(self, index: int, worker: Worker, found: Found) -> None:
        """Starts another worker in a dead one's place when it is time, or ends the server."""
        if not worker.ended:
            self._note_end(worker)
            hopeless = worker.exitcode == STARTUP_FAILURE or worker.deaths >= DEATHS_IN_A_ROW
            if hopeless and not any(_is_ready(each, found) for each in self.processes):
                logger.error("worker %s cannot start; the server ends", worker.pid)
                self.failed = True
                self.should_exit.set()
        if self._clock() >= worker.next_start and not self.should_exit.is_set():
            self.processes[index] = self.started(worker.deaths)

    def _note_end(self, worker: Worker) -> None:
        worker.ended = True
        worker.kill()  # it is dead: this closes its pipe
        worker.join()
        if worker.was_ready:
            logger.warning("worker %s ended with %s; another one starts", worker.pid, worker.exitcode)
            return
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(worker.deaths, 10))
        worker.deaths += 1
        worker.next_start = self._clock() + wait
        logger.warning(
            "worker %s ended with %s and was never ready; another one starts in %g s", worker.pid, worker.exitcode, wait
        )

    def _stop(self, worker: Worker) -> None:
        """Lets a worker drain, and the one that was to follow it."""
        for each in (worker, worker.successor):
            if each is not None:
                each.terminate()
                deadline = self._clock() + self._stop_patience
                self._leaving[each] = min(deadline, self._leaving.get(each, deadline))

    def _forget_the_left(self) -> None:
        for worker, deadline in list(self._leaving.items()):
            if worker.exitcode is None:
                if self._clock() <= deadline:
                    continue
                logger.warning("worker %s did not leave in time and is killed", worker.pid)
            worker.kill()
            worker.join()
            del self._leaving[worker]


def _lives(sheet: sheets.Sheet) -> bool:
    return sheet.alive


def _header(worker: Worker, found: Found) -> Sequence[float] | None:
    """What a worker says, or last said: of one that lives no sheet counts that another left with the same id."""
    sheet = found.get(worker.pid or 0)
    return sheet.numbers if sheet is not None and (sheet.alive or worker.exitcode is not None) else None


def _is_ready(worker: Worker, found: Found) -> bool:
    header = _header(worker, found)
    return worker.exitcode is None and header is not None and header[READY] > 0
