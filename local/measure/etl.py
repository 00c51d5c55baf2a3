"""`make bench-etl`: time, processor time and memory of the ETL, as the input grows tenfold and tenfold again."""

from __future__ import annotations

import json
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
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.files import write_tweets
from local.load.server_cpu import cpu_seconds

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


def bench(
    sizes: list[int] = typer.Argument(None, help="Valid tweets [default: 10000 100000 1000000]."),  # noqa: B008
    engine: str = typer.Option("duckdb", help="duckdb or spark."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Time `crossover etl` from plain files of synthetic tweets to a SQLite store; packing is part of the load.

    Each size is loaded as a whole, and then a hundredth and a tenth of it are added with `--add`.
    """
    results = [figures for size in sizes or DEFAULT_SIZES for figures in _measured(size, engine)]
    if as_json:
        print_json([figures._asdict() for figures in results])
        return
    names = ("input MB", "parse s", "relate s", "load s", "wall s", "CPU s", "peak MB", "store MB", "kept MB")
    table = Table(Column("tweets", no_wrap=True), Column("added", no_wrap=True), *names)
    for row in results:
        times = [f"{seconds:.1f}" for seconds in (row.parse_s, row.relate_s, row.load_s, row.wall_s, row.cpu_s)]
        megabytes = [f"{size / 1e6:,.0f}" for size in (row.peak_bytes, row.store_bytes, row.kept_bytes)]
        added = f"{row.added:,}" if row.added else ""
        table.add_row(f"{row.tweets:,}", added, f"{row.input_bytes / 1e6:,.0f}", *times, *megabytes)
    console.print(table)


def _measured(size: int, engine: str) -> Iterator[LoadFigures]:
    """Yield the figures of a load of everything, and of the additions after it."""
    popular = read_popular(Path(str(SHIPPED_TAGS)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed, (count, options) in enumerate(
            [(size, ()), *((max(1, size // part), ("--add",)) for part in ADDED_PARTS)], SEED
        ):
            tweets = folder / "tweets.json"
            stderr.print(f"making {count:,} tweets", highlight=False)
            write_tweets(count, seed, sorted(popular), tweets)
            stderr.print(f"{'adding' if options else 'loading'} {count:,} tweets", highlight=False)
            yield _timed(folder, tweets, ("--engine", engine, *options), added=count if options else 0)


def _timed(folder: Path, tweets: Path, options: tuple[str, ...], added: int) -> LoadFigures:
    """Run the command and return its figures."""
    command = [shutil.which("crossover", path=Path(sys.executable).parent) or "crossover", "etl", str(tweets)]
    command += ["--popular", str(SHIPPED_TAGS), "--store", f"sqlite:///{folder}/store.db", "--json"]
    command += ["--keep", str(folder / "kept"), *options]
    started = monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        peak, cpu = _watched(process)
        output = process.communicate()[0]
    wall = monotonic() - started
    if process.returncode:
        raise SystemExit(process.returncode)
    report = json.loads(output)
    return LoadFigures(
        tweets=report["valid"],
        added=added,
        input_bytes=tweets.stat().st_size,
        **{f"{part}_s": seconds for part, seconds in report["seconds"].items()},
        wall_s=wall,
        cpu_s=cpu,
        peak_bytes=peak,
        store_bytes=report["store_bytes"],
        kept_bytes=sum(path.stat().st_size for path in (folder / "kept").iterdir()),
    )


def _watched(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Return the most memory that the process and its descendants held together, and their CPU time in seconds.

    Memory is sampled, and is 0 where there is no /proc. So is the time of a JVM, which its parent does not wait for;
    all other processes are counted to their end.
    """
    before = _ended_children_seconds()
    peak, sampled = 0, 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_resident, _family(process.pid))))
        sampled = max(sampled, cpu_seconds(process.pid))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    return peak, max(sampled, _ended_children_seconds() - before)


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
