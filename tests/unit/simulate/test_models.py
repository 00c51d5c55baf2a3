"""Queues, Lambda by rates and by requests, containers, the bill."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.price_book import PriceBook
from local.cost.workload import Mix
from local.errors import UserError
from local.simulate.clients import Clients
from local.simulate.day import as_json, effect_rows, rows, spans
from local.simulate.faults import parse
from local.simulate.job import Job
from local.simulate.lambda_fluid import FluidFleet
from local.simulate.queueing import erlang_b, mg1_quantile, mg1_wait, mmc_wait
from local.simulate.recorder import Latencies
from local.simulate.run import Outcome, simulate
from local.simulate.settings import PLATFORMS, Settings, schedule
from local.simulate.traffic import Traffic
from local.simulate.validation import queues, seam, validate

HOUR = 3600


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return files.price_book()


@pytest.fixture(scope="module")
def mix() -> Mix:
    return files.mix({"twitter": Fraction(1)})


def jump(low: float, high: float, seconds: int = HOUR) -> Traffic:
    return Traffic("jump", (low,) * (seconds // 2) + (high,) * (seconds // 2))


def test_closed_forms_agree_where_they_meet() -> None:
    assert mmc_wait(1, 0.7, 1.0) == pytest.approx(mg1_wait(0.7, 1.0, 1.0))
    assert mg1_wait(0.5, 2.0, 0.0) == pytest.approx(1.0)
    assert erlang_b(1, 1.0) == pytest.approx(0.5)
    assert erlang_b(5, 0.0) == 0
    assert mg1_quantile(0.4, 0.5, 1.0, 1.0) == 0, "half of them do not wait"


def test_simulated_queues_are_near_their_closed_forms() -> None:
    assert all(check.error < 12 for check in queues(20_000))


def test_rates_and_single_requests_meet_at_the_seam() -> None:
    cold, environments = seam(seconds=1500, seeds=2)
    assert cold.error < 30
    assert environments.error < 8


@pytest.mark.no_cover
def test_every_validation_says_what_it_is_against() -> None:
    checks = list(validate(0.003))
    assert len(checks) > 10
    assert all(check.what and check.against for check in checks)


def test_quantiles_of_latencies_are_within_their_classes() -> None:
    found = Latencies()
    for latency in range(1, 1001):
        found.add(latency, 1.0)
    assert found.quantile(0.5) == pytest.approx(500, rel=0.03)
    assert found.quantile(0.99) == pytest.approx(990, rel=0.03)
    assert Latencies().quantile(0.5) is None


def test_a_burst_starts_environments_for_every_request_of_its_first_init() -> None:
    fleet = FluidFleet(duration=0.01, init=0.5, idle=600, concurrency=5000, seed=1)
    first = fleet.step(0, 1.0, 400.0)
    assert 150 < first.cold < 230, "400/s for half a second, where four are enough afterwards"
    fleet.step(1, 1.0, 400.0)
    assert fleet.step(2, 1.0, 400.0).cold == 0


def test_a_burst_beyond_a_thousand_environments_in_ten_seconds_is_throttled() -> None:
    step = FluidFleet(duration=1.0, init=2.0, idle=600, concurrency=100_000, seed=1).step(0, 1.0, 3000.0)
    assert 1000 <= step.cold <= 1100
    assert step.throttled > 1500


def test_the_concurrency_quota_throttles() -> None:
    step = FluidFleet(duration=0.001, init=0.2, idle=600, concurrency=10, seed=1).step(0, 1.0, 150.0)
    assert step.throttled >= 50, "ten requests/s for each unit of concurrency"


def test_idle_environments_are_reaped() -> None:
    fleet = FluidFleet(duration=0.1, init=0.2, idle=60, concurrency=1000, seed=1)
    busy = fleet.step(0, 1.0, 100.0).environments
    later = [fleet.step(second, 1.0, 0.0).environments for second in range(1, 62)]
    assert later[0] == busy
    assert later[-1] == 0


def test_provisioned_concurrency_takes_the_cold_starts_away(book: PriceBook, mix: Mix) -> None:
    day = jump(0, 200)
    plain = simulate(Job("lambda", day, mix, Settings()), book)
    ready = simulate(Job("lambda", day, mix, Settings(provisioned=((0, 60), (HOUR, 60)))), book)
    assert plain.shares["cold"] > 0
    assert ready.shares["cold"] == 0
    assert ready.money.items["provisioned-idle"] > 0


def test_a_schedule_that_changes_nothing_costs_what_a_fixed_amount_costs(book: PriceBook, mix: Mix) -> None:
    day = Traffic("flat", (200.0,) * HOUR)
    fixed = simulate(Job("lambda", day, mix, Settings(provisioned=((0, 60),))), book)
    twice = simulate(Job("lambda", day, mix, Settings(provisioned=((0, 60), (1800, 61), (2700, 60)))), book)
    assert twice.money.items == pytest.approx(fixed.money.items, rel=0.01, abs=0.01)


def test_clients_try_again_and_then_give_up() -> None:
    clients = Clients(retries=1)
    assert clients.offered(100) == 100
    assert clients.fail(50) == 0
    assert clients.offered(0) == 50
    assert clients.fail(50) == 50
    assert clients.offered(0) == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_requests_are_served_or_lost_and_the_bill_is_of_a_month(platform: str, book: PriceBook, mix: Mix) -> None:
    found = simulate(Job(platform, jump(10, 50), mix, Settings()), book)
    assert found.requests == pytest.approx(30 * HOUR, rel=0.02)
    assert found.shares["lost"] == 0
    assert found.money.month == pytest.approx(found.money.day * 730 / 24)
    assert sum(found.hours) == pytest.approx(found.money.day / 24, rel=0.02)
    assert found.latency_ms["p50"] <= found.latency_ms["p99"]  # type: ignore[operator]


@pytest.mark.parametrize("platform", ["ecs-fargate", "eks-fargate", "eks-nodes"])
def test_a_jump_waits_for_new_pods_and_a_low_target_avoids_it(platform: str, book: PriceBook, mix: Mix) -> None:
    day = jump(500, 6000)
    found = simulate(Job(platform, day, mix, Settings(target=0.8)), book)
    assert found.shares["pod"] + found.shares["node"] > 0
    assert found.shares["lost"] > 0
    roomy = simulate(Job(platform, day, mix, Settings(minimum=12)), book)
    assert roomy.shares["lost"] == 0
    assert max(sample.units for sample in found.samples) > 6


def test_one_seed_gives_one_result(book: PriceBook, mix: Mix) -> None:
    job = Job("lambda", jump(50, 300), mix, Settings(seed=7))
    assert simulate(job, book) == simulate(job, book)


def test_few_requests_go_one_by_one(book: PriceBook, mix: Mix) -> None:
    few = simulate(Job("lambda", jump(0.05, 0.1), mix, Settings()), book)
    assert few.model == "requests one by one"
    assert few.shares["cold"] > 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_database_failover_loses_what_needs_the_database(platform: str, book: PriceBook, mix: Mix) -> None:
    job = Job(platform, jump(20, 20), mix, Settings(retries=0), parse("database@00:10"))
    (effect,) = simulate(job, book).effects
    assert effect.lost == pytest.approx(60 * 20)
    assert 60 <= effect.seconds <= 120
    without = replace(job, mix=files.mix({"qrcode": Fraction(1)}))
    assert simulate(without, book).effects[0].lost == 0


def test_a_fault_in_a_day_of_few_requests_is_beside_the_same_model(book: PriceBook, mix: Mix) -> None:
    (effect,) = simulate(Job("lambda", jump(0.1, 0.1), mix, Settings(), parse("zone@00:10")), book).effects
    assert effect.lost < 1


def test_a_lost_zone_is_felt_until_it_is_replaced(book: PriceBook, mix: Mix) -> None:
    job = Job("eks-nodes", jump(4000, 4000), mix, Settings(), parse("zone@00:30"))
    (effect,) = simulate(job, book).effects
    assert effect.lost > 1000
    assert effect.seconds >= 60


def test_what_does_not_fit_is_refused(book: PriceBook, mix: Mix) -> None:
    big = Mix(((replace(mix.shares[0][0], memory_mb=Fraction(512)), Fraction(1)),))
    with pytest.raises(UserError, match="--memory: the work needs 512 MB"):
        simulate(Job("lambda", jump(1, 1), big, Settings()), book)
    with pytest.raises(UserError, match="holds no pod"):
        simulate(Job("eks-nodes", jump(1, 1), mix, Settings(pod_vcpu=2)), book)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": 0.0}, "--target"),
        ({"memory_mb": 64}, "--memory"),
        ({"minimum": 9, "maximum": 3}, "--minimum"),
        ({"provisioned": ((0, 5000),)}, "--provisioned"),
        ({"timeout": float("nan")}, "--timeout"),
    ],
)
def test_settings_are_bounded(given: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Settings(**given)  # type: ignore[arg-type]


def test_a_schedule_goes_round_midnight() -> None:
    settings = Settings(provisioned=schedule("08:00=40,20:00=5"))
    assert [settings.provisioned_at(hour * HOUR) for hour in (3, 8, 19, 20)] == [5, 40, 40, 5]
    assert (schedule("0"), schedule("7")) == ((), ((0, 7),))
    with pytest.raises(UserError, match="HH:MM=NUMBER"):
        schedule("25:00=1")


@pytest.mark.parametrize("text", ["node", "node@25:00", "moon@12:00", ",".join(["node@12:00"] * 21)])
def test_faults_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--fault"):
        parse(text)


def test_outcomes_as_rows_and_plain_values(book: PriceBook, mix: Mix) -> None:
    day = jump(5, 5)
    outcomes: list[Outcome] = [
        simulate(Job(name, day, mix, Settings(), parse("node@00:20")), book) for name in ("lambda", "eks-nodes")
    ]
    assert [row[0] for row in rows(outcomes)] == ["Lambda", "EKS on nodes"]
    assert len(effect_rows(outcomes)) == 2
    assert as_json(day, outcomes)["cheapest_hours"] == {"lambda": [0], "eks-nodes": []}
    assert spans([22, 23, 0]) == "00-01, 22-24"
