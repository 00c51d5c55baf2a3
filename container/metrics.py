"""Figures in the text format that Prometheus reads (version 0.0.4)."""

from __future__ import annotations

from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(prefix: str, figures: NamedTuple, gauges: frozenset[str], labels: str = "") -> str:
    """One metric for each field of `figures`: a gauge where its name is in `gauges`, else a counter, named `_total`.

    `labels` is what stands between braces, `service="twitter"` for instance.
    """
    lines = []
    for field, value in figures._asdict().items():
        kind, ending = ("gauge", "") if field in gauges else ("counter", "_total")
        name = f"{prefix}_{field}{ending}"
        lines += [f"# TYPE {name} {kind}", f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"]
    return "".join(line + "\n" for line in lines)
