"""The figures of the image, as tables."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from local.console import console


def show(figures: dict[str, Any]) -> None:
    """Print what was measured."""
    size = Table("part of the image", "MB", title="Image")
    size.add_row("the base", _mb(figures["base_bytes"]))
    for layer in figures["layers"]:
        size.add_row(layer["step"].removeprefix("/bin/sh -c #(nop) ").strip(), _mb(layer["bytes"]))
    size.add_row("all", _mb(figures["bytes"]))
    console.print(size)
    if not figures["pods"]:
        return
    requests = figures["pods"][0]["requests"]
    pods = Table(
        *("services", "start s", "CPU s", "RSS", "RSS then", "RSS peak", "group then", "group peak"),
        title=f"Pods, --memory 256m --cpus 1; MB of memory, idle and then after {requests:,} requests",
        caption="start: the fastest, from docker run to the first 200 of /readyz, and the least CPU time of one; "
        "group: the control group, with the pages of files that it read first",
    )
    for pod in figures["pods"]:
        idle, loaded = pod["idle"], pod["loaded"]
        start = (_least(pod["starts"], "seconds"), _least(pod["starts"], "cpu_seconds"))
        memory = (idle["rss"], *(loaded[name] for name in ("rss", "peak_rss", "group", "group_peak")))
        pods.add_row(pod["services"], *start, *map(_mb, memory))
    console.print(pods)


def _least(starts: list[dict[str, Any]], name: str) -> str:
    known = [start[name] for start in starts if start[name] is not None]
    return f"{min(known):.2f}" if known else ""


def _mb(size: int | None) -> str:
    return "" if size is None else f"{size / 2**20:.1f}"
