"""Work shared out to processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from local.etl.workers import Workers, cores


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


def _process(_: int) -> int:
    return os.getpid()
