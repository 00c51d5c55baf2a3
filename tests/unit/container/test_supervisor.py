"""The supervisor by itself: what it does with workers that die, hang, retire or do not leave."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import SIGNALS

from container.metrics.columns import BEAT, HEADER, PID, READY, RETIRING
from container.metrics.sheets import Sheets
from container.settings import ContainerSettings
from container.supervisor import DEATHS_IN_A_ROW, HANGS_SECONDS, IMPORTS_SECONDS, Supervisor, Worker

CONFIG = Config("nothing:here", workers=1)
SETTINGS = ContainerSettings(drain_seconds=5, stop_seconds=10, keep_alive_seconds=75)


class Stub(Worker):
    """A worker that is no process: the test says what it does, and reads what was done to it."""

    def __init__(self, number: int, now: float, deaths: int) -> None:
        super().__init__(CONFIG, [], now, deaths)
        self.number = number
        self.status: int | None = None
        self.heard: list[str] = []
        self.sheets: Sheets | None = None

    @property
    def pid(self) -> int:
        return self.number

    @property
    def exitcode(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        self.heard.append("terminate")

    def leave(self) -> None:
        self.heard.append("leave")

    def kill(self) -> None:
        if self.status is None:
            self.heard.append("kill")
            self.dies(-signal.SIGKILL)

    def join(self) -> None:
        assert self.status is not None, "this would wait for ever"

    def dies(self, status: int = 1) -> None:
        self.status, self.sheets = status, None


class Server(Supervisor):
    """A supervisor of stubs."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        self.now = 1_000.0
        self.made: list[Stub] = []
        super().__init__(CONFIG, [], folder, SETTINGS, lambda: self.now)
        self.folder = folder
        self.processes_num = count
        self.init_processes()

    def started(self, deaths: int = 0) -> Worker:
        self.made.append(Stub(100 + len(self.made), self.now, deaths))
        return self.made[-1]

    def says(self, worker: Stub, **states: float) -> None:
        """Writes a worker's header."""
        if worker.sheets is None:
            worker.sheets = Sheets(HEADER, self.folder)
            worker.sheets.own[:HEADER] = memoryview(bytes(HEADER * 8)).cast("d")
        places = {"beat": BEAT, "ready": READY, "retiring": RETIRING}
        worker.sheets.own[PID] = worker.number
        for name, value in {"beat": self.now, **states}.items():
            worker.sheets.own[places[name]] = value

    def looks(self, after: float = 0.0) -> None:
        self.now += after
        self.keep_subprocess_alive()

    def serving(self) -> Stub:
        """The first worker, ready and seen so."""
        self.says(self.made[0], ready=1, retiring=0)
        self.looks()
        return self.made[0]

    def retiring(self) -> tuple[Stub, Stub]:
        """A worker that has answered enough, and its successor, which is starting."""
        old = self.serving()
        self.says(old, retiring=1)
        self.looks()
        return old, self.made[-1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield Server(tmp_path)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_worker_that_was_ready_is_replaced_at_once(server: Server) -> None:
    server.serving().dies(-9)
    server.looks()
    assert server.processes == [server.made[1]]
    assert not server.should_exit.is_set()


def test_one_that_was_ready_between_two_looks_and_died_was_ready(server: Server) -> None:
    server.says(server.made[0], ready=1)
    server.made[0].dies(-9)
    server.looks()
    assert server.processes == [server.made[1]]
    assert server.made[1].deaths == 0


def test_one_that_dies_at_its_start_is_replaced_later_each_time_and_ends_the_server_in_the_end(server: Server) -> None:
    for wait in (0.5, 1, 2, 4):
        server.made[-1].dies(1)
        made = len(server.made)
        server.looks()
        server.looks(after=wait - 0.1)
        assert len(server.made) == made
        server.looks(after=0.1)
        assert len(server.made) == made + 1
    assert len(server.made) == DEATHS_IN_A_ROW
    server.made[-1].dies(1)
    server.looks()
    assert server.should_exit.is_set()
    assert server.failed
    assert len(server.made) == DEATHS_IN_A_ROW


def test_while_another_worker_is_ready_the_server_goes_on_and_waits_30_seconds_at_most(
    server: Server, tmp_path: Path
) -> None:
    server.handle_ttin()
    server.serving()
    for _ in range(3 * DEATHS_IN_A_ROW):
        server.made[-1].dies(STARTUP_FAILURE)
        server.looks()
        made = len(server.made)
        server.says(server.made[0])
        server.looks(after=30)
        assert len(server.made) == made + 1
    assert not server.should_exit.is_set()
    assert server.processes[0] is server.made[0]


def test_one_that_becomes_ready_ends_the_row_of_deaths(server: Server) -> None:
    server.made[0].dies(1)
    server.looks()
    server.looks(after=1)
    assert server.made[1].deaths == 1
    server.says(server.made[1], ready=1)
    server.looks()
    assert server.made[1].deaths == 0


def test_a_start_that_fails_for_good_ends_the_server_at_once(server: Server) -> None:
    server.made[0].dies(STARTUP_FAILURE)
    server.looks()
    assert server.failed
    server.looks(after=100)
    assert len(server.made) == 1


def test_a_server_that_ends_starts_nobody(server: Server) -> None:
    server.serving().dies(0)
    server.should_exit.set()
    server.looks(after=100)
    assert len(server.made) == 1


def test_a_worker_whose_loop_does_not_turn_is_killed(server: Server) -> None:
    worker = server.serving()
    server.looks(after=HANGS_SECONDS)
    assert worker.heard == []
    server.looks(after=1)
    assert worker.heard == ["kill"]
    assert server.processes == [server.made[1]]


def test_a_worker_without_a_beat_yet_is_not_taken_for_one_that_hangs(server: Server) -> None:
    server.says(server.made[0], beat=0)
    server.looks(after=HANGS_SECONDS + 1)
    assert server.made[0].heard == []


def test_a_worker_that_never_gets_as_far_as_its_sheet_is_killed(server: Server) -> None:
    server.looks(after=IMPORTS_SECONDS)
    assert server.made[0].heard == []
    server.looks(after=1)
    assert server.made[0].heard == ["kill"]


def test_a_retiring_worker_leaves_when_its_successor_is_ready(server: Server) -> None:
    old, successor = server.retiring()
    server.looks(after=1)
    assert (old.heard, server.processes) == ([], [old])
    server.says(successor, ready=1)
    server.looks()
    assert (old.heard, server.processes, len(server.made)) == (["leave"], [successor], 2)
    server.says(successor)
    old.dies(0)
    server.looks()
    server.terminate_all()
    assert old.heard == ["leave"]


def test_a_worker_that_leaves_has_as_long_as_a_connection_may_be_idle(server: Server) -> None:
    old, successor = server.retiring()
    server.says(successor, ready=1)
    server.looks()
    for _ in range(85):
        server.says(successor)
        server.looks(after=1)
    assert old.heard == ["leave"]
    server.says(successor)
    server.looks(after=5)
    assert old.heard == ["leave", "kill"]


@pytest.mark.parametrize("status", [1, -9, STARTUP_FAILURE])
def test_successors_that_die_are_tried_again_later_each_time_and_the_old_worker_serves_on(
    server: Server, status: int
) -> None:
    old, _ = server.retiring()
    for wait in (0.5, 1, 2, 4, 8, 16, 30, 30):
        server.made[-1].dies(status)
        made = len(server.made)
        server.looks()
        server.looks(after=wait - 0.1)
        assert len(server.made) == made
        server.says(old)
        server.looks(after=0.1)
        assert len(server.made) == made + 1
    assert (old.heard, server.processes) == ([], [old])
    assert not server.should_exit.is_set()


def test_a_successor_that_hangs_before_it_is_ready_is_killed(server: Server) -> None:
    old, successor = server.retiring()
    server.says(successor)
    server.now += HANGS_SECONDS + 1
    server.says(old)
    server.looks()
    assert (old.heard, successor.heard) == ([], ["kill"])


def test_a_successor_takes_the_place_of_a_worker_that_dies_before_it_is_ready(server: Server) -> None:
    old, successor = server.retiring()
    old.dies(-9)
    server.looks()
    assert (server.processes, successor.heard, len(server.made)) == ([successor], [], 2)


def test_hangup_replaces_every_worker_as_if_it_had_answered_enough(server: Server) -> None:
    server.handle_ttin()
    server.restart_all()
    server.looks()
    assert len(server.made) == 4
    assert all(worker.successor for worker in server.processes)


def test_one_worker_less_drains_but_never_the_last(server: Server) -> None:
    server.handle_ttin()
    server.handle_ttou()
    server.handle_ttou()
    assert server.processes == [server.made[0]]
    assert [worker.heard for worker in server.made] == [[], ["terminate"]]


def test_the_stop_ends_a_worker_that_hangs_and_a_successor_that_is_starting(server: Server) -> None:
    old, successor = server.retiring()
    server.terminate_all()
    assert old.heard == successor.heard == ["terminate"]
    old.dies(0)
    server.now += SETTINGS.drain_seconds + SETTINGS.stop_seconds
    server._forget_the_left()
    assert successor.heard == ["terminate"]
    server.now += 5
    server.join_all()
    assert successor.heard == ["terminate", "kill"]
    server.join_all()
