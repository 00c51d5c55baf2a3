"""Plans under a budget, and mixed rates out of single ones."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from local.cost import files, tables
from local.cost.chosen import compare_chosen
from local.cost.connections import DatabaseConnections
from local.cost.deployment_plan import Plan, Planner, front, front_rates
from local.cost.errors import CostError
from local.cost.mixed import predict
from local.cost.model import cheapest
from local.cost.price_book import PriceBook
from local.errors import UserError
from tests.unit.cost.test_cost_commands import answer, refusal, run

F = Fraction
ALONE = {"blockchain": F(46906), "qrcode": F(99059), "twitter": F(5119)}
MIX = {"blockchain": F(24713), "qrcode": F(27691), "twitter": F(4366)}
MEASURED = F(56770)


@pytest.fixture(scope="module")
def planner() -> Planner:
    return Planner(files.mix(MIX), files.price_book())


@pytest.fixture(scope="module")
def bought(planner: Planner) -> list[Plan]:
    return planner.within(F("1.28"))


def test_a_plan_keeps_to_its_budget_and_a_little_more_would_break_it(bought: list[Plan]) -> None:
    best, *others = bought
    assert best.hour <= F("1.28")
    assert all(plan.rate <= best.rate and plan.hour <= F("1.28") for plan in others)
    assert best.storage is not None
    more = best.rate * F(102, 100)
    assert (best.web.hour(more) or 0) + (best.storage.hour(more) or 0) > F("1.28")
    assert all(bill.serves for bill in best.bills)


def test_the_cheapest_plan_for_a_rate_is_the_cheapest_of_all(planner: Planner) -> None:
    plans = planner.cheapest(F(100))
    assert plans[0].web.name == "ECS on Fargate"
    assert [plan.hour for plan in plans] == sorted(plan.hour for plan in plans)


def test_a_web_tier_costs_what_its_configuration_costs(book: PriceBook) -> None:
    mix = files.mix({"qrcode": F(1)})
    plans = {plan.web.name: plan for plan in Planner(mix, book, internet=True).cheapest(F(1000))}
    for name, configuration in (("ECS on Fargate", "ecs-fargate"), ("EKS on Fargate", "eks-fargate")):
        assert plans[name].storage is None
        assert plans[name].hour == cheapest(files.configuration(configuration), mix, F(1000), book).hour


def test_the_front_rises(planner: Planner) -> None:
    steps = list(front(planner, front_rates(F(150))))
    assert [plan.rate for plan in steps] == [10, 20, 50, 100, 150]
    assert [plan.hour for plan in steps] == sorted(plan.hour for plan in steps)


def test_a_budget_that_buys_nothing_is_refused(planner: Planner) -> None:
    with pytest.raises(CostError, match="not enough for any deployment"):
        planner.within(F(0))


def test_every_runner_up_says_in_a_phrase_why_it_loses(bought: list[Plan]) -> None:
    best, *others = bought
    assert best.loses == ""
    assert all(" more an hour at " in plan.loses or "serves at most" in plan.loses for plan in others)
    lambda_ = next(plan for plan in others if plan.web.name.startswith("Lambda"))
    assert "lambda-requests $" in lambda_.loses


def test_a_node_without_addresses_for_its_pods_is_left_out(planner: Planner) -> None:
    assert "EKS, c8g.medium: pods of a node: 9 pods with those of the system, and addresses for 8" in planner.left_out
    assert all(tier.name != "EKS, c8g.medium" for tier in planner.web)
    alone = Planner(files.mix({"qrcode": F(1)}), files.price_book())  # one pod of one service fits
    assert any(tier.name == "EKS, c8g.medium" for tier in alone.web)


def test_a_plan_has_the_connections_that_its_web_tier_needs(planner: Planner) -> None:
    web = next(tier for tier in planner.web if tier.name == "EKS, c8g.large").at(F(5000))
    functions = next(tier for tier in planner.web if tier.name.startswith("Lambda")).at(F(5000))
    assert web is not None
    assert functions is not None
    small, proxied = DatabaseConnections("db.t4g.medium"), DatabaseConnections("db.t4g.medium", proxy=True)
    assert small.usable == int(4 * 2**30 / 12_582_880) * F(9, 10)
    nodes = next(item for item in web.items if item.name == "nodes").factors[0].value
    assert small.needed(web, planner.mix) == nodes * 2 * 2  # two processes a node, two connections each
    assert small.fit(web, planner.mix)
    assert small.needed(functions, planner.mix) == 500  # an environment for ten requests/s
    assert not small.fit(functions, planner.mix)
    assert proxied.needed(functions, planner.mix) == 2  # 5 ms for one request in thirteen
    assert proxied.describe(functions, planner.mix) == "2 of 306.9 connections"


def test_a_burstable_database_serves_what_its_baseline_allows() -> None:
    mix = files.mix({"twitter": F(1)})
    tier = next(tier for tier in Planner(mix, files.price_book()).storage if tier.name == "RDS MySQL db.t4g.medium")
    limit = tier.choices[0].limit
    assert limit is not None
    assert limit.rate == 2 * F(20, 100) * F("1458.5")


def test_what_was_chosen_is_compared_for_its_rate_and_for_its_money(planner: Planner) -> None:
    chosen = compare_chosen(files.configuration("report-eks-nodes"), planner, F(100))
    assert chosen.same_rate is not None
    assert chosen.same_money is not None
    assert chosen.same_rate.rate == chosen.bill.rate
    assert chosen.same_rate.hour < chosen.bill.hour
    assert chosen.same_money.hour <= chosen.bill.hour
    assert chosen.same_money.rate > chosen.bill.rate
    said = " ".join(chosen.sentences(F("1.28")))
    assert "over the budget of $1.28" in said
    assert "For the same rate: EKS" in said
    assert "For the same money: EKS" in said


def test_a_plan_says_on_what_speed_it_rests(planner: Planner) -> None:
    plans = planner.cheapest(F(1000))
    note = tables.speed_note(planner, plans, None)
    assert "A vCPU of ECS on Fargate is taken as 0.63 times one of Graviton4" in note
    assert "At 0.34 it is" in note
    slower = planner.at_speed(plans[0], F(34, 100), None)
    assert slower is not None
    assert slower.hour > plans[0].hour


def test_the_front_is_drawn_for_screens_and_phones(tmp_path: Path) -> None:
    page, picture = tmp_path / "plan.html", tmp_path / "front.svg"
    run("plan", "--budget", "0.3", "--work", "qrcode", "--chosen", "web-7-c8g-large", "--chart", str(page))
    run("plan", "--rate", "500", "--work", "qrcode", "--chart", str(picture))
    text = page.read_text()
    assert text.count("<svg") == 2  # one of them for phones
    assert "budget $0.3 an hour" in text
    assert "7 x c8g.large, fixed" in text
    assert "prefers-color-scheme:dark" in text
    assert "<script" not in text
    ElementTree.fromstring(picture.read_text())  # noqa: S314  # our own
    assert "ECS on Fargate from" in picture.read_text()
    assert "must end in .svg or .html" in refusal("plan", "--budget", "1", "--chart", str(tmp_path / "x.png"))
    run("plan", "--rate", "0", "--work", "qrcode", "--chart", str(picture))
    ElementTree.fromstring(picture.read_text())  # noqa: S314  # our own
    assert "cannot write" in refusal("plan", "--rate", "5", "--work", "qrcode", "--chart", "/proc/x/y.svg")


@pytest.mark.no_cover
def test_the_command_plans_and_says_what_costs_most() -> None:
    text = run("plan", "--budget", "0.5", "--work", "qrcode").output
    assert "EKS, c8g.large" in text
    assert "alb-capacity $" in text
    found = answer("plan", "--rate", "500", "--work", "qrcode")
    assert found["plans"][0]["storage_tier"] is None
    assert found["front"][-1]["rate"] == 500
    assert (found["chosen"], found["plans"][0]["loses"]) == (None, None)
    assert found["plans"][1]["loses"]
    compared = answer("plan", "--rate", "50", "--work", "qrcode", "--chosen", "ecs-fargate")["chosen"]
    assert (compared["name"], compared["rate"]) == ("ECS Fargate", 50)
    assert "either --budget" in refusal("plan")
    assert "either --budget" in refusal("plan", "--budget", "1", "--rate", "1")


def test_many_candidates_without_prices_are_one_line() -> None:
    said = run("plan", "--rate", "10", "--work", "twitter", "--region", "eu-west-1").stderr
    wanting = [line for line in said.splitlines() if "no price in eu-west-1" in line]
    assert len(wanting) == 1
    assert "RDS MySQL db.t4g.medium, RDS MySQL db.r7g.large" in wanting[0]
    assert "rds-proxy vcpu-hours" in wanting[0]


def test_single_rates_predict_the_report_s_mixed_rate_within_a_quarter() -> None:
    found = predict(ALONE, MIX, database_bound={"twitter"}, measured=MEASURED)
    assert found.bound_by == "database"
    assert found.error is not None
    assert abs(found.error) < F(1, 4)
    wrong = predict(ALONE, MIX, measured=MEASURED)  # as if Twitter alone had been bound by its CPU
    assert wrong.error is not None
    assert wrong.error < F(-39, 100)


def test_the_shares_of_a_resource_add_up() -> None:
    assert predict({"a": F(100), "b": F(50)}, {"a": F(1), "b": F(1)}).rate == 2 / (F(1, 100) + F(1, 50))
    bounded = predict({"a": F(100), "b": F(50)}, {"a": F(1), "b": F(1)}, {"b"}, {"b": F(20)})
    assert (bounded.rate, bounded.bound_by) == (2 / (F(1, 100) + F(1, 20)), "CPU")


@pytest.mark.parametrize(("alone", "weights"), [({}, {"a": F(1)}), ({"a": F(1)}, {"a": F(0)})])
def test_a_mix_that_cannot_be_predicted_is_refused(alone: dict[str, Fraction], weights: dict[str, Fraction]) -> None:
    with pytest.raises(CostError):
        predict(alone, weights)


def test_the_command_predicts_the_report_s_mix() -> None:
    assert "+17.2 % of the measured 56,770" in run("mixed").output
    found = json.loads(run("mixed", "--cpu", "twitter=22580", "--json").stdout)
    assert abs(found["error_percent"]) < 1
    assert isinstance(run("mixed", "--alone", "qrcode=1").exception, UserError)
