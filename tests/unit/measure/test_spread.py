"""Runs of a figure, and when there are enough of them."""

from __future__ import annotations

import pytest

from local.measure.statistics import Spread, StopRule, has_converged, rounded

RULE = StopRule(min_rounds=3, max_rounds=6, tolerance=0.1, budget_seconds=100)
STEADY = {"a": [10.0, 10.1, 9.9], "b": [5.0, 5.0, 5.1]}
WILD = {**STEADY, "b": [5.0, 7.0, 9.0]}


def test_the_median_counts_and_the_extremes_are_told() -> None:
    assert Spread.of([3.0, 1.0, 10.0]).as_data() == {"median": 3.0, "low": 1.0, "high": 10.0, "runs": 3}
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0, 1)


@pytest.mark.parametrize(("value", "five"), [(139.123456, 139.12), (0.000123456789, 0.00012346), (7200000, 7200000)])
def test_five_digits_are_kept(value: float, five: float) -> None:
    assert rounded(value) == five


def test_a_figure_is_settled_once_its_middle_half_is_narrow_whatever_one_run_says() -> None:
    assert has_converged([10.0, 10.1, 9.9, 10.0, 30.0], 0.02)
    assert not has_converged([10.0, 14.0, 6.0, 10.0, 30.0], 0.02)


def test_one_run_settles_nothing() -> None:
    assert not has_converged([10.0], 1.0)


def test_rounds_go_on_until_every_figure_is_settled() -> None:
    assert RULE.reason(3, 10, WILD) is None
    assert RULE.unconverged(WILD) == ["b"]
    assert RULE.reason(3, 10, STEADY) == "converged"


def test_fewer_rounds_than_the_least_are_never_enough() -> None:
    assert RULE.reason(2, 10, STEADY) is None


def test_no_round_begins_that_would_pass_the_budget() -> None:
    assert RULE.reason(4, 80, WILD) is None
    assert RULE.reason(4, 81, WILD) == "budget"
    assert RULE.reason(1, 60, {}) == "budget"


def test_rounds_are_bounded() -> None:
    assert RULE.reason(6, 10, WILD) == "rounds"
