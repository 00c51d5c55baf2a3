"""The experiments as they run: real servers and environments, small."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.cli import main
from local.measure.experiments import cold_start, web_tier
from local.measure.results import read

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; use a container"
    ),
]


def crossover(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["crossover", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0


def test_the_web_tier_is_measured_with_one_change_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = web_tier.WebTierConfig(rounds=1, seconds=0.3, connections=6, low_limit=3, prepared=50, behaviour=True)
    monkeypatch.setattr(web_tier, "QUICK", tiny)
    options = ["--quick", "--result", str(tmp_path / "web-tier.json"), "--json"]
    crossover(monkeypatch, "experiment", "web-tier", *options)
    result = read(tmp_path / "web-tier.json", "web-tier")
    assert json.loads(capsys.readouterr().out)["data"] == result.data
    assert len(result.data["variants"]) == 5
    for row in result.data["variants"]:
        assert row["right"] > 0
        assert row["capacity"]["median"] > 0
        assert (row["refused"] > 0) == row["variant"].startswith("limit of 3")
    assert [row["change"] for row in result.data["changes"]] == [row["variant"] for row in result.data["variants"][1:]]


def test_cold_starts_are_measured_by_package_and_memory_and_simulated_by_traffic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(
        cold_start.QUICK, services=("qrcode",), rounds=1, memory_mb=(128, 1769), rates=(0.001, 1), requests=200
    )
    monkeypatch.setattr(cold_start, "QUICK", tiny)
    crossover(monkeypatch, "experiment", "cold-start", "--quick", "--result", str(tmp_path / "cold-start.json"))
    data = read(tmp_path / "cold-start.json", "cold-start").data
    assert [row["package"] for row in data["packages"]] == list(cold_start.PACKAGES)
    cpu = {row["package"]: row["init_cpu_ms"]["median"] for row in data["packages"]}
    assert cpu["as deployed"] < cpu["sources alone"]
    assert [row["memory_mb"] for row in data["memory"]] == [128, 1769]
    assert all(row["first_answer_ms"]["median"] > row["init_ms"]["median"] for row in data["memory"])
    seldom, often = data["traffic"]
    assert seldom["cold_on_demand"] > 0.4 > often["cold_on_demand"]
    assert seldom["dollars_an_hour_provisioned"] > seldom["dollars_an_hour_on_demand"]
