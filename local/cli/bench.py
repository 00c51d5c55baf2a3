"""`crossover bench`: measure, and show what every benchmark takes beside what it may take."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from local.measure.microbench.measure import Bench, BenchResult

PURPOSES = (
    "local.measure.microbench.qrcode",
    "local.measure.microbench.blockchain",
    "local.measure.microbench.server",
    "local.measure.microbench.twitter",
)
"""The modules that have benchmarks, as `BENCHES`."""


def all_benches() -> list[Bench]:
    """Return the benchmarks of all purposes."""
    return [bench for purpose in PURPOSES for bench in import_module(purpose).BENCHES]


def add_to(app: typer.Typer) -> None:
    """Register `bench`."""
    app.command()(bench)


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only benchmarks with this in their names.")
    ] = None,
    as_json: Json = False,
    strict: Annotated[bool, typer.Option(help="Exit with status 1 if a limit is missed.")] = False,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds to measure; medians are of these.")] = 25,
) -> None:
    """Measure the services, in CPU time and in units that mean the same on every machine."""
    from rich.progress import track

    from local.measure.microbench.measure import measure, with_baselines

    benches = all_benches()
    chosen = [bench for bench in benches if not names or any(name in bench.name for name in names)]
    if not chosen:
        raise UserError(f"no benchmark has such a name; there are: {', '.join(bench.name for bench in benches)}")
    progress = measure(with_baselines(chosen, benches), rounds)
    *_, results = track(progress, "Measuring", total=rounds, console=stderr, transient=True)
    misses = [miss for result in results for miss in result.misses]
    if as_json:
        print_json(_as_data(results, misses))
    else:
        console.print(_table(results))
        for miss in misses:
            console.print(f"[red]missed:[/red] {miss}")
    if strict and misses:
        raise typer.Exit(1)


def _table(results: Sequence[BenchResult]) -> Table:
    from rich.table import Table

    from local.measure.microbench.measure import UNIT

    table = Table(
        title="Cost of one call",
        caption=f"Medians of {results[0].rounds} rounds of CPU time on {_interpreter()}.\nOne unit is {UNIT}.",
    )
    table.add_column("Benchmark", no_wrap=True)
    for heading in ("CPU us", "least us", "units", "times faster"):
        table.add_column(heading, justify="right")
    for result in results:
        bench = result.bench
        colour = "red" if result.misses else "green" if _is_limited(bench) else ""
        units, times = f"{result.units:,.1f}", "" if result.times is None else _times(result.times)
        table.add_row(
            bench.name,
            f"{result.microseconds:,.2f}",
            f"{result.microseconds_min:,.2f}",
            units if bench.limit_units is None else f"{units} of {bench.limit_units:g}",
            times if bench.limit_times is None else f"{times}, at least {bench.limit_times:.3g}",
            style=colour,
        )
    return table


def _as_data(results: Sequence[BenchResult], misses: list[str]) -> dict[str, Any]:
    from local.measure.microbench.measure import UNIT

    return {
        "unit": UNIT,
        "interpreter": _interpreter(),
        "benchmarks": [
            {
                "name": result.bench.name,
                "rounds": result.rounds,
                "calls": result.calls,
                "cpu_us": round(result.microseconds, 3),
                "cpu_us_min": round(result.microseconds_min, 3),
                "units": round(result.units, 2),
                "limit_units": result.bench.limit_units,
                "baseline": result.bench.baseline,
                "times_faster": None if result.times is None else round(result.times, 2),
                "limit_times_faster": result.bench.limit_times,
            }
            for result in results
        ],
        "missed": misses,
    }


def _times(times: float) -> str:
    return f"{times:,.1f}" if times >= 10 else f"{times:.2f}"


def _is_limited(bench: Bench) -> bool:
    return bench.limit_units is not None or bench.limit_times is not None


def _interpreter() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} ({platform.machine()})"
