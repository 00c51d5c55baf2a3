"""How many requests start cold: the fleet on a clock of its own."""

from __future__ import annotations

import math

import pytest

from local.emulator.spec import Scaling
from local.measure.experiments.keep_warm import Callers, Times, simulate

TIMES = Times(init=0.4, invocation=0.002)
SCALING = Scaling(memory_mb=1769, idle_lifetime=600)


@pytest.mark.parametrize("rate", [0.0003, 0.001, 0.003])
def test_a_lone_request_is_cold_if_nobody_came_for_the_idle_time(rate: float) -> None:
    shares = simulate(Callers(rate, 5_000), TIMES, SCALING)
    # Poisson arrivals: a gap is longer than the idle time with probability exp(-rate * idle time).
    assert shares.cold == pytest.approx(math.exp(-rate * 600), abs=0.02)
    assert shares.cold_starts_an_hour == pytest.approx(shares.cold * rate * 3600, rel=0.05)


def test_under_steady_traffic_hardly_anybody_waits() -> None:
    # Only who comes within the 2 ms of another request: once in 5,000.
    assert simulate(Callers(0.1, 5_000), TIMES, SCALING).cold < 0.001


def test_requests_that_come_while_the_only_environment_starts_start_others() -> None:
    shares = simulate(Callers(100, 5_000), TIMES, SCALING)
    assert shares.most_environments > 10
    assert shares.cold < 0.01


def test_pings_more_often_than_the_idle_time_keep_an_environment() -> None:
    pinged = simulate(Callers(0.001, 1_000, ping_seconds=300), TIMES, SCALING)
    # Two requests within 0.4 s are all that is left.
    assert pinged.cold < 0.002


def test_pings_less_often_than_the_idle_time_help_a_little_and_are_cold_themselves() -> None:
    calm = simulate(Callers(0.0003, 1_000), TIMES, SCALING)
    pinged = simulate(Callers(0.0003, 1_000, ping_seconds=900), TIMES, SCALING)
    assert 0 < pinged.cold < calm.cold
    assert pinged.cold_starts_an_hour > 2


def test_a_provisioned_environment_is_there_before_anybody_asks() -> None:
    shares = simulate(Callers(0.0003, 1_000), TIMES, Scaling(memory_mb=1769, idle_lifetime=600, provisioned=1))
    assert (shares.cold, shares.cold_starts_an_hour, shares.most_environments) == (0, 0, 1)


def test_the_same_traffic_gives_the_same_shares() -> None:
    assert simulate(Callers(1, 500), TIMES, SCALING) == simulate(Callers(1, 500), TIMES, SCALING)
