"""Loads of one container: what counts, what is repeated, and what ends the comparison."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from local.errors import UserError
from local.load.api import Asked, GeneratorFailedError, Outcome, Plan, Total
from local.measure.affinity import Cores, apart, pinned
from local.measure.comparison.configuration import Configuration
from local.measure.comparison.containers import Container

CORES = Cores(frozenset({1}), frozenset({0}))
CONFIGURATION = Configuration(load_seconds=2, utilisation=0.5)


class Generator:
    """Sends nothing; remembers what was asked for. Every request takes 250 us of the server's CPU."""

    def __init__(self, void_above: float = 1e9, wrong: int = 0, behind_above: float = 1e9) -> None:
        self.plans: list[Plan] = []
        self._void_above = void_above
        self._wrong = wrong
        self._behind_above = behind_above

    def __call__(self, plan: Plan, address: str, asked: Any, watch: Callable[[], float]) -> Outcome:
        self.plans.append(plan)
        total = Total(right=100 - self._wrong, wrong=self._wrong)
        total.statuses[200] = 100
        outcome = Outcome(plan, {"qrcode": total}, seconds=2.0)
        outcome.watched = (3.0, 3.025)
        if plan.rate and plan.rate > self._void_above:
            outcome.lags.record_value(5_000)
        if plan.rate and plan.rate > self._behind_above:
            total.errors["not sent"] += 7
        return outcome


def container(send: Callable[..., Outcome], status: int | None = None) -> Container:
    process = SimpleNamespace(pid=0, poll=lambda: status, returncode=status)
    server: Any = SimpleNamespace(process=process, address="http://127.0.0.1:1")
    return Container("qrcode", {"qrcode": 1}, [Asked("/qrcode", b"")], server, 900.0, send=send)


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
    data = found.as_data()
    assert data["cpu_us"] == {"median": 250.0, "low": 250.0, "high": 250.0, "runs": 2}
    assert (data["rate"], data["requests"], data["right"], data["void"]) == (50.0, 200, 200, [])


def test_a_void_load_is_repeated_at_a_lower_rate_and_told() -> None:
    generator = Generator(void_above=1_200)
    found = container(generator)
    found.round(CONFIGURATION, CORES)
    assert [round(plan.rate or 0) for plan in generator.plans] == [0, 2000, 1400, 980]
    assert len(found.cpu_us) == 1
    assert [reason.partition(":")[0] for reason in found.void] == ["at 2,000 requests/s", "at 1,400 requests/s"]


def test_a_load_that_the_server_cannot_take_is_void_too() -> None:
    found = container(Generator(behind_above=1_500))
    found.round(CONFIGURATION, CORES)
    assert found.void == ["at 2,000 requests/s: 7 of 107 requests were not answered: the server fell behind"]
    assert found.as_data()["errors"] == 0


def test_a_round_whose_loads_are_all_void_adds_nothing() -> None:
    found = container(Generator())
    found.round(CONFIGURATION, CORES)
    found.send = Generator(void_above=0)
    found.round(CONFIGURATION, CORES)
    assert len(found.cpu_us) == 1
    assert len(found.void) == 2


def test_a_container_of_which_no_load_ever_counts_ends_the_comparison() -> None:
    found = container(Generator(void_above=0))
    with pytest.raises(
        UserError, match="every load of qrcode was void, the last at 336 requests/s: requests were sent"
    ):
        found.round(CONFIGURATION, CORES)
    assert len(found.void) == 6


def test_a_wrong_answer_ends_the_comparison() -> None:
    with pytest.raises(
        UserError, match="qrcode in the container: of 100 requests 2 wrong answers; nothing was written"
    ):
        container(Generator(wrong=2)).round(CONFIGURATION, CORES)


def test_a_server_that_has_ended_ends_the_comparison() -> None:
    with pytest.raises(UserError, match="the container server ended with status -9; nothing was written"):
        container(Generator(), status=-9).round(CONFIGURATION, CORES)


def test_a_generator_that_fails_ends_the_comparison() -> None:
    def fails(*_: object, **__: object) -> Outcome:
        raise GeneratorFailedError("a process of the load did not start")

    with pytest.raises(UserError, match="a process of the load did not start; nothing was written"):
        container(fails).round(CONFIGURATION, CORES)


def test_server_and_generator_have_no_core_in_common() -> None:
    cores = apart()
    assert not cores.server & cores.generator
    assert bool(cores.server) == ("pinned to core" in cores.note)
    with pinned(cores.server), pinned(cores.generator):
        assert apart() == (Cores(frozenset(), frozenset()) if len(cores.generator) < 2 else apart())
    assert apart() == cores
