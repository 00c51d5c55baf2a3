"""The table of the flood, drawn from its result alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table


def draw(config: dict[str, Any], data: dict[str, Any]) -> Iterator[RenderableType]:
    """One row for each way to compute, before and during the flood, and then what is void and why."""
    cores = "one core" if config["one_core"] else "any core"
    table = Table(
        title=f"{config['rate']:g} QR codes/s from one worker on {cores}, alone | with {config['flood']:g} blocks/s "
        "that nobody can mine",
        caption="Medians of the rounds. p50, p99: ms from the planned moment; right: QR codes answered right in the "
        "flood; mined: blocks tried to the last attempt; 503: blocks refused or out of time; cores: CPU of the server"
        + ("; *: of rounds that are void in part" if data["void"] else ""),
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for name in ("computing", "p50", "p99", "p50", "p99", "right", "mined/s", "503/s", "cores"):
        table.add_column(name, justify="left" if name == "computing" else "right")
    for way, found in data["ways"].items():
        quiet, flooded, flood = found["quiet"], found["flooded"], found["flood"]
        seconds = flood["asked"] / config["flood"]
        table.add_row(
            way,
            *(
                _ms(part[name], void=part["void_rounds"] > 0)
                for part in (quiet, flooded)
                for name in ("p50_ms", "p99_ms")
            ),
            f"{flooded['right']:g}/{flooded['asked']:g}",
            *(f"{flood[name] / seconds:.1f}" for name in ("right", "unavailable")),
            f"{flooded['server_cores']:.2f}",
        )
    yield table
    yield from (f"void: {reason}" for reason in data["void"])


def _ms(value: float | None, *, void: bool) -> str:
    return ("none" if value is None else f"{value:.2f}") + "*" * void
