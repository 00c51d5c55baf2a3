"""Schedules of an open loop: planned beforehand, from a seed."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Any

import pytest

from local.load.load_plan import LoadPlan
from local.load.schedule import arrivals


def moments(process: int = 0, **values: Any) -> list[float]:
    return list(arrivals(LoadPlan(mix={"qrcode": 1}, **values), process))


def gaps(of: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(of)]


def test_fixed_arrivals_come_evenly_until_the_time_is_over() -> None:
    found = moments(rate=100, seconds=2, arrivals="fixed")
    assert found == pytest.approx([number / 100 for number in range(200)])


def test_poisson_arrivals_keep_to_the_rate_and_know_nothing_of_each_other() -> None:
    found = moments(rate=1000, seconds=20)
    assert len(found) == pytest.approx(20_000, rel=0.03)
    assert found == sorted(found)
    assert found[-1] < 20
    # The gaps of a Poisson stream have a standard deviation as large as their mean.
    between = gaps(found)
    assert statistics.fmean(between) == pytest.approx(0.001, rel=0.03)
    assert statistics.pstdev(between) == pytest.approx(0.001, rel=0.05)
    # And as many arrive in a second as the rate says, give or take its square root.
    counts = [sum(second <= moment < second + 1 for moment in found) for second in range(20)]
    assert 15 < statistics.pstdev(counts) < 50


@pytest.mark.parametrize("kind", ["poisson", "fixed"])
def test_the_same_seed_makes_the_same_schedule(kind: str) -> None:
    values = {"rate": 100, "requests": 100, "arrivals": kind}
    assert moments(**values, seed=4) == moments(**values, seed=4)
    assert (moments(**values, seed=4) == moments(**values, seed=5)) == (kind == "fixed")


def test_fixed_arrivals_of_several_processes_interleave() -> None:
    values = {"rate": 90, "requests": 100, "arrivals": "fixed", "processes": 3}
    together = sorted(moment for process in range(3) for moment in moments(process, **values))
    assert together == pytest.approx([number / 90 for number in range(100)])


def test_poisson_arrivals_of_several_processes_differ_and_add_up_to_the_rate() -> None:
    values = {"rate": 900, "seconds": 10, "processes": 3}
    streams = [moments(process, **values) for process in range(3)]
    assert not set(streams[0]) & set(streams[1])
    together = sorted(moment for stream in streams for moment in stream)
    assert len(together) == pytest.approx(9_000, rel=0.04)
    assert statistics.pstdev(gaps(together)) == pytest.approx(1 / 900, rel=0.06)


@pytest.mark.parametrize("kind", ["poisson", "fixed"])
def test_so_many_requests_are_so_many_after_the_warm_up(kind: str) -> None:
    found = moments(rate=100, requests=50, warmup=1, arrivals=kind)
    assert sum(moment >= 1 for moment in found) == 50
    assert sum(moment < 1 for moment in found) == pytest.approx(100, rel=0.4)


def test_the_warm_up_comes_before_the_seconds_that_count() -> None:
    assert len(moments(rate=100, seconds=2, warmup=1, arrivals="fixed")) == 300


def test_a_closed_loop_has_no_schedule() -> None:
    with pytest.raises(ValueError, match="closed loop"):
        moments(requests=1)
