"""Outcomes: counts of several processes together, and when their numbers mean nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.cli.load import exit_status
from local.load.latencies import Durations, histogram, milliseconds
from local.load.load_plan import LoadPlan
from local.load.outcome import LoadOutcome, discard_reasons
from local.load.show import remarks
from local.load.tally import Tally, Total


def plan(**values: Any) -> LoadPlan:
    return LoadPlan(**{"mix": {"qrcode": 1}, "requests": 10, "rate": 100, **values})


def report(cpu_seconds: float = 0.1, lag: float = 0.0001, **services: Tally) -> dict[str, Any]:
    """What a worker says that was at it for a second."""
    lags, setups = Durations(), Durations()
    lags.add(lag)
    setups.add(0.002)
    made = {
        "services": {name: tally.as_data() for name, tally in services.items()},
        "lags": lags.encoded(),
        "setups": setups.encoded(),
        "refused": 0,
        "seconds": 1.0,
        "cpu_seconds": cpu_seconds,
        "answering_seconds": 0.9,
    }
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def tally(right: int = 0, wrong: int = 0, latency: float = 0.001) -> Tally:
    made = Tally(right=right, wrong=wrong, bytes_in=1_000, bytes_out=100)
    made.statuses[200] += right + wrong
    for _ in range(right + wrong):
        made.latencies.add(latency)
    return made


def outcome(*reports: dict[str, Any], **values: Any) -> LoadOutcome:
    made = LoadOutcome(plan(**values), {"qrcode": Total()})
    for each in reports:
        made.add(each)
    return made


def test_rates_and_latencies_are_discarded_where_a_generator_process_was_too_busy() -> None:
    assert discard_reasons(plan(), [0.2, 0.7], 0.5) == []
    (reason,) = discard_reasons(plan(), [0.2, 0.71], 0.5)
    assert "process 2 used 71% of a core" in reason


def test_rates_and_latencies_are_discarded_where_requests_were_sent_late() -> None:
    assert discard_reasons(plan(), [0.2], 1.0) == []
    (reason,) = discard_reasons(plan(), [0.2], 1.5)
    assert "sent 1.50 ms after their planned moment at p99" in reason


def test_a_busy_and_late_run_is_discarded_for_both() -> None:
    assert len(discard_reasons(plan(), [0.9, 0.9], 7.0)) == 3


def test_a_closed_loop_has_no_schedule_to_lag_behind_but_may_be_too_busy() -> None:
    assert discard_reasons(plan(rate=None), [0.5], None) == []
    assert len(discard_reasons(plan(rate=None), [0.95], None)) == 1


def test_of_behaviour_nothing_is_discarded_and_there_are_no_rates_and_latencies() -> None:
    made = outcome(report(0.99, 0.1, qrcode=tally(right=10)), behaviour=True)
    data = made.as_data()
    assert (made.discarded, data["discarded"], data["right"]) == ([], [], 10)
    assert data["latency_ms"] is data["requests_per_second"] is data["services"]["qrcode"]["latency_ms"] is None
    assert exit_status(made) == 0


def test_the_exit_status_says_first_whether_all_was_right_and_then_whether_it_counts() -> None:
    assert exit_status(outcome(report(qrcode=tally(right=10)))) == 0
    assert exit_status(outcome(report(qrcode=tally(right=9, wrong=1)))) == 1
    assert exit_status(outcome(report(0.8, qrcode=tally(right=10)))) == 3
    assert exit_status(outcome(report(0.8, qrcode=tally(right=9, wrong=1)))) == 1


def test_processes_and_services_are_put_together() -> None:
    made = outcome(
        report(0.1, qrcode=tally(right=90, latency=0.001), twitter=tally(right=5, latency=0.002)),
        report(0.3, qrcode=tally(right=10, wrong=1, latency=0.5)),
    )
    data = made.as_data()
    assert (data["asked"], data["right"], data["wrong"]) == (106, 105, 1)
    assert data["services"]["qrcode"]["asked"] == 101
    assert data["services"]["twitter"]["latency_ms"]["p50"] == pytest.approx(2, rel=0.001)
    assert data["latency_ms"]["p50"] == pytest.approx(1, rel=0.001)
    assert data["latency_ms"]["p99"] == pytest.approx(500, rel=0.001)
    assert data["latency_ms"]["max"] == pytest.approx(500, rel=0.001)
    assert data["statuses"] == {"200": 106}
    assert (data["bytes_in"], data["bytes_out"]) == (3_000, 300)
    assert data["generator"]["cpu_shares"] == [0.1, 0.3]
    assert data["generator"]["cpu_us_per_request"] == pytest.approx(0.4 / 106 * 1e6, rel=0.001)
    assert data["requests_per_second"] == 106
    assert data["connections"]["opened"] == 2
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_nothing_answered_is_told_without_latencies() -> None:
    none = Tally()
    none.errors["refused"] += 3
    data = outcome(report(qrcode=none)).as_data()
    assert (data["asked"], data["answered"], data["errors"]) == (3, 0, {"refused": 3})
    assert data["latency_ms"] is None
    assert "errors: refused 3" in list(remarks(data, None))


def test_durations_keep_three_digits_however_long() -> None:
    for seconds in (0.0000004, 0.000123, 0.0123, 0.99999, 12.345, 3_599.9, 10_000):
        durations = Durations()
        durations.add(seconds)
        found = histogram()
        found.decode_and_add(durations.encoded())
        told = milliseconds(found)
        assert told is not None
        assert told["max"] == pytest.approx(min(max(seconds, 0.000001), 3_600) * 1000, rel=0.002)


def test_percentiles_are_those_of_a_plain_sort() -> None:
    values = [number * number / 1e6 for number in range(1, 2_001)]
    first, second = Durations(), Durations()
    for number, value in enumerate(values):
        (first if number % 3 else second).add(value)
    merged = histogram()
    for each in (first, second):
        merged.decode_and_add(each.encoded())
    told = milliseconds(merged)
    assert told is not None
    for name, rank in (("p50", 1000), ("p90", 1800), ("p99", 1980), ("p99.9", 1998), ("max", 2000)):
        assert told[name] == pytest.approx(values[rank - 1] * 1000, rel=0.002)
