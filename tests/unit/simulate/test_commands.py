"""The commands `simulate` and `tune`, their page and their picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.cli import main
from local.report.trade_off import picture
from local.simulate.claims import compare
from local.simulate.tune import written

HEADING = "time,requests\n"


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traffic") / "hour.csv"
    path.write_text(HEADING + "".join(f"10:{minute:02},{600 if minute < 30 else 60_000}\n" for minute in range(60)))
    return path


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return int(end.value.code or 0)


def test_simulate_prints_every_platform_and_writes_the_page(
    hour: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    faults = "node@10:10,zone@10:40,database@10:50"
    assert run("simulate", hour, "--work", "twitter", "--fault", faults, "--output", page) == 0
    printed = capsys.readouterr().out
    for name in ("Lambda", "ECS on Fargate", "EKS on Fargate", "EKS on nodes", "Cheapest hours", "database@10:50"):
        assert name in printed
    html = page.read_text()
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)[0])
    own = [one for one in data["runs"] if one["own"]]
    assert [one["platform"] for one in own] == ["lambda", "ecs-fargate", "eks-fargate", "eks-nodes"]
    assert all(len(one["cost"]) == len(data["rate"]) for one in data["runs"])
    assert "zone@10:40" in html


def test_simulate_as_json_is_the_same_for_one_seed(hour: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found: list[Any] = []
    for _ in range(2):
        assert run("simulate", hour, "--platform", "lambda", "--seed", "5", "--json") == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]
    assert found[0]["platforms"][0]["day"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "is no file and no shape; shapes are flat"),
        (["flat", "--platform", "moon"], "--platform: moon is none of lambda"),
        (["flat", "--peak", "0"], "--peak"),
        (["flat", "--scale", "0"], "--scale"),
        (["flat", "--fault", "node"], "--fault"),
        (["flat", "--work", "nosuch"], "nosuch"),
        (["flat", "--region", "moon-1"], "--region"),
        (["flat", "--instance", "nosuch", "--platform", "eks-nodes"], "nosuch"),
    ],
)
def test_simulate_refuses_in_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("simulate", *words, "--no-page") == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_tune_finds_settings_that_keep_the_service_level(
    hour: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tune", hour, "--platform", "lambda,eks-fargate", "--p99", "20", "--lost", "0.1", "--json"]
    assert run(*words, "--output", tmp_path / "tune.svg") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"]["eks-fargate"]["p99_ms"] <= 20
    assert found["best"]["eks-fargate"]["lost"] <= 0.001
    costs = [one["day"] for one in found["trade_off"]["eks-fargate"]]
    assert costs == sorted(costs)
    assert "EKS on Fargate" in (tmp_path / "tune.svg").read_text()


def test_tune_says_where_nothing_is_enough(hour: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tune", hour, "--platform", "eks-fargate", "--p99", "0.01") == 0
    assert "No setting that was tried keeps the service level" in capsys.readouterr().out
    assert run("tune", hour, "--p99", "0") == 2
    assert run("tune", hour, "--lost", "101") == 2


def test_a_schedule_is_written_as_the_option_takes_it() -> None:
    assert written([(0, 5), (8 * 3600, 40)]) == "00:00=5,08:00=40"


def test_a_picture_of_one_point_has_axes() -> None:
    assert "$10" in picture({"Lambda": [(10.0, 10.0)]}, 50)


@pytest.mark.heavy
def test_the_claims_are_compared() -> None:
    assert [one["claimed"] for one in compare()].count("2 to 3 minutes") == 2
