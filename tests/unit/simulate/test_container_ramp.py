"""The simulated queue beside a measured one: what counts as an error."""

from __future__ import annotations

import pytest

from local.measure.experiments.result import RampLoad, RampResult
from local.simulate.container_ramp import against_container, simulated
from local.simulate.queueing import mg1_wait

SECONDS = 60


def load(share: float, *, slower: float = 1.0, core: float = 1.0) -> RampLoad:
    """Return a load of a worker of 1 ms a request whose clients see what the simulation says, or more."""
    arrivals = [round(1000 * share)] * SECONDS
    exact = RampLoad(load=share, arrivals=arrivals, cpu_ms=1.0, mean_ms=1.0, p50_ms=1.0, p90_ms=1.0, p99_ms=1.0)
    seen = simulated(exact, ramp([exact], core))
    mean, p99 = seen.mean() * slower + 0.2, (seen.quantile(0.99) or 0.0) * slower + 0.2
    return RampLoad(load=share, arrivals=arrivals, cpu_ms=1.0, mean_ms=mean, p50_ms=mean, p90_ms=mean, p99_ms=p99)


def ramp(loads: list[RampLoad], core: float = 1.0) -> RampResult:
    return RampResult(handler_ms=0.9, handler_cv=0.2, core_share=core, loads=loads, placing="", discarded=[])


def test_the_simulated_pod_waits_as_long_as_the_closed_form_says() -> None:
    found = simulated(load(0.7), ramp([]))
    assert found.mean() == pytest.approx(1.0 + mg1_wait(0.7, 1.0, 0.2), rel=0.05)


def test_a_container_that_is_as_the_simulation_has_no_error_but_for_the_path_of_a_request() -> None:
    checks = list(against_container(ramp([load(share) for share in (0.05, 0.4, 0.8, 1.2)])))
    assert [check.what for check in checks] == ["mean latency", "p99 of the latency", "mean latency"]
    assert all(check.error < 2 for check in checks)


def test_a_container_that_is_twice_as_slow_misses_the_limits_and_says_where() -> None:
    loads = [load(0.05), load(0.4, slower=2), load(0.8, slower=3)]
    mean, p99 = against_container(ramp(loads))
    assert not mean.holds
    assert not p99.holds
    assert "40%: -4" in mean.detail
    assert "80%: -6" in mean.detail


def test_the_median_of_the_rounds_counts() -> None:
    loads = [load(0.05), load(0.8), load(0.8), load(0.8, slower=9)]
    assert all(check.holds for check in against_container(ramp(loads)))


def test_a_backlog_grows_faster_on_a_core_that_is_not_given_whole() -> None:
    whole = simulated(load(1.2), ramp([], 1.0)).mean()
    assert simulated(load(1.2), ramp([], 0.95)).mean() > whole * 1.2
