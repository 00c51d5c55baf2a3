"""Loads of one container: what counts, what is repeated, and what ends the comparison."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, PreparedRequest, Total
from local.measure.affinity import Cores, can_be_real_time, pinned, real_time, split_cores
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.containers import LoadedContainer
from local.measure.statistics import Spread

CORES = Cores(frozenset({1}), frozenset({0}))
CONFIGURATION = ComparisonConfig(load_seconds=2, utilisation=0.5)


class Generator:
    """Sends nothing; remembers what was asked for. Every request takes 250 us of the server's CPU."""

    def __init__(self, late_above: float = 1e9, wrong: int = 0, behind_above: float = 1e9) -> None:
        self.plans: list[LoadPlan] = []
        self._late_above = late_above
        self._wrong = wrong
        self._behind_above = behind_above

    def __call__(self, plan: LoadPlan, address: str, asked: Any, watch: Callable[[], float]) -> LoadOutcome:
        self.plans.append(plan)
        total = Total(right=100 - self._wrong, wrong=self._wrong)
        total.statuses[200] = 100
        outcome = LoadOutcome(plan, {"qrcode": total}, seconds=2.0)
        outcome.watched = (3.0, 3.025)
        total.latencies.record_value(1_000, 100)
        if plan.rate and plan.rate > self._late_above:
            outcome.lags.record_value(5_000)
        if plan.rate and plan.rate > self._behind_above:
            total.errors["not sent"] += 7
        return outcome


def container(send: Callable[..., LoadOutcome], status: int | None = None) -> LoadedContainer:
    process = SimpleNamespace(pid=0, poll=lambda: status, returncode=status)
    server: Any = SimpleNamespace(process=process, address="http://127.0.0.1:1")
    return LoadedContainer("qrcode", {"qrcode": 1}, [PreparedRequest("/qrcode", b"")], server, 900.0, send=send)


def test_the_load_keeps_the_server_as_busy_as_it_is_meant_to_be() -> None:
    generator = Generator()
    found = container(generator)
    found.round(CONFIGURATION, CORES)
    found.round(CONFIGURATION, CORES)
    # First a closed loop, which tells 250 us a request: 2,000 a second make half of a core.
    assert [plan.rate for plan in generator.plans] == [None, pytest.approx(2000), pytest.approx(2000)]
    assert generator.plans[0].behaviour
    assert not generator.plans[1].behaviour
    assert generator.plans[1].seed != generator.plans[2].seed
    assert {plan.cores for plan in generator.plans} == {(0,)}
    figures = found.figures()
    assert figures.cpu_ms == Spread(0.25, 0.25, 0.25, 2)
    assert (figures.rate, figures.requests, figures.right, figures.discarded) == (50.0, 200, 200, [])


def test_a_late_generator_costs_the_latencies_of_the_load_and_not_its_cpu_figure() -> None:
    generator = Generator(late_above=1_200)
    found = container(generator)
    found.round(CONFIGURATION, CORES)
    assert [round(plan.rate or 0) for plan in generator.plans] == [0, 2000]
    figures = found.figures()
    assert figures.cpu_ms == Spread(0.25, 0.25, 0.25, 1)
    assert figures.latency_ms is None
    (reason,) = figures.discarded
    assert reason.startswith("at 2,000 requests/s: latencies discarded: requests were sent 5.00 ms after")
    assert "--" not in reason  # no option that `compare` does not have
    found.send = Generator()
    found.round(CONFIGURATION, CORES)
    latency = found.figures().latency_ms
    assert latency is not None
    assert latency.p99 == pytest.approx(1.0)


def test_a_load_that_the_server_cannot_take_is_repeated_at_a_lower_rate() -> None:
    generator = Generator(behind_above=1_200)
    found = container(generator)
    found.round(CONFIGURATION, CORES)
    assert [round(plan.rate or 0) for plan in generator.plans] == [0, 2000, 1400, 980]
    reason = "load discarded: 7 of 107 requests were not answered: the server fell behind"
    assert found.discarded == [f"at 2,000 requests/s: {reason}", f"at 1,400 requests/s: {reason}"]
    assert len(found.cpu_ms) == 1
    assert found.figures().errors == 0


def test_a_round_whose_loads_are_all_discarded_adds_nothing() -> None:
    found = container(Generator())
    found.round(CONFIGURATION, CORES)
    found.send = Generator(behind_above=0)
    found.round(CONFIGURATION, CORES)
    assert len(found.cpu_ms) == 1
    assert len(found.discarded) == 2


def test_a_server_that_can_take_no_load_at_all_ends_the_comparison() -> None:
    found = container(Generator(behind_above=0))
    with pytest.raises(UserError, match="server of qrcode fell behind at every rate, the last at 336 requests/s"):
        found.round(CONFIGURATION, CORES)
    assert len(found.discarded) == 6


def test_a_wrong_answer_ends_the_comparison() -> None:
    with pytest.raises(
        UserError, match="qrcode in the container: of 100 requests 2 wrong answers; nothing was written"
    ):
        container(Generator(wrong=2)).round(CONFIGURATION, CORES)


def test_a_server_that_has_ended_ends_the_comparison() -> None:
    with pytest.raises(UserError, match="the container server ended with status -9; nothing was written"):
        container(Generator(), status=-9).round(CONFIGURATION, CORES)


def test_a_generator_that_fails_ends_the_comparison() -> None:
    def fails(*_: object, **__: object) -> LoadOutcome:
        raise GeneratorFailedError("a process of the load did not start")

    with pytest.raises(UserError, match="a process of the load did not start; nothing was written"):
        container(fails).round(CONFIGURATION, CORES)


def test_server_and_generator_have_no_core_in_common() -> None:
    cores = split_cores()
    assert not cores.server & cores.generator
    assert bool(cores.server) == ("pinned to core" in cores.note)
    with pinned(cores.server), pinned(cores.generator):
        assert split_cores() == (Cores(frozenset(), frozenset()) if len(cores.generator) < 2 else split_cores())
    assert split_cores() == cores


def test_a_real_time_priority_ends_with_its_block() -> None:
    if not can_be_real_time():
        pytest.skip("this user may not use real-time priority")
    before = os.sched_getscheduler(0)
    with real_time():
        assert os.sched_getscheduler(0) == os.SCHED_FIFO
    assert os.sched_getscheduler(0) == before
