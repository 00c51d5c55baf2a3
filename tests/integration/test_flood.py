"""The flood: how it is measured and told, and the ways to compute that were not taken."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from container.settings import ContainerSettings
from crossover.runner import Unavailable
from functions.blockchain.mining import Mined, Mining
from local.cli import main
from local.experiments import flood_server
from local.experiments.flood_server import COMPUTING
from local.experiments.flood_table import draw
from local.results import files

EASY = Mining(b"0" * 64, "1", 65_536)
MIDDLE = Mining(b"0" * 64, "001", 65_536)
HARD = Mining(b"0" * 64, "00000001", 65_536)


@pytest.mark.parametrize("way", COMPUTING)
async def test_every_way_mines_the_same(way: str) -> None:
    computing = COMPUTING[way](ContainerSettings(compute_seconds=60))
    easy, middle, hard = await asyncio.gather(*(computing.compute(work) for work in (EASY, MIDDLE, HARD)))
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
    long = asyncio.create_task(computing.compute(HARD._replace(limit=10**8)))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="every place is taken"):
        await computing.compute(HARD)
    with pytest.raises(Unavailable, match="out of time"):
        await long


def test_the_table_has_a_row_for_each_way_and_says_where_nothing_was_answered() -> None:
    asked = {"p50_ms": 1.0, "p99_ms": 2.5, "right": 9.0, "asked": 10.0, "server_cores": 0.25, "lag_p99_ms": 0.1}
    silent = {**asked, "p50_ms": None, "p99_ms": None}
    flood = {"asked": 60.0, "right": 8.0, "unavailable": 52.0}
    data = {"slices": {"quiet": asked, "flooded": asked, "flood": flood}}
    data["inline"] = {"quiet": asked, "flooded": silent, "flood": flood}
    out = io.StringIO()
    Console(file=out, width=80).print(draw({"one_core": True, "rate": 100, "flood": 30}, data))
    rows = [line.split() for line in out.getvalue().splitlines() if line.split()[:1] in (["slices"], ["inline"])]
    assert rows == [
        ["slices", "1.00", "2.50", "1.00", "2.50", "9/10", "4.0", "26.0", "0.25"],
        ["inline", "1.00", "2.50", "none", "none", "9/10", "4.0", "26.0", "0.25"],
    ]


@pytest.mark.heavy
def test_a_flood_is_measured_for_every_way_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "HERE", tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["crossover", "experiment", "flood", "--rounds", "1", "--seconds", "1", "--blocks", "5", "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert set(json.loads(capsys.readouterr().out)) == set(COMPUTING)
    assert set(files.read(tmp_path / "flood.json", "flood").data) == set(COMPUTING)
