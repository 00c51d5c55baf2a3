"""The tables of `web-tier` and `cold-start`, drawn from their results alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table


def web_tier(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Every variant, and each change before and after."""
    table = _table("The web tier: medians (lowest to highest round)", ("variant",), (*COLUMNS, "peak MB", "refused"))
    for row in data["variants"]:
        cells = [_spread(row[name]) for name in ("capacity", "cpu_us", "p99_ms")]
        table.add_row(row["variant"], *cells, f"{row['peak_mb']:.0f}", f"{row['refused']:,}")
    yield table
    changes = _table("One change at a time, before to after", ("change",), (*COLUMNS, "reported"))
    for row in data["changes"]:
        cells = [
            _change(row[f"{name}_before"], row[f"{name}_after"], digits)
            for name, digits in (("capacity", 0), ("cpu_us", 0), ("p99_ms", 2))
        ]
        changes.add_row(row["change"], *cells, row["reported"].partition(" (")[0] or "-")
    yield changes
    yield f"base: {data['base']}"
    yield f"requests/s in a closed loop; CPU and p99 at {data['open_loop_rate']:,.0f} requests/s; {data['placing']}"
    if data["void"]:
        yield f"Rates and latencies of {len(data['void'])} loads mean little: {data['void'][0]}"


WAYS = ("on_demand", "pinged", "provisioned")
COLUMNS = ("requests/s", "CPU us", "p99 ms")


def cold_start(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Packages, memory and traffic."""
    headings = ("INIT ms", "CPU ms", "first answer ms", "kB in all")
    packages = _table("INIT by package", ("service", "package"), headings)
    for row in data["packages"]:
        cells = [_spread(row[name]) for name in ("init_ms", "init_cpu_ms", "first_answer_ms")]
        size = f"{row['code_kb'] + row['layers_kb']:,.0f}"
        packages.add_row(row["service"], row["package"], *cells, size)
    yield packages
    memory = _table("The first answer by memory", ("service",), ("MB", "INIT ms", "first answer ms", "warm ms"))
    for row in data["memory"]:
        cells = [_spread(row[name]) for name in ("init_ms", "first_answer_ms", "warm_ms")]
        memory.add_row(row["service"], f"{row['memory_mb']:,}", *cells)
    yield memory
    title = "Requests that wait for INIT, and dollars an hour"
    traffic = _table(title, ("service",), ("one every", "on demand", "pinged", "provisioned"))
    for row in data["traffic"]:
        ways = (f"{row[f'cold_{way}']:.3%}  ${row[f'dollars_an_hour_{way}']:.6f}" for way in WAYS)
        traffic.add_row(row["service"], _interval(1 / row["requests_per_second"]), *ways)
    yield traffic


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, box=None, pad_edge=False, title_justify="left")
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _spread(spread: Mapping[str, float] | None) -> str:
    if not spread:
        return "-"
    median = f"{spread['median']:,.0f}" if spread["median"] >= 100 else f"{spread['median']:.3g}"
    if spread["runs"] == 1:
        return median
    low, high = (f"{spread[end]:,.0f}" if spread[end] >= 100 else f"{spread[end]:.3g}" for end in ("low", "high"))
    return f"{median} ({low}-{high})"


def _change(before: float | None, after: float | None, digits: int) -> str:
    if before is None or after is None:
        return "-"
    return f"{before:,.{digits}f} to {after:,.{digits}f}"


def _interval(seconds: float) -> str:
    if seconds >= 60:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds:,.0f} s" if seconds >= 1 else f"{seconds * 1000:,.0f} ms"
