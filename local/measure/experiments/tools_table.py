"""The table of the blockchain service's tools, drawn from its result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.table import Table


def draw(data: dict[str, Any]) -> Iterator[Table]:
    """One row for each tool, by the steps of a request."""
    table = Table(
        title="Tools for the blockchain service; * is the one in use",
        caption="Median CPU of a call over the real requests, and units of one SHA-256 of 60 bytes;\n"
        "CPU of the first import; MB of the package as it is installed here, and zipped;\n"
        "bytes that an answer has before base64.",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for heading in ("Step", "Tool"):
        table.add_column(heading, no_wrap=True)
    for heading in ("us", "units", "import", "MB", "zip", "bytes"):
        table.add_column(heading, justify="right")
    for row in rows(data["tools"]):
        table.add_row(*row)
    yield table


def rows(found: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The table's rows: the chosen tool of a step is marked."""
    return [
        (
            row["step"],
            ("* " if row["chosen"] else "  ") + row["tool"],
            f"{row['cpu_us']:.2f}",
            f"{row['units']:.1f}",
            f"{row['import_ms']:.1f}" if row["import_ms"] else "",
            f"{row['installed_mb']:.2f}" if row["installed_mb"] else "",
            f"{row['zipped_mb']:.2f}" if row["zipped_mb"] else "",
            "" if row["bytes"] is None else str(row["bytes"]),
        )
        for row in found
    ]
