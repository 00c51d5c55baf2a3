"""What a reader asks for, and the golden dollars that Python and the page agree on."""

from __future__ import annotations

import json
import os
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.exact import plain
from local.cost.formulas import OpenTable
from tests.support.golden_report import PATH, cases, golden_works
from tests.support.report import asked_for
from tests.support.scenario import Scenario

DIGITS = 12


@pytest.mark.no_cover
def test_the_golden_cases_are_the_dollars_of_the_cost_model() -> None:
    works, book, found = golden_works(), files.price_book(), []
    for case in cases():
        bill = asked_for(case).bill(files.configuration(case["configuration"]), works, book)
        hour = plain(bill.hour, DIGITS).lstrip("≈").replace(",", "")
        found.append({**case, "hour": float(hour), "serves": bill.serves})
    if os.environ.get("CROSSOVER_RENEW_GOLDEN"):
        PATH.write_text("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n")
    assert found == cases()


def test_the_golden_cases_try_every_shipped_configuration() -> None:
    assert {case["configuration"] for case in cases()} == set(files.shipped(files.CONFIGURATIONS))


def scenario(**given: object) -> Scenario:
    return Scenario(**{"mix": {"qrcode": Fraction(1)}, "rate": Fraction(1000), **given})  # type: ignore[arg-type]


def month(configuration: str, **given: object) -> Fraction:
    works = {"qrcode": files.workload("qrcode")}
    return scenario(**given).bill(files.configuration(configuration), works, files.price_book()).month


def test_half_a_day_switched_off_is_half_the_bill_of_a_fleet() -> None:
    assert month("eks-nodes", hours_a_day=Fraction(12)) < month("eks-nodes") * Fraction(51, 100)


def test_a_fleet_that_stands_idle_is_paid_for_all_day_and_its_traffic_is_not() -> None:
    idle, off = (month("eks-nodes", hours_a_day=Fraction(12), outside=how) for how in ("idle", "off"))
    assert off < idle < month("eks-nodes")
    assert idle == month("eks-nodes", duty=Fraction(1, 2))


def test_lambda_costs_the_same_whether_it_stands_idle_or_is_switched_off() -> None:
    assert month("lambda-url", hours_a_day=Fraction(8)) == month("lambda-url", hours_a_day=Fraction(8), outside="idle")


def test_a_chosen_memory_takes_the_place_of_the_configurations_list() -> None:
    adjusted = scenario(memory_mb=300).adjusted(files.configuration("lambda-url"))
    assert len(adjusted.choices) == 2  # one for each architecture
    assert {choice.resources["lambda"].memory_mb for choice in adjusted.choices} == {300}  # type: ignore[attr-defined]


def test_a_chosen_target_is_that_of_fleets_and_leaves_databases_alone() -> None:
    adjusted = scenario(utilisation=Fraction(1, 3)).adjusted(files.configuration("report-eks-nodes"))
    parts = adjusted.choices[0].resources
    assert parts["nodes"].utilisation == Fraction(1, 3)  # type: ignore[attr-defined]
    assert parts["database"].utilisation == Fraction(4, 5)  # type: ignore[attr-defined]


def test_a_faster_vcpu_shortens_what_computes_and_not_what_waits() -> None:
    workload = golden_works()["measured"]
    assert not isinstance(workload.lambda_ms, OpenTable)
    for size, ms in workload.lambda_ms.items():
        twice, once = (workload.duration_ms(Fraction(size), Fraction(speed)) for speed in (2, 1))
        assert once == ms
        assert twice - workload.wait_ms == (ms - workload.wait_ms) / 2
        assert workload.billed_ms(Fraction(size), Fraction(2)) - twice == workload.billed_ms(Fraction(size)) - ms


@pytest.mark.parametrize("memory", [None, 512])
def test_a_faster_vcpu_never_costs_more(memory: int | None) -> None:
    assert month("lambda-url", speed=Fraction(2), memory_mb=memory) <= month("lambda-url", memory_mb=memory)
