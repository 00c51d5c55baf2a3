"""`crossover bench`: what it measures, what it prints, and when it fails. No test asks how long anything took."""

import hashlib
import json

import pytest
import typer
from typer.testing import CliRunner

from local.cli import bench as commands
from local.cli import create_app
from local.errors import UserError
from local.measure.microbench import server
from local.measure.microbench.measure import Bench, BenchResult, make_unit, measure, with_baselines

FAST = Bench("fast", lambda: lambda: None, limit_units=2, baseline="slow", limit_times=50)
SLOW = Bench("slow", lambda: lambda: None)
OTHER = Bench("other", lambda: lambda: None)


def result(units: float, times: float) -> BenchResult:
    return BenchResult(FAST, rounds=1, calls=1, microseconds=1, microseconds_min=1, units=units, times=times)


def test_the_unit_is_one_sha256_of_60_bytes() -> None:
    assert make_unit()() == hashlib.sha256(bytes(range(60))).digest()


def test_a_benchmark_brings_its_baseline() -> None:
    assert with_baselines([FAST], [OTHER, SLOW, FAST]) == [SLOW, FAST]


def test_every_benchmark_is_measured_in_every_round() -> None:
    called: list[str] = []
    benches = [Bench(name, lambda name=name: lambda: called.append(name), baseline="a") for name in ("a", "b")]
    results = list(measure(benches, rounds=3, batch_ms=0.01))
    assert [[r.rounds for r in done] for done in results] == [[1, 1], [2, 2], [3, 3]]
    assert {r.bench.name for r in results[-1]} == set(called)
    assert all(r.times is not None and r.microseconds_min <= r.microseconds for r in results[-1])
    assert results[-1][0].times == 1


def test_a_limit_is_missed_by_more_and_not_by_as_much() -> None:
    assert result(units=2, times=50).misses == []
    assert len(result(units=2.1, times=50).misses) == 1
    assert len(result(units=2.1, times=49).misses) == 2


def test_every_benchmark_of_the_bundle_has_a_name_of_its_own_and_a_baseline_that_exists() -> None:
    benches = commands.all_benches()
    names = [bench.name for bench in benches]
    assert len(set(names)) == len(names)
    assert {bench.baseline for bench in benches} - {None} <= set(names)


def test_the_report_has_every_figure_and_says_what_the_unit_is() -> None:
    run = CliRunner().invoke(create_app(), ["bench", "qrcode encode", "--rounds", "1", "--json"])
    report = json.loads(run.stdout)
    assert "sha256" in report["unit"]
    encode = report["benchmarks"][0]
    assert encode["name"] == "qrcode encode"
    assert encode["limit_units"] == 6
    assert encode["times_faster"] > 1
    assert encode["calls"] > 1


def test_a_missed_limit_is_told_and_fails_only_where_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = Bench("impossible", lambda: lambda: None, limit_units=0)
    monkeypatch.setattr(commands, "all_benches", lambda: [impossible])
    told = CliRunner().invoke(create_app(), ["bench", "--rounds", "1"])
    assert "missed: impossible took" in told.stdout
    assert told.exit_code == 0
    assert CliRunner().invoke(create_app(), ["bench", "--rounds", "1", "--strict"]).exit_code == 1


def test_an_unknown_benchmark_is_an_error_that_names_the_known_ones() -> None:
    app = typer.Typer()
    commands.add_to(app)
    with pytest.raises(UserError, match="qrcode encode"):
        app(["nothing"], standalone_mode=False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its sockets live as long as it
@pytest.mark.parametrize("direct", [True, False])
def test_the_server_benchmark_is_answered_on_every_connection_again_and_again(direct: bool) -> None:
    call = server._served("qrcode", 3, direct, count=10)()
    for _ in range(20):
        call()
