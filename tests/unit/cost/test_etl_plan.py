"""Plans of a load: coefficients from measured loads, and what they make of a size that was not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.cost.errors import CostError
from local.cost.etl_plan import BUSY_SHARE, MAX_WORKERS, PLACES, LoadPlanner, MeasuredLoad, work_of
from local.cost.files import price_book

SMALL = MeasuredLoad(1_000, 12.0, 200, 2_000, 3_000, 100, 500)
MIDDLE = MeasuredLoad(100_000, 20.0, 900, 180_000, 250_000, 9_000, 54_000)
LARGE = MeasuredLoad(1_000_000, 110.0, 2_000, 1_800_000, 2_000_000, 80_000, 530_000)
DUCKDB = work_of("duckdb", [LARGE, SMALL, MIDDLE])
SPARK = work_of("spark", [MIDDLE, LARGE])
PLACE = {place.service or place.instance or "own": place for place in PLACES}
PLANNER = LoadPlanner(price_book(), "us-east-1")


def test_cpu_is_a_fixed_part_and_the_slope_between_the_two_largest_loads() -> None:
    assert DUCKDB.cpu_s_a_tweet == pytest.approx(90 / 900_000)
    assert DUCKDB.fixed_cpu_s == pytest.approx(10)
    assert DUCKDB.cpu_hours(1_000_000) * 3600 == pytest.approx(110)
    assert DUCKDB.measured_tweets == 1_000_000


def test_bytes_are_those_a_tweet_of_the_largest_load_and_memory_the_most_of_all() -> None:
    assert (DUCKDB.input_bytes_a_tweet, DUCKDB.work_bytes_a_tweet) == (1.8, 2.0)
    assert (DUCKDB.shuffle_bytes_a_tweet, DUCKDB.store_bytes_a_tweet) == (0.08, 0.53)
    assert work_of("duckdb", [SMALL._replace(peak_bytes=9_999), LARGE]).peak_bytes == 9_999


def test_a_larger_load_that_took_less_makes_no_negative_cost() -> None:
    work = work_of("spark", [MIDDLE, LARGE._replace(cpu_s=15.0)])
    assert (work.cpu_s_a_tweet, work.fixed_cpu_s) == (0, 15)


@pytest.mark.parametrize("loads", [[], [LARGE], [LARGE, LARGE]])
def test_one_size_alone_is_no_basis(loads: list[MeasuredLoad]) -> None:
    with pytest.raises(CostError, match="needs loads of two sizes"):
        work_of("spark", loads)


def test_workers_are_as_many_as_finish_in_time_and_a_driver_comes_on_top() -> None:
    tweets = 10**9
    for hours in (0.5, 1.0, 8.0):
        planned = PLANNER.plan(SPARK, PLACE["emr-serverless"], tweets, hours)
        fewer = SPARK.cpu_hours(tweets) / float(BUSY_SHARE) / 4 / max(1, planned.workers - 1)
        assert planned.hours <= hours
        assert planned.workers == 1 or fewer > hours
        assert planned.vcpus == 4 * (planned.workers + 1)
        assert planned.memory_gb == 16 * (planned.workers + 1)


def test_more_workers_than_the_bound_are_not_planned_and_it_says_so() -> None:
    planned = PLANNER.plan(SPARK, PLACE["glue"], 10**12, 0.01)
    assert planned.workers == MAX_WORKERS
    assert planned.note == "takes more than 0.01 h"


def test_dollars_are_worker_hours_at_the_prices_of_the_service() -> None:
    emr = PLANNER.plan(SPARK, PLACE["emr-serverless"], 10**9, 1)
    hired_hours = (emr.workers + 1) * emr.hours
    assert emr.dollars == pytest.approx(hired_hours * (4 * 0.052624 + 16 * 0.0057785))
    glue = PLANNER.plan(SPARK, PLACE["glue"], 10**9, 1)
    assert glue.dollars == pytest.approx(hired_hours * 0.44)
    own = PLANNER.plan(SPARK, PLACE["own"], 10**9, 1)
    assert (own.dollars, own.note) == (None, "priced by your contract")


def test_one_machine_costs_its_hours_and_a_disk_for_all_that_is_on_it() -> None:
    planned = PLANNER.plan(DUCKDB, PLACE["c7g.xlarge"], 10**9, 1)
    gigabytes = 1.8 + 2.0 + 0.53
    assert planned.dollars == pytest.approx(planned.hours * (0.145 + 0.08 * gigabytes / 730))
    assert planned.note == "takes more than 1 h"
    assert PLANNER.plan(DUCKDB, PLACE["c7g.xlarge"], 1_000, 1).note == ""


def test_a_machine_with_too_little_memory_is_named() -> None:
    hungry = replace(DUCKDB, peak_bytes=20 * 10**9)
    assert PLANNER.plan(hungry, PLACE["c7g.2xlarge"], 1_000, 1).note == "too little memory"


def test_a_region_without_the_price_has_no_dollars() -> None:
    elsewhere = LoadPlanner(price_book(), "eu-west-1")
    assert [elsewhere.plan(SPARK, PLACE[name], 10**9, 1).dollars for name in ("glue", "emr-serverless")] == [None, None]
    assert LoadPlanner(price_book(), "xx-none-1").plan(DUCKDB, PLACE["c7g.xlarge"], 10**9, 1).dollars is None
