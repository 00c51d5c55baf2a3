"""`crossover etl plan` and `crossover etl package`, and what a load refuses before it begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.stores import load
from local.cli import main
from local.data.etl.popular import SHIPPED_TAGS
from local.measure import results
from local.measure.results import Result, write

LOAD = {
    "tweets": 10_000,
    "added": 0,
    "cpu_s": 6.0,
    "peak_bytes": 3 * 10**8,
    "input_bytes": 18 * 10**6,
    "work_bytes": 20 * 10**6,
    "shuffle_bytes": 10**6,
    "store_bytes": 5 * 10**6,
}
LARGER = {name: value * 100 for name, value in LOAD.items()} | {"cpu_s": 96.0, "peak_bytes": 2 * 10**9}
ADDED = LOAD | {"added": 5, "tweets": 10_000_000}


def said(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["etl", *words])
    printed = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, printed.out, " ".join(printed.err.split())


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "LOCAL_RESULTS", tmp_path)
    monkeypatch.setattr(results, "REFERENCE_RESULTS", tmp_path / "none")
    for engine in ("duckdb", "spark"):
        write(Result(kind=f"etl-{engine}", config={}, data={"loads": [LOAD, ADDED, LARGER]}))
    return tmp_path


def test_a_plan_has_the_bytes_of_each_engine_and_every_place(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed, _ = said("plan", "--tweets", "1e9", "--json", capsys=capsys)
    plan = json.loads(printed)
    assert (status, plan["tweets"]) == (0, 10**9)
    assert plan["bytes"]["spark"] == {"input": 18e11, "intermediate": 20e11, "shuffled": 10e10, "store": 5e11}
    assert [load["engine"] for load in plan["loads"]] == ["duckdb", "duckdb", "spark", "spark", "spark"]


def test_a_plan_for_people_says_up_to_where_it_was_measured(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, _ = said("plan", "--tweets", "1e9", capsys=capsys)
    assert status == 0
    assert "spark: measured up to 1,000,000 tweets; beyond that computed, not run" in printed
    assert "fits no function's /tmp" in printed
    assert "Spark, EMR Serverless" in printed
    _, small, _ = said("plan", "--tweets", "100000", capsys=capsys)
    assert "measured up to" not in small


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tweets", "0"], "--tweets 0 is not between 1 and 1,000,000,000,000"),
        (["--tweets", "1e13"], "--tweets 1e+13 is not between 1 and"),
        (["--tweets", "many"], "'--tweets': not a number"),
        (["--tweets", "nan"], "not one number such as"),
        (["--tweets", "10", "--hours", "0"], "--hours 0 is not above 0 and up to 10,000"),
        (["--tweets", "10", "--region", "?"], "must be the name of a region"),
    ],
)
def test_a_plan_of_what_cannot_be_is_one_line(
    words: list[str], message: str, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed, errors = said("plan", *words, capsys=capsys)
    assert (status, printed) == (2, "")
    assert message in errors


def test_a_plan_without_measured_loads_says_how_to_measure(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (measured / "etl-spark.json").unlink()
    _, _, errors = said("plan", "--tweets", "10", capsys=capsys)
    assert errors == "crossover: no load was measured: make bench-etl ENGINE=spark measures some"
    write(Result(kind="etl-spark", config={}, data={"loads": [{"tweets": 1}]}))
    _, _, errors = said("plan", "--tweets", "10", capsys=capsys)
    assert "the result etl-spark cannot be used; measure again with make bench-etl ENGINE=spark" in errors
    write(Result(kind="cluster", config={}, data={}), measured / "etl-spark.json")
    _, _, errors = said("plan", "--tweets", "10", capsys=capsys)
    assert "measure again with: make bench-etl ENGINE=spark" in errors


def test_the_job_is_written_and_how_to_submit_it_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, _ = said("package", "--out", str(tmp_path / "job"), capsys=capsys)
    assert status == 0
    assert f"spark-submit --py-files {tmp_path}/job/crossover-etl.zip {tmp_path}/job/etl_job.py" in printed
    assert len(list((tmp_path / "job").iterdir())) == 3
    (tmp_path / "file").touch()
    status, _, errors = said("package", "--out", str(tmp_path / "file"), "--json", capsys=capsys)
    assert status == 2
    assert "choose another with --out" in errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--work", "s3a://bucket/tmp"], "--work s3a://bucket/tmp is a URL, which Spark alone works at"),
        (["--popular", "s3a://bucket/tags"], "s3a://bucket/tags is a URL: --engine spark reads those"),
        (
            ["--engine", "spark", "--work", "s3a://bucket/tmp", "--keep", "kept"],
            "--keep keeps tweets in a folder that all of Spark shares: give --work one too",
        ),
    ],
)
def test_a_url_is_taken_where_spark_reads_it(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tweets.json").write_bytes(b"{}\n")
    always = [str(tmp_path / "tweets.json"), "--popular", str(SHIPPED_TAGS), "--store", f"sqlite:///{tmp_path}/s.db"]
    status, _, errors = said(*always, *words, capsys=capsys)
    assert status == 2
    assert message in errors


def test_a_database_in_another_place_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three = "|".join(f"sqlite:///{tmp_path}/{name}.db" for name in "abc")
    load(three, [(b"%08d" % number, b"record") for number in range(9)])
    store = f"sqlite:///{tmp_path}/b.db|sqlite:///{tmp_path}/a.db"
    status, _, errors = said("none.json", "--popular", "none", "--store", store, capsys=capsys)
    assert status == 2
    assert "the database holds part 2 of 3, and the store's URL names it as part 1 of 2" in errors
