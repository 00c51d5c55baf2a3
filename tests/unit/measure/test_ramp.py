"""The ramp's loads: what they ask for, what counts, and what ends the measurement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, Total
from local.measure.affinity import Cores, real_time_share
from local.measure.experiments import tables
from local.measure.experiments.ramp import RampConfig, RampRunner, handler_ms, prepared
from local.measure.experiments.result import RampResult

CONFIGURATION = RampConfig(loads=(0.1, 0.5), rounds=1, seconds=2, prepared=3, blocks=(3, 4))


class Generator:
    """Sends nothing; remembers what was asked for. Every request takes 2 ms of the server's CPU."""

    def __init__(self, late: int = 0, wrong: int = 0) -> None:
        self.plans: list[LoadPlan] = []
        self._late, self._wrong = late, wrong

    def __call__(self, plan: LoadPlan, address: str, asked: Any, watch: Callable[[], float]) -> LoadOutcome:
        self.plans.append(plan)
        total = Total(right=100 - self._wrong, wrong=self._wrong)
        total.statuses[200] = 100
        total.latencies.record_value(3_000, 100)
        outcome = LoadOutcome(plan, {"blockchain": total}, seconds=2.0)
        outcome.watched = (1.0, 1.2)
        if 1 < len(self.plans) <= 1 + self._late:
            outcome.lags.record_value(5_000)
        return outcome


def runner(send: Callable[..., LoadOutcome]) -> RampRunner:
    server: Any = SimpleNamespace(process=SimpleNamespace(pid=0), address="http://127.0.0.1:1")
    return RampRunner(CONFIGURATION, [], server, Cores(frozenset({1}), frozenset({0})), send)


def test_the_rates_follow_the_cpu_of_a_request_at_the_reference_load() -> None:
    generator = Generator()
    loads = list(runner(generator).ramp(1.0, lambda text: None))
    # 1 ms was the guess, and 2 ms are measured: 500/s are the most.
    assert [plan.rate for plan in generator.plans] == [600, *[pytest.approx(50), pytest.approx(250)]]
    assert [one.load for one in loads] == [0.1, 0.5]
    assert loads[0].cpu_ms == 2.0
    assert loads[0].mean_ms == pytest.approx(3.0, rel=0.01)
    assert len({plan.seed for plan in generator.plans}) == 3


def test_arrivals_are_those_of_the_schedule() -> None:
    first, second = runner(Generator()).ramp(1.0, lambda text: None)
    assert len(first.arrivals) == 2
    assert 60 < sum(first.arrivals) < 140
    assert 400 < sum(second.arrivals) < 600


def test_a_load_that_was_sent_late_is_run_again_and_left_out_after_three_tries() -> None:
    twice = runner(Generator(late=2))
    assert len(list(twice.ramp(1.0, lambda text: None))) == 2
    assert len(twice.discarded) == 2
    assert twice.discarded[0].startswith("at 10%: requests were sent 5.00 ms after")
    assert len(list(runner(Generator(late=3)).ramp(1.0, lambda text: None))) == 1


def test_a_wrong_answer_or_a_dead_generator_ends_the_ramp() -> None:
    def dead(*_: Any, **__: Any) -> LoadOutcome:
        raise GeneratorFailedError("a process of the load did not start")

    with pytest.raises(UserError, match="1 wrong answers"):
        list(runner(Generator(wrong=1)).ramp(1.0, lambda text: None))
    with pytest.raises(UserError, match="did not start; nothing was written"):
        list(runner(dead).ramp(1.0, lambda text: None))


@pytest.mark.parametrize("loads", [(0.5, 0.1), (0.0, 0.5), (0.5, 3.0)])
def test_loads_that_do_not_rise_are_refused(loads: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="rise"):
        RampConfig(loads=loads)


def test_requests_are_long_chains_that_are_valid() -> None:
    requests = prepared(CONFIGURATION)
    assert len(requests) == 3
    assert not any(b"INVALID" in request.result for request in requests)
    assert all(ms > 0 for ms in handler_ms(requests))


def test_the_kernel_says_what_real_time_processes_may_have(tmp_path: Path) -> None:
    assert real_time_share(tmp_path) == 1
    (tmp_path / "sched_rt_period_us").write_text("1000000\n")
    (tmp_path / "sched_rt_runtime_us").write_text("950000\n")
    assert real_time_share(tmp_path) == 0.95
    (tmp_path / "sched_rt_runtime_us").write_text("-1\n")
    assert real_time_share(tmp_path) == 1


def test_the_table_of_the_ramp_has_a_row_for_each_load() -> None:
    loads = list(runner(Generator()).ramp(1.0, lambda text: None))
    result = RampResult(handler_ms=0.9, handler_cv=0.2, core_share=1, loads=loads, placing="apart", discarded=["late"])
    console = Console(width=100)
    with console.capture() as capture:
        for part in tables.ramp(result):
            console.print(part)
    text = capture.get()
    assert text.count("10%") == text.count("50%") == 1
    assert "1 loads were discarded" in text
