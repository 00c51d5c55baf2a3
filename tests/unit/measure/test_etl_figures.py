"""`make bench-etl`: what it watches of a process, and what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from local.load.server_cpu import cpu_seconds
from local.measure import etl
from local.measure.etl import LoadFigures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: there is no /proc; figures are 0 elsewhere")
PROGRAM = """
import subprocess, sys
data = bytearray(30_000_000)
subprocess.run([sys.executable, "-c", "sum(i for i in range(4_000_000)); import time; time.sleep(0.5)"])
"""
LOADED = LoadFigures(10_000, 0, 18_000_000, 1.8, 1.0, 0.5, 6.2, 6.3, 314_000_000, 6_000_000, 400_000)


def test_memory_and_cpu_of_a_process_and_of_those_that_it_starts_are_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM]) as process:
        peak, cpu = etl._watched(process)
    assert peak > 30_000_000
    assert cpu > 0.05


def test_a_process_that_is_gone_uses_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert (cpu_seconds(process.pid), etl._resident(process.pid)) == (0, 0)
    assert etl._family(process.pid) == [process.pid]
    assert os.getpid() in etl._family(os.getpid())


def test_figures_are_a_table_or_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    added = LOADED._replace(tweets=10_100, added=100)
    monkeypatch.setattr(etl, "_measured", lambda size, engine: iter([LOADED, added]))
    etl.bench([10_000], "duckdb", as_json=True)
    assert json.loads(capsys.readouterr().out) == [LOADED._asdict(), added._asdict()]
    etl.bench([10_000], "duckdb", as_json=False)
    assert "10,100" in capsys.readouterr().out
