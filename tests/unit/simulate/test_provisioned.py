"""Provisioned concurrency by target tracking, and the slow start of a balancer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.price_book import PriceBook
from local.cost.workload import Mix
from local.errors import UserError
from local.simulate.containers import ContainerFleet
from local.simulate.grid import plain
from local.simulate.hpa import Autoscaler
from local.simulate.job import Job
from local.simulate.lambda_run import MAX_PARTS, provisioned_parts
from local.simulate.provisioned import ProvisionedConcurrency
from local.simulate.run import Outcome, simulate
from local.simulate.settings import Settings, TrackedConcurrency, schedule, tracked
from local.simulate.traffic import Traffic

HOUR = 3600


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return files.price_book()


@pytest.fixture(scope="module")
def mix() -> Mix:
    """Return work that waits: what is done within a tenth of a second keeps few environments at work."""
    ((work, share),) = files.mix({"twitter": Fraction(1)}).shares
    return Mix(((replace(work, wait_ms=Fraction(250)), share),))


def kept(at_work: list[float], low: int = 10, high: int = 200) -> tuple[list[int], list[int]]:
    """Return what is requested and what is allocated at each minute's end, by the requests at work in each."""
    ready = ProvisionedConcurrency(Settings(tracked=TrackedConcurrency(low, high)), 0, at_work[0])
    requested, allocated = [], []
    for second in range(len(at_work) * 60 + 1):
        now = ready.at(second)
        if second and second % 60 == 0:
            requested.append(ready.requested)
            allocated.append(now)
        ready.note(1.0, min(now, at_work[min(second // 60, len(at_work) - 1)]))
    return requested, allocated


def test_it_begins_with_what_the_first_rate_needs_at_the_target() -> None:
    assert kept([35.0])[0] == [50]
    assert kept([0.7])[0] == [10], "the fewest"


def test_it_scales_out_after_three_minutes_above_the_target_and_serves_a_minute_later() -> None:
    requested, allocated = kept([34.5, 45.0, 45.0, 45.0, 45.0, 45.0])
    assert requested == [50, 50, 50, 65, 65, 65], "45 at work are 70 % of 65"
    assert allocated == [50, 50, 50, 50, 65, 65]


def test_spikes_shorter_than_three_minutes_change_nothing() -> None:
    requested, _ = kept([34.5, 50.0, 50.0, 34.5, 50.0, 50.0, 34.5])
    assert requested == [50] * 7


def test_it_scales_in_after_fifteen_minutes_below_63_percent() -> None:
    requested, _ = kept([35.0] + [21.0] * 16)
    assert requested == [50] * 15 + [30, 30]
    assert kept([35.0] + [33.0] * 20)[0] == [50] * 21, "66 % are between the alarms"


def test_without_requests_there_is_no_metric_and_it_stays() -> None:
    assert kept([35.0] + [0.0] * 30)[0] == [50] * 31


def test_short_requests_start_no_alarm_though_environments_are_too_few(book: PriceBook) -> None:
    day = Traffic("flat", (400.0,) * HOUR)
    short = files.mix({"twitter": Fraction(1)})
    found = simulate(Job("lambda", day, short, Settings(tracked=TrackedConcurrency(2, 100))), book)
    assert max(sample.nodes for sample in found.samples) < 20, "ten requests/s for each, a fifth of the time at work"


def test_a_schedule_is_followed_to_the_minute() -> None:
    ready = ProvisionedConcurrency(Settings(provisioned=schedule("00:00=5,00:10=20")), 0, 0.0)
    assert [ready.at(second) for second in (0, 599, 600)] == [5, 5, 20]


def test_target_tracking_has_fewer_cold_starts_than_nothing_and_costs_less_than_the_most(
    book: PriceBook, mix: Mix
) -> None:
    day = Traffic("steps", tuple(float(rate) for rate in range(20, 320, 20) for _ in range(300)))
    plain_day = simulate(Job("lambda", day, mix, Settings()), book)
    ranged = simulate(Job("lambda", day, mix, Settings(tracked=TrackedConcurrency(2, 100))), book)
    most = simulate(Job("lambda", day, mix, Settings(provisioned=((0, 100),))), book)
    assert ranged.shares["cold"] < plain_day.shares["cold"]
    assert ranged.money.month < most.money.month
    assert ranged.model == "rates"


def test_amounts_are_priced_in_few_parts_that_make_up_the_time(book: PriceBook, mix: Mix) -> None:
    day = Traffic("steps", tuple(float(rate) for rate in range(20, 2020, 40) for _ in range(240)))
    settings = Settings(tracked=TrackedConcurrency(2, 900))
    found: Outcome = simulate(Job("lambda", day, mix, settings), book)
    parts = provisioned_parts(day, settings, found.samples)
    assert 3 < len(parts) <= MAX_PARTS
    assert sum(share for _, share, _ in parts) == pytest.approx(1)
    assert sum(share * rate for _, share, rate in parts) == pytest.approx(day.mean, rel=0.01)
    assert plain(found, settings, own=True)["settings"]["provisioned"] == "2 to 900, 70% at work"


def test_a_range_is_read_and_bounded() -> None:
    assert tracked("10-200", 0.7) == TrackedConcurrency(10, 200, 0.7)
    assert tracked("08:00=40", 0.7) is None
    for text, target, message in (
        ("9-3", 0.7, "is no range"),
        ("0-3", 0.7, "is no range"),
        ("1-3", 0.95, "0.1 to 0.9"),
    ):
        with pytest.raises(UserError, match=message):
            tracked(text, target)
    with pytest.raises(UserError, match="up to the concurrency of 100"):
        Settings(concurrency=100, tracked=TrackedConcurrency(1, 200))


def fleet(slow_start: float) -> ContainerFleet:
    return ContainerFleet(
        rate=100, service=10, waiting=0, start=5, scaler=Autoscaler(0.5, 1, 10), slow_start=slow_start, retries=0
    )


def test_in_its_slow_start_a_new_pod_takes_a_growing_share_and_the_old_ones_the_rest() -> None:
    day = Traffic("jump", (40.0,) * 60 + (150.0,) * 240)
    at_once, slowly = fleet(0).run(day), fleet(120).run(day)
    assert slowly.sums["lost"] >= at_once.sums["lost"]
    assert slowly.mean("capacity") < at_once.mean("capacity")
    assert (slowly.latencies.quantile(0.99) or 0) > (at_once.latencies.quantile(0.99) or 0)
    assert slowly.samples[-1].capacity == pytest.approx(slowly.samples[-1].units * 100, rel=0.05), "it has an end"


def test_where_all_pods_are_new_they_share_alike() -> None:
    new = fleet(100)
    new.ready = 2
    new._slow.extend([0.0, 0.0])
    assert new._sharing(0.0) == new._sharing(50.0) == 2
    new.ready = 3
    assert new._sharing(50.0) == 2, "one whole, and two halves"
    assert new._sharing(100.0) == 3


def test_a_slow_start_is_off_or_from_thirty_seconds() -> None:
    with pytest.raises(UserError, match="neither 0 nor from 30 to 900"):
        Settings(slow_start=10)
