"""What Spark's workers run, and what its errors become: without Spark."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from functions.twitter.record import key
from local.data.etl.engines import open_engine, spark
from local.data.etl.groups import ContactTweet
from local.data.etl.parsing import Row
from local.data.tweets.generator import Generator
from local.errors import UserError

LINES = list(Generator(20, 3, ["now"]).lines())


def counted(batches: list[pa.RecordBatch]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    rows = [row for batch in batches for row in batch.to_pylist()]
    tweets = [{name: row[name] for name in Row._fields} for row in rows if row["reason"] is None]
    return tweets, {row["reason"]: row["number"] for row in rows if row["reason"] is not None}


def test_a_worker_gives_the_tweets_of_its_lines_and_counts_what_it_drops() -> None:
    lines = pa.RecordBatch.from_pydict({"line": pa.array([*LINES, b"{", b"\xff"], pa.binary())})
    tweets, counts = counted(list(spark._parse_batches(iter([lines, lines]))))
    assert len(tweets) == counts["parsed"] >= 40
    assert counts["lines"] == 2 * (len(LINES) + 2)
    assert sum(counts.values()) - counts["lines"] == counts["lines"]
    assert counts["not_utf8"] >= 2


def test_a_line_beyond_the_bound_is_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "MAX_LINE_BYTES", 200)
    lines = pa.RecordBatch.from_pydict({"line": pa.array([b"{" + b" " * 300 + b"}"], pa.binary())})
    assert counted(list(spark._parse_batches(iter([lines])))) == ([], {"lines": 1, "parsed": 0, "not_json": 1})


def test_a_worker_reads_whole_files_as_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"\n".join(LINES) + b"\n"))
    valid = [json.loads(line) for line in LINES[:1]]
    (tmp_path / "b.json").write_text(json.dumps(valid, indent=1))
    paths = pa.RecordBatch.from_pydict({"path": [str(tmp_path / "a.json.gz"), str(tmp_path / "b.json")]})
    tweets, counts = counted(list(spark._parse_files(iter([paths]))))
    assert counts["lines"] == len(LINES) + 1
    assert len(tweets) == counts["parsed"]


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.json", b'{"id": 1}\n', True),
        ("empty.json", b"", True),
        ("a.json.gz", b'{"id": 1}\n', False),
        ("a.json", b"\x1f\x8b\x08", False),
        ("a.json", b'[\n {"id": 1},\n', False),
        ("a.json", b"PK\x03\x04", False),
    ],
)
def test_spark_splits_plain_files_of_lines_alone(tmp_path: Path, name: str, content: bytes, lines: bool) -> None:
    (tmp_path / name).write_bytes(content)
    assert spark._is_lines(tmp_path / name) is lines


@pytest.mark.parametrize("name", ["_a.json", ".a.json", "a._COPYING_", "a[1].json", "a{b}.json", "a:b.json", "a*"])
def test_spark_gets_no_name_that_it_passes_over_or_takes_for_a_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LINES[0])
    assert not spark._is_lines(tmp_path / name)


def test_a_pipe_is_refused_before_any_of_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is no regular file, and the workers read by name"):
        spark._is_lines(tmp_path / "pipe")


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*: No such file"):
        spark._is_lines(tmp_path / "none")


def test_a_worker_packs_whole_users_whatever_the_batches() -> None:
    rows = [
        ContactTweet(user, contact, "n", "d", 1, 0, 0, "t", [], 1, 0) for user in (-1, 1, 2) for contact in range(9)
    ]
    table = pa.Table.from_pylist([row._asdict() for row in rows])
    whole = [record for batch in spark._pack_batches(iter(table.to_batches())) for record in batch.to_pylist()]
    pieces = table.to_batches(max_chunksize=2)
    split = [record for batch in spark._pack_batches(iter(pieces)) for record in batch.to_pylist()]
    assert split == whole
    assert {record["key"] for record in whole} == {key(user, kind) for user in (1, 2) for kind in ("reply", "both")}
    assert list(spark._pack_batches(iter(()))) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("java.io.IOException: No space left on device\n at x", "No space left on device"),
        (
            "Traceback\nlocal.errors.UserError: a.gz is not a whole compressed file\n at x",
            "a.gz is not a whole compressed",
        ),
        ("Class org.apache.hadoop.fs.s3a.S3AFileSystem not found", "name its package in PYSPARK_SUBMIT_ARGS"),
        ("an  error\nof many lines", "Spark failed: an error; the store is as it was"),
    ],
)
def test_an_error_of_spark_is_one_line(text: str, error: str) -> None:
    problem = spark._reported(RuntimeError(text))
    assert isinstance(problem, OSError if "space" in text else UserError)
    assert error in str(problem)
    assert "\n" not in str(problem)


def test_the_reason_of_java_is_taken_where_there_is_one() -> None:
    problem = RuntimeError("An error occurred while calling o1.text")
    problem.java_exception = "java.lang.X: why\n at y"  # type: ignore[attr-defined]
    assert spark._first_line(problem) == "java.lang.X: why"


def test_without_pyspark_the_command_that_installs_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(UserError, match="needs PySpark, about 500 MB: make spark"), open_engine("spark", tmp_path):
        pass


def test_on_this_machine_every_port_is_on_loopback_and_a_master_elsewhere_has_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = (spark._settings(tmp_path, "s3a://b/x", master) for master in ("local[2]", "spark://host:7077"))
    assert here["spark.sql.warehouse.dir"] == "s3a://b/x/warehouse"
    monkeypatch.setenv(spark.SUBMITTED, "4711")
    submitted = spark._settings(tmp_path, "s3a://b/x", "local[2]")
    assert submitted.keys().isdisjoint({"spark.master", "spark.driver.memory", "spark.driver.bindAddress"})
    assert here["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.driver.bindAddress" not in elsewhere
    assert elsewhere["spark.master"] == "spark://host:7077"


def test_workers_run_this_python_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    with spark._python_of_workers():
        assert os.environ["PYSPARK_PYTHON"] == sys.executable
    assert "PYSPARK_PYTHON" not in os.environ
    monkeypatch.setenv("PYSPARK_PYTHON", "python3")
    with spark._python_of_workers():
        assert os.environ["PYSPARK_PYTHON"] == "python3"


def test_what_a_started_process_writes_goes_to_a_file(tmp_path: Path) -> None:
    with spark._stderr_to(tmp_path / "log"):
        subprocess.run(["sh", "-c", "echo noise >&2"], check=True)
    assert (tmp_path / "log").read_text() == "noise\n"
