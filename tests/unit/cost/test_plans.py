"""Plans under a budget, and mixed rates out of single ones."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.errors import CostError
from local.cost.mixed import predict
from local.cost.model import cheapest
from local.cost.plan import Planner, front, front_rates
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


def test_a_plan_keeps_to_its_budget_and_a_little_more_would_break_it(planner: Planner) -> None:
    best, *others = planner.within(F("1.28"))
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


def test_the_command_plans_and_says_what_costs_most() -> None:
    text = run("plan", "--budget", "1.28").output
    assert "EKS, c8g.large" in text
    assert "alb-capacity $" in text
    found = answer("plan", "--rate", "500", "--work", "qrcode")
    assert found["plans"][0]["storage_tier"] is None
    assert found["front"][-1]["rate"] == 500
    assert "either --budget" in refusal("plan")
    assert "either --budget" in refusal("plan", "--budget", "1", "--rate", "1")


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
