"""Plans: what makes a run, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.errors import UserError
from local.load.load_plan import LoadPlan
from local.workloads.mix import parse, requests_of


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "either --seconds or --requests"),
        ({"seconds": 1, "requests": 1}, "either --seconds or --requests"),
        ({"seconds": 0}, "--seconds takes"),
        ({"seconds": float("nan")}, "--seconds takes"),
        ({"requests": 0}, "--requests takes"),
        ({"requests": 1, "rate": 0}, "--rate takes"),
        ({"requests": 1, "rate": 10**9}, "--rate takes 0.01 to 1,000,000"),
        ({"requests": 1, "warmup": -1}, "--warmup takes"),
        ({"requests": 1, "connections": 0}, "--connections takes"),
        ({"requests": 1, "processes": 0}, "--processes takes"),
        ({"requests": 1, "timeout": 0}, "--timeout takes"),
        ({"requests": 1, "backlog": -1}, "--backlog takes"),
        ({"requests": 1, "arrivals": "bursts"}, "poisson or fixed"),
        ({"requests": 1, "processes": 3, "connections": 2}, "every process needs a connection"),
        ({"requests": 10_000_000, "rate": 1}, "more than a day"),
        ({"requests": 1, "mix": {}}, "a mix needs services"),
        ({"requests": 1, "mix": {"qrcode": 0}}, "a mix needs services"),
    ],
)
def test_values_that_make_no_run_are_refused_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        LoadPlan(**{"mix": {"qrcode": 1}, **values})
    assert "\n" not in str(refused.value)


def test_a_plan_is_told_as_plain_json() -> None:
    plan = LoadPlan(mix={"qrcode": 1}, requests=5, cores=(0, 1))
    assert json.loads(json.dumps(plan.as_data())) == plan.as_data()
    assert plan.as_data()["requests"] == 5


@pytest.mark.parametrize("total", [0, 1, 7, 8, 100])
@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_the_shares_of_the_processes_add_up(total: int, processes: int) -> None:
    plan = LoadPlan(mix={"qrcode": 1}, requests=1, processes=processes)
    shares = [plan.share(total, process) for process in range(processes)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_a_mix_is_names_with_weights() -> None:
    assert parse("qrcode=2, twitter=1") == {"qrcode": 2, "twitter": 1}
    assert parse("qrcode") == {"qrcode": 1}


@pytest.mark.parametrize(
    "text", ["", ",", "nosuch=1", "qrcode=", "qrcode=0", "qrcode=-1", "qrcode=1.5", "qrcode=²", "qrcode,qrcode=2"]
)
def test_a_mix_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse(text)


def test_the_same_seed_asks_the_same_and_another_one_something_else() -> None:
    first, again, other = (requests_of({"qrcode": 1}, seed, {}, 200) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first) == 200
    assert all(each.service == "qrcode" for each in first)


def test_right_answers_obey_the_limits_of_the_environment() -> None:
    usual, limited = (requests_of({"blockchain": 1}, 1, limits, 20) for limits in ({}, {"POW_MAX_ATTEMPTS": "1"}))
    assert [each.path for each in usual] == [each.path for each in limited]
    refused = [sum(each.result == b"INVALID" for each in asked) for asked in (usual, limited)]
    assert refused[0] < refused[1]


def test_a_limit_that_is_none_is_told() -> None:
    with pytest.raises(UserError, match="POW_MAX_ATTEMPTS takes a whole number"):
        requests_of({"blockchain": 1}, 1, {"POW_MAX_ATTEMPTS": "many"}, 1)
