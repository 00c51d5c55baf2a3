"""`make bench-etl`: time, processor time and memory of the ETL, as the input grows tenfold and tenfold again."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import typer
from rich.table import Column, Table

from local.console import console, print_json, stderr
from local.data.etl.engines import EngineName
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.files import write_tweets
from local.load.server_cpu import cpu_seconds
from local.measure import results
from local.measure.results import Result

SEED = 1
DEFAULT_SIZES = (10_000, 100_000, 1_000_000)
ADDED_PARTS = (100, 10)
"""What is added to each size afterwards: a hundredth of it, and then a tenth."""


class LoadFigures(NamedTuple):
    """One run of `crossover etl`."""

    tweets: int
    """Valid ones that the store has afterwards."""
    added: int
    """Of them made for this run, before duplicates are dropped; 0 for a load of everything."""
    input_bytes: int
    parse_s: float
    relate_s: float
    load_s: float
    wall_s: float
    cpu_s: float
    peak_bytes: int
    """Of memory, the workers' included; sampled."""
    store_bytes: int
    kept_bytes: int
    """Of the folder that `--keep` names."""
    work_bytes: int
    """Of the intermediate data, at most; sampled."""
    shuffle_bytes: int
    """What Spark's tasks wrote for those of the next stage; 0 of DuckDB."""


def bench(
    sizes: list[int] = typer.Argument(None, help="Valid tweets [default: 10000 100000 1000000]."),  # noqa: B008
    engine: EngineName = typer.Option(EngineName.duckdb, help="What runs the stages."),  # noqa: B008
    additions: bool = typer.Option(True, help="Add a hundredth and then a tenth to each size afterwards."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Time `crossover etl` from plain files of synthetic tweets to a SQLite store; packing is part of the load.

    `crossover etl plan` computes from the result that it keeps.
    """
    rows = [figures for size in sizes or DEFAULT_SIZES for figures in _measured(size, engine, additions)]
    kept = Result(kind=f"etl-{engine}", config={"seed": SEED}, data={"loads": [row._asdict() for row in rows]})
    path = results.write(kept)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    bytes_ = ("peak", "disk", "shuffle", "store", "kept")
    table = Table(Column("tweets", no_wrap=True), Column("added", no_wrap=True), "input MB", "wall s", "CPU s")
    for name in bytes_:
        table.add_column(f"{name} MB")
    for row in rows:
        seconds = [f"{second:.1f}" for second in (row.wall_s, row.cpu_s)]
        sizes_ = (row.peak_bytes, row.work_bytes, row.shuffle_bytes, row.store_bytes, row.kept_bytes)
        added = f"{row.added:,}" if row.added else ""
        megabytes = [f"{size / 1e6:,.0f}" for size in sizes_]
        table.add_row(f"{row.tweets:,}", added, f"{row.input_bytes / 1e6:,.0f}", *seconds, *megabytes)
    console.print(table)
    console.print(f"in full: {path}", highlight=False, soft_wrap=True)


def _measured(size: int, engine: EngineName, additions: bool) -> Iterator[LoadFigures]:
    """Yield the figures of a load of everything, and of the additions after it."""
    loads = [(size, ()), *((max(1, size // part), ("--add",)) for part in ADDED_PARTS if additions)]
    popular = read_popular(Path(str(SHIPPED_TAGS)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed, (count, options) in enumerate(loads, SEED):
            tweets = folder / "tweets.json"
            stderr.print(f"making {count:,} tweets", highlight=False)
            write_tweets(count, seed, sorted(popular), tweets)
            stderr.print(f"{'adding' if options else 'loading'} {count:,} tweets", highlight=False)
            yield _timed(folder, tweets, ("--engine", engine, *options), added=count if options else 0)


def _timed(folder: Path, tweets: Path, options: tuple[str, ...], added: int) -> LoadFigures:
    """Run the command and return its figures."""
    command = [shutil.which("crossover", path=Path(sys.executable).parent) or "crossover", "etl", str(tweets)]
    command += ["--popular", str(SHIPPED_TAGS), "--store", f"sqlite:///{folder}/store.db", "--json"]
    command += ["--keep", str(folder / "kept"), "--work", str(folder / "work"), *options]
    (events := folder / "events").mkdir(exist_ok=True)
    (folder / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir {events.as_uri()}\nspark.eventLog.compress false\n"
    )
    started = monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"SPARK_CONF_DIR": str(folder)}) as process:
        used = _watched(process, folder / "work")
        output = process.communicate()[0]
    wall = monotonic() - started
    if process.returncode:
        raise SystemExit(process.returncode)
    report = json.loads(output)
    shuffled = sum(map(_shuffled, filter(Path.is_file, events.rglob("*"))))
    shutil.rmtree(events)
    return LoadFigures(
        tweets=report["valid"],
        added=added,
        input_bytes=tweets.stat().st_size,
        **{f"{part}_s": seconds for part, seconds in report["seconds"].items()},
        wall_s=wall,
        cpu_s=used.cpu_s,
        peak_bytes=used.peak_bytes,
        store_bytes=report["store_bytes"],
        kept_bytes=sum(path.stat().st_size for path in (folder / "kept").iterdir()),
        work_bytes=used.work_bytes,
        shuffle_bytes=shuffled,
    )


class _Used(NamedTuple):
    """What a process and its descendants used."""

    peak_bytes: int
    work_bytes: int
    cpu_s: float


def _watched(process: subprocess.Popen[bytes], work: Path) -> _Used:
    """Return the most memory that the process and its descendants held together, the most disk, and their CPU time.

    Memory and disk are sampled, memory is 0 where there is no /proc. So is the time of a JVM, which its parent does not
    wait for; all other processes are counted to their end.
    """
    before = _ended_children_seconds()
    peak, disk, sampled = 0, 0, 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_resident, _family(process.pid))))
        disk = max(disk, _size_of(work))
        sampled = max(sampled, cpu_seconds(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    return _Used(peak, disk, max(sampled, _ended_children_seconds() - before))


def _size_of(folder: Path) -> int:
    """Return what the files below a folder take, those that are gone meanwhile left out."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH118 (many files, often)
    return size


def _shuffled(events: Path) -> int:
    """Return the bytes that the tasks of a Spark event log wrote for the next stage.

    A line is an event as JSON: `JsonProtocol` in Spark's sources.
    """
    total = 0
    with events.open() as lines:
        for line in lines:
            if '"SparkListenerTaskEnd"' in line:
                metrics = json.loads(line).get("Task Metrics") or {}
                total += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
    return total


def _ended_children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    typer.run(bench)
