"""The live table of `crossover lambda`, in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

REFRESH_SECONDS = 0.5


def table(summary: dict[str, Any], address: str) -> Group:
    """Draw the emulator's figures as a table, under the address that they belong to."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("function")
    counts = ("init", "busy", "ready", "invocations", "cold", "throttled", "errors")
    for column in (*counts, "p50 ms", "p99 ms", "GB-s", "peak MB"):
        drawn.add_column(column, justify="right")
    for function in summary["functions"]:
        states = function["states"]
        drawn.add_row(
            function["name"],
            _count(states["init"], "yellow"),
            _count(states["busy"], "blue"),
            _count(states["ready"], "green"),
            str(function["invocations"]),
            str(function["cold_starts"]),
            _count(function["throttles"], "red"),
            _count(function["errors"], "red"),
            _number(function["p50_ms"]),
            _number(function["p99_ms"]),
            f"{function['billed_gb_s']:.4f}",
            str(function["peak_mb"]),
        )
    head = Text.assemble((address, "bold"), f" as {summary['source']}; {address}/_lambda shows the same")
    return Group(head, Text(summary["note"], style="dim"), Text(), drawn)


def _count(value: int, colour: str) -> Text:
    return Text(str(value), style=colour if value else "dim")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
