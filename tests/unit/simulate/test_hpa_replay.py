"""The autoscaler's model against the readings of a real HPA."""

from __future__ import annotations

from typing import Any

from local.simulate.hpa_replay import against_cluster, replayed, series_of

SETTINGS = {"target": 20, "minimum": 2, "maximum": 3, "up_seconds": 0, "down_seconds": 15}


def row(s: float, desired: int, current: int, percent: int | None) -> dict[str, Any]:
    return {"s": s, "rate": 4.0, "desired": desired, "current": current, "ready": current, "percent": percent}


UP_AND_DOWN = [
    row(0, 2, 2, None),
    row(15, 2, 2, 18),
    row(30, 3, 2, 60),
    row(45, 3, 3, 40),
    row(50, 3, 3, 4),
    row(75, 2, 3, 4),
]


def test_the_model_wants_what_the_hpa_wanted_and_says_when_it_changed() -> None:
    series = series_of({"autoscaler": SETTINGS | {"rows": UP_AND_DOWN}})
    assert series is not None
    assert replayed(series) == [2, 2, 3, 3, 3, 2]
    check = against_cluster(series)
    assert (check.error, check.holds) == (0, True)
    assert check.detail == "3 at 30 s, 2 at 75 s; real: 3 at 30 s, 2 at 75 s"
    assert "over 75 s" in check.against


def test_a_row_at_which_they_differ_is_an_error() -> None:
    series = series_of({"autoscaler": SETTINGS | {"rows": [*UP_AND_DOWN[:2], row(30, 2, 2, 60)]}})
    assert series is not None
    check = against_cluster(series)
    assert round(check.error) == 33
    assert not check.holds
    assert check.detail == "3 at 30 s; real: no change"


def test_a_result_without_a_series_is_left_out() -> None:
    assert series_of({"rows": []}) is None
    assert series_of({"autoscaler": SETTINGS | {"rows": []}}) is None
    assert series_of({"autoscaler": {"rows": [1]}}) is None
