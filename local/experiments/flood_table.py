"""The table of the flood, drawn from its result alone."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE
from rich.table import Table


def draw(config: dict[str, Any], data: dict[str, Any]) -> Table:
    """One row for each way to compute, before and during the flood."""
    cores = "one core" if config["one_core"] else "any core"
    table = Table(
        title=f"{config['rate']:g} QR codes/s from one worker on {cores}, alone | with {config['flood']:g} blocks/s "
        "that nobody can mine",
        caption="Medians of the rounds. p50, p99: ms from the planned moment; right: QR codes answered right in the "
        "flood; mined: blocks tried to the last attempt; 503: blocks refused or out of time; cores: CPU of the server",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for name in ("computing", "p50", "p99", "p50", "p99", "right", "mined/s", "503/s", "cores"):
        table.add_column(name, justify="left" if name == "computing" else "right")
    for way, found in data.items():
        quiet, flooded, flood = found["quiet"], found["flooded"], found["flood"]
        seconds = flood["asked"] / config["flood"]
        table.add_row(
            way,
            *(_ms(part[name]) for part in (quiet, flooded) for name in ("p50_ms", "p99_ms")),
            f"{flooded['right']:g}/{flooded['asked']:g}",
            *(f"{flood[name] / seconds:.1f}" for name in ("right", "unavailable")),
            f"{flooded['server_cores']:.2f}",
        )
    return table


def _ms(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
