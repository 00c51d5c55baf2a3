"""The comparison of schemas: its tables say what its result says, and it runs."""

from __future__ import annotations

import json
import random
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.cli import main
from local.cli.experiment import _check_writable, schemas
from local.data.mysql.server import PrivateServer
from local.errors import UserError
from local.measure.experiments.relational import SCHEMAS, RelationalStore
from local.measure.experiments.relational import load as load_relational
from local.measure.experiments.schemas import _samples
from local.measure.experiments.schemas_measure import MIX
from local.measure.experiments.schemas_table import draw
from tests.integration.mysql.records import MISSING, PAIRS, RECORDS


def cost(us: float, times: float) -> dict[str, float]:
    return {
        "client_us": us,
        "server_us": us / 4,
        "cpu_us": us * 1.25,
        "wall_us": us * 2,
        "queries": 1.0,
        "rebuilding_us": us / 8,
        "times_packed": times,
        "requests": 10,
    }


def result() -> dict[str, Any]:
    schemas = {
        name: {
            "disk_bytes": 5_000_000 * times,
            "unbatched": {"1-5": cost(80 * times, times), MIX: cost(160 * times, times)},
            "merged": {MIX: cost(8 * times, times)},
        }
        for name, times in (("packed", 1), ("wide", 3), ("three-tables", 7))
    }
    return {"configuration": {"tweets": 1234}, "records": {MIX: 567}, "schemas": schemas}


def test_the_tables_show_what_was_measured_next_to_what_was_reported() -> None:
    console = Console(width=80, record=True, file=StringIO())
    for table in draw(result()):
        console.print(table)
    text = console.export_text()
    assert "567 records of 1,234 tweets" in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "packed 1-5 1.00 80 10 20 160 10,000" in lines
    assert "mix, merged 3.0 7.0 4" in lines
    assert "wide 15 almost 2,000" in lines
    assert "…" not in text


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_relational_schema_gives_the_same_records(url: str, name: str) -> None:
    load_relational(url, SCHEMAS[name], PAIRS)
    with closing(RelationalStore(url, SCHEMAS[name])) as store:
        assert {key: store.fetch(key) for key in RECORDS} == RECORDS
        keys = [MISSING, b"odd", b"\xff" * 9, *reversed(RECORDS)]
        assert store.fetch_many(keys) == [RECORDS.get(key) for key in keys]
        assert store.fetch_many([b"odd"]) == [None]


def test_requests_are_chosen_by_the_rows_of_their_answers() -> None:
    samples, counted = _samples(iter(PAIRS), random.Random(1))
    assert [sample.name for sample in samples] == ["1-5", "6-8", MIX]
    assert counted[MIX] == len(PAIRS) == len(samples[-1].requests)
    assert counted["1-5"] == len(samples[0].requests) > 0


@pytest.mark.parametrize("name", ["file/result", "folder"])
def test_a_result_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot write the result to"):
        schemas(result=tmp_path / name)


def test_looking_whether_a_result_can_be_written_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    before, new = tmp_path / "before", tmp_path / "new" / "result"
    before.write_text("of yesterday")
    for path in (before, new):
        _check_writable(path)
    assert before.read_text() == "of yesterday"
    assert new.parent.exists()
    assert not new.exists()


@pytest.mark.heavy
def test_the_experiment_runs(
    server: PrivateServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--tweets", "1000", "--rounds", "1", "--seconds", "0.05", "--result", str(tmp_path / "result"), "--json"]
    monkeypatch.setattr(sys, "argv", ["crossover", "experiment", "schemas", *options])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "result").read_text())
    assert (found["kind"], found["config"]["tweets"]) == ("schemas", 1000)
    for schema in found["data"]["schemas"].values():
        assert schema["disk_bytes"] > 0
        assert schema["unbatched"][MIX]["queries"] == pytest.approx(1, abs=0.1)
        assert schema["merged"][MIX]["queries"] < 0.2
