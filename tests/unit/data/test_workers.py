"""Work shared out to processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from local.data.etl.workers import Workers, cores


def test_results_come_in_the_order_of_the_items_from_other_processes_too() -> None:
    with Workers(pool_from=2) as workers:
        assert list(workers.map(abs, range(-20, 0))) == list(range(20, 0, -1))
        assert list(workers.map(abs, [-5])) == [5], "one item only, but the processes are there by now"
        assert cores() == 1 or set(workers.map(_process, range(4))) != {os.getpid()}


def test_few_items_start_no_process() -> None:
    with Workers(pool_from=4) as workers:
        assert set(workers.map(_process, range(3))) == {os.getpid()}
        assert list(workers.map(abs, [])) == []


def test_only_some_items_are_taken_ahead_of_the_results() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with Workers(pool_from=2) as workers:
        results = workers.map(abs, items())
        assert next(results) == 0
        assert len(taken) <= cores() + 2
        results.close()  # type: ignore[attr-defined]


@pytest.mark.skipif(cores() == 1, reason="NOT RUN: a second process takes two cores: run it on a machine that has them")
def test_a_killed_process_is_noticed() -> None:
    with Workers(pool_from=2) as workers, pytest.raises(BrokenProcessPool):
        list(workers.map(os._exit, range(4)))


ORPHANS = """
import os, time
from local.data.etl.workers import Workers

if __name__ == "__main__":
    with Workers(pool_from=2) as workers:
        for _ in workers.map(time.sleep, [0, 0, 0, 60, 60, 60]):
            print(*map(str, workers._pool._processes), flush=True)
"""


@pytest.mark.skipif(cores() == 1, reason="NOT RUN: a second process takes two cores: run it on a machine that has them")
def test_processes_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "orphans.py").write_text(ORPHANS)
    with subprocess.Popen([sys.executable, tmp_path / "orphans.py"], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        children = [int(child) for child in parent.stdout.readline().split()]
        assert len(children) == cores()
        parent.kill()
    deadline = time.monotonic() + 30
    while any(_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_alive(child) for child in children)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def _process(_: int) -> int:
    return os.getpid()
