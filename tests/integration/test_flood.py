"""The flood: how it is measured and told, and the ways to compute that were not taken."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from container.compute_queue import Computing
from container.settings import ContainerSettings
from crossover.runner import Later, Unavailable
from functions.blockchain.mining import Mined, Mining
from local.cli import main
from local.errors import UserError
from local.load.api import GeneratorFailedError
from local.measure import results
from local.measure.experiments import flood, flood_server
from local.measure.experiments.flood import aggregate
from local.measure.experiments.flood_server import COMPUTING
from local.measure.experiments.result import FloodResult
from local.measure.experiments.tables import flood as draw

EASY = Mining(b"0" * 64, "1", 65_536)
MIDDLE = Mining(b"0" * 64, "001", 65_536)
HARD = Mining(b"0" * 64, "00000001", 65_536)


async def mined(computing: Computing, work: Mining) -> Any:
    """What the computation gives, now or later."""
    value = computing.compute(work)
    return await value.value if isinstance(value, Later) else value


@pytest.mark.parametrize("way", COMPUTING)
async def test_every_way_mines_the_same(way: str) -> None:
    computing = COMPUTING[way](ContainerSettings(compute_seconds=60))
    easy, middle, hard = await asyncio.gather(*(mined(computing, work) for work in (EASY, MIDDLE, HARD)))
    assert isinstance(easy, Mined)
    assert easy.hash < "1"
    assert middle.hash < "001"
    assert int(middle.pow) > 50
    assert hard is None
    assert computing.stats().waiting == 0
    if isinstance(computing, flood_server.Process):
        computing.pool.shutdown()


async def test_the_rejected_ways_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood_server, "PLACES", 1)
    computing = COMPUTING["task each"](ContainerSettings(compute_seconds=0.05))
    long = asyncio.create_task(mined(computing, HARD._replace(limit=10**8)))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="every place is taken"):
        await mined(computing, HARD)
    with pytest.raises(Unavailable, match="out of time"):
        await long


ASKED = {
    "p50_ms": 1.0,
    "p99_ms": 2.5,
    "right": 9.0,
    "asked": 10.0,
    "server_cores": 0.25,
    "lag_p99_ms": 0.1,
    "discarded": [],
}


def round_of(flooded: dict[str, Any]) -> dict[str, Any]:
    return {"quiet": ASKED, "flooded": flooded, "flood": {"asked": 60.0, "right": 8.0, "unavailable": 52.0}}


def drawn(data: FloodResult) -> str:
    console = Console(file=io.StringIO(), width=80, record=True)
    for part in draw({"one_core": True, "rate": 100, "flood": 30}, data):
        console.print(part, highlight=False)
    return console.export_text()


def test_a_discarded_round_is_reported_with_its_reason_and_its_medians_are_marked() -> None:
    data = aggregate({"slices": [round_of(ASKED), round_of({**ASKED, "discarded": ["too late"]}), round_of(ASKED)]})
    assert data.discarded == ["slices, round 2, flooded: too late"]
    parts = data.ways["slices"]
    assert (parts.quiet.discarded_rounds, parts.flooded.discarded_rounds) == (0, 1)
    text = drawn(data)
    assert "discarded: slices, round 2, flooded: too late" in text
    assert ["slices", "1.00", "2.50", "1.00*", "2.50*"] in [line.split()[:5] for line in text.splitlines()]


@pytest.mark.heavy
def test_a_load_that_fails_is_one_line_and_no_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    servers: list[int] = []

    def fail(_plan: object, _address: str, _asked: object, watch: partial[float]) -> None:
        servers.extend(watch.args)
        raise GeneratorFailedError("a process of the load did not start")

    monkeypatch.setattr(flood, "run", fail)
    with pytest.raises(UserError, match="inline: a process of the load did not start; nothing was written"):
        flood.measure(flood.FloodConfig(rounds=1, one_core=False), os.environ, lambda _: None)
    (pid,) = servers
    assert not psutil.pid_exists(pid)


def test_the_table_has_a_row_for_each_way_and_says_where_nothing_was_answered() -> None:
    data = aggregate({"slices": [round_of(ASKED)], "inline": [round_of({**ASKED, "p50_ms": None, "p99_ms": None})]})
    text = drawn(data)
    rows = [line.split() for line in text.splitlines() if line.split()[:1] in (["slices"], ["inline"])]
    assert "discarded" not in text
    assert rows == [
        ["slices", "1.00", "2.50", "1.00", "2.50", "9/10", "4.0", "26.0", "0.25"],
        ["inline", "1.00", "2.50", "none", "none", "9/10", "4.0", "26.0", "0.25"],
    ]


@pytest.mark.heavy
def test_a_flood_is_measured_for_every_way_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "LOCAL_RESULTS", tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["crossover", "experiment", "flood", "--rounds", "1", "--seconds", "1", "--blocks", "5", "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert set(json.loads(capsys.readouterr().out)["data"]["ways"]) == set(COMPUTING)
    assert set(results.read(tmp_path / "flood.json", "flood").data["ways"]) == set(COMPUTING)
