"""A comparison as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from local.measure.results import Result

SHOWN = ("128", "512", "1769")
"""Memory sizes, in MB."""


def draw(result: Result) -> Iterator[RenderableType]:
    """Its tables, out of its data alone."""
    data = result.data
    containers = data.get("container", {})
    if containers:
        yield _measured(data)
    rounds = data.get("rounds")
    if rounds and rounds["done"]:
        open_figures = len(rounds["unsettled"])
        settled = f"; {open_figures} figures spread more than {rounds['bound']:.0%}" if open_figures else ""
        yield f"{rounds['done']} rounds in {rounds['seconds']:g} s, ended by: {rounds['ended']}{settled}"
        yield data.get("placing", "")
    void = sum(len(each["void"]) for each in containers.values())
    if void:
        yield f"{void} loads were void and were repeated at a lower rate"
    for service, mark in data.get("calibrated", {}).items():
        yield f"{service}: durations at {', '.join(mark['memory'])} MB from {mark['lines']:,} lines of {mark['file']}"


def _measured(data: Mapping[str, Any]) -> Table:
    """A column for each service and for the mix."""
    names = list(data["container"])
    table = Table(title="Measured: medians (lowest to highest run)", box=None, pad_edge=False)
    for heading in ("", *names):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=not heading)
    containers = [data["container"][name] for name in names]
    functions = [data.get("lambda", {}).get(name, {}) for name in names]
    table.add_row(
        "right answers", *(f"{a['right'] + b.get('right', 0):,}" for a, b in zip(containers, functions, strict=True))
    )
    table.add_row("container: CPU us", *(_spread(each["cpu_us"]) for each in containers))
    table.add_row("requests/s/vCPU", *(f"{1e6 / (each['cpu_us']['median'] or 1):,.0f}" for each in containers))
    table.add_row(
        "p99 ms (at /s)",
        *(
            f"{each['latency_ms']['p99']:.2f} ({each['rate']:,.0f})" if "p99" in each["latency_ms"] else "-"
            for each in containers
        ),
    )
    table.add_row("peak MB", *(f"{each['peak_mb']:.0f}" for each in containers))
    table.add_row("Lambda: CPU ms", *(_spread(each.get("cpu_ms")) for each in functions))
    for part in ("handler", "adapter", "runtime"):
        parts = (each.get("split_ms", {}).get(part) for each in functions)
        table.add_row(f"  of it {part}", *(f"{each['median']:.3g}" if each else "" for each in parts))
    for size in SHOWN:
        durations = (each.get("memory", {}).get(size, {}).get("duration_ms") for each in functions)
        table.add_row(f"ms with {int(size):,} MB", *map(_spread, durations))
    table.add_row("INIT ms", *(_spread(each.get("init_ms")) for each in functions))
    return table


def _spread(spread: Mapping[str, float] | None) -> str:
    if not spread:
        return ""
    range_ = f" ({spread['low']:.3g}-{spread['high']:.3g})" if spread["runs"] > 1 else ""
    return f"{spread['median']:.3g}{range_}"
