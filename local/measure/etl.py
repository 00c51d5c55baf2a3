"""`make bench-etl`: time, processor time and memory of the ETL, as the input grows tenfold and tenfold again."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

import typer
from rich.table import Column, Table

from local.console import console, print_json, stderr
from local.data.etl.popular import SHIPPED_TAGS, read_popular
from local.data.tweets.files import write_tweets

SEED = 1


def bench(
    sizes: list[int] = typer.Argument(None, help="Valid tweets [default: 10000 100000 1000000]."),  # noqa: B008
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    """Time `crossover etl` from plain files of synthetic tweets to a SQLite store; packing is part of the load."""
    results = [_measure(size) for size in sizes or [10_000, 100_000, 1_000_000]]
    if as_json:
        print_json(results)
        return
    table = Table(
        Column("tweets", no_wrap=True),
        "input MB",
        "parse s",
        "relate s",
        "load s",
        "wall s",
        "CPU s",
        "peak MB",
        "store MB",
    )
    for row in results:
        sizes_mb = {name: f"{row[name] / 1e6:,.0f}" for name in ("input_bytes", "peak_bytes", "store_bytes")}
        times = [f"{row[name]:.1f}" for name in ("parse_s", "relate_s", "load_s", "wall_s", "cpu_s")]
        table.add_row(
            f"{row['valid']:,.0f}", sizes_mb["input_bytes"], *times, sizes_mb["peak_bytes"], sizes_mb["store_bytes"]
        )
    console.print(table)


def _measure(size: int) -> dict[str, float]:
    import json

    popular = Path(str(SHIPPED_TAGS))
    with tempfile.TemporaryDirectory() as folder:
        tweets = Path(folder) / "tweets.json"
        stderr.print(f"making {size:,} tweets", highlight=False)
        write_tweets(size, SEED, sorted(read_popular(popular)), tweets)
        stderr.print(f"loading {size:,} tweets", highlight=False)
        command = [shutil.which("crossover", path=Path(sys.executable).parent) or "crossover", "etl", str(tweets)]
        command += ["--popular", str(popular), "--store", f"sqlite:///{folder}/store.db", "--json"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            peak = _peak(process)
            output = process.communicate()[0]
        wall, after = monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise SystemExit(process.returncode)
        report = json.loads(output)
        return {
            "valid": report["valid"],
            "input_bytes": tweets.stat().st_size,
            **{f"{name}_s": seconds for name, seconds in report["seconds"].items()},
            "wall_s": wall,
            "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "peak_bytes": peak,
            "store_bytes": report["store_bytes"],
        }


def _peak(process: subprocess.Popen[bytes]) -> int:
    """Return the most memory that the process and its workers held together, sampled; 0 where there is no /proc."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_resident(pid) for pid in _family(process.pid)))
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    return peak


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
