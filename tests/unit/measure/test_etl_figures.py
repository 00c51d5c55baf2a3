"""`make bench-etl`: what it watches of a process, and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.data.etl.engines import EngineName
from local.load.server_cpu import cpu_seconds
from local.measure import etl, results
from local.measure.etl import LoadFigures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: there is no /proc; figures are 0 elsewhere")
PROGRAM = """
import subprocess, sys
data = bytearray(30_000_000)
subprocess.run([sys.executable, "-c", "sum(i for i in range(4_000_000)); import time; time.sleep(0.5)"])
"""
LOADED = LoadFigures(
    tweets=10_000,
    added=0,
    input_bytes=18_000_000,
    parse_s=1.8,
    relate_s=1.0,
    load_s=0.5,
    wall_s=6.2,
    cpu_s=6.3,
    peak_bytes=314_000_000,
    store_bytes=6_000_000,
    kept_bytes=400_000,
    work_bytes=20_000_000,
    shuffle_bytes=0,
)


def test_memory_disk_and_cpu_of_a_process_and_of_those_that_it_starts_are_seen(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "part").write_bytes(bytes(100_000))
    with subprocess.Popen([sys.executable, "-c", PROGRAM]) as process:
        used = etl._watched(process, tmp_path)
    assert used.peak_bytes > 30_000_000
    assert used.cpu_s > 0.05
    assert 100_000 <= used.work_bytes < 200_000
    assert etl._size_of(tmp_path / "none") == 0


def test_what_tasks_of_spark_wrote_for_the_next_stage_is_summed(tmp_path: Path) -> None:
    written = [{"Shuffle Write Metrics": {"Shuffle Bytes Written": number}} for number in (5, 70)]
    events = [{"Event": "SparkListenerTaskEnd", "Task Metrics": metrics} for metrics in (*written, None, {})]
    lines = map(json.dumps, [{"Event": "SparkListenerJobStart", "Task Metrics": written[0]}, *events])
    (tmp_path / "events").write_text("\n".join(lines).replace('": ', '":'))
    assert etl._shuffled(tmp_path / "events") == 75


def test_a_process_that_is_gone_uses_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert (cpu_seconds(process.pid), etl._resident(process.pid)) == (0, 0)
    assert etl._family(process.pid) == [process.pid]
    assert os.getpid() in etl._family(os.getpid())


def test_figures_are_kept_and_shown_as_a_table_or_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "LOCAL_RESULTS", tmp_path)
    added = LOADED._replace(tweets=10_100, added=100)
    monkeypatch.setattr(etl, "_measured", lambda size, engine, additions: iter([LOADED, added]))
    etl.bench([10_000], EngineName.duckdb, additions=True, as_json=True)
    assert json.loads(capsys.readouterr().out) == [LOADED._asdict(), added._asdict()]
    etl.bench([10_000], EngineName.spark, additions=True, as_json=False)
    assert "10,100" in capsys.readouterr().out
    kept = results.latest("etl-spark")
    assert kept is not None
    assert kept.data["loads"] == [LOADED._asdict(), added._asdict()]
