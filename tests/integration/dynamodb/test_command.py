"""`crossover dynamodb`, and a load through it, as a user does it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crossover.stores import load, open_store
from crossover_dynamodb import items
from local.data.dynamodb.dynalite import have_node

RUN = (sys.executable, "-c", "from local.cli import main; main()")


@contextmanager
def local_server(*options: str) -> Iterator[str]:
    """The URL that a running `crossover dynamodb` prints; it ends on Ctrl-C."""
    process = subprocess.Popen([*RUN, "dynamodb", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield [process.stdout.readline() for _ in range(2)][1].strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_tweets_are_loaded_into_a_local_table_and_write_units_are_shown_before_and_after(tmp_path: Path) -> None:
    tweets = ("tweets", "--count", "300", "--out", str(tmp_path / "t.json"), "--popular", str(tmp_path / "p.txt"))
    subprocess.run([*RUN, *tweets], check=True, capture_output=True)
    with local_server("--engine", "moto") as url:
        done = subprocess.run(
            [
                *RUN,
                "etl",
                str(tmp_path / "t.json"),
                "--popular",
                str(tmp_path / "p.txt"),
                "--store",
                f"{url}&cache=local:1MB&read_timeout=30&connect_timeout=30",
                "--json",
            ],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        report = json.loads(done.stdout)
        estimated = report["figures"]["write units, estimated"]
        assert f"load: {estimated:,.0f} write units to come" in done.stderr
        assert report["records"] == report["figures"]["items written"] > 0
        store = open_store(f"{url}&read_timeout=30&connect_timeout=30")
        assert store.version() == report["version"]
        store.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("dynamodb", "--table", "x y"), "--table: "),
        (("dynamodb", "--engine", "moto", "--folder", "x"), "moto keeps nothing on disk"),
        (("etl", "x", "--popular", "x", "--store", "dynamodb://tweets?region=x"), "names no region"),
        (("etl", "x", "--popular", "x", "--store", "mysql://me@h/b?cache=foo"), "cache is local:64MB"),
        (
            ("etl", "x", "--popular", "x", "--store", "dynamodb://tweets?region=us-east-1&endpoint=http://127.0.0.1:1"),
            "crossover dynamodb one on this machine",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_line(options: tuple[str, ...], says: str) -> None:
    arguments = [*options, "--port", "0"] if options[0] == "dynamodb" else list(options)
    done = subprocess.run([*RUN, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.heavy
def test_dynalite_counts_the_units_that_the_documentation_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not have_node():
        pytest.skip("NOT RUN: dynalite needs Node.js 20 and npm")
    from crossover_dynamodb import loading

    monkeypatch.setattr(loading, "GRACE_SECONDS", 0.0)
    sizes = (0, 1_000, 4_064, 4_066, 4_070, 4_096, 8_190, 100_000, 389_996, 389_997, 800_000)
    records = {b"%09d" % size: random.Random(size).randbytes(size) for size in sizes}
    with local_server("--engine", "dynalite", "--folder", str(tmp_path / "data")) as url:
        for consistent in (False, True):
            loaded = load(url, records.items())
            assert loaded.figures["write units, counted"] == loaded.figures["write units, estimated"]
            store = open_store(f"{url}&consistent={consistent:d}&refresh=5&read_timeout=10")
            store.version()
            for key, record in records.items():
                before = store.stats().read_units
                assert store.fetch(key) == record
                parts = items.chunks(key, record)
                expected = sum(
                    items.read_units(items.item_bytes(key, part, at, len(parts)), consistent)
                    for at, part in enumerate(parts)
                )
                assert store.stats().read_units - before == expected, (key, consistent)
            store.close()
