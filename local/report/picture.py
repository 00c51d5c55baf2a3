"""The chart by itself, as a picture for a document: the same specification as the page's, drawn without a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost.crossings import cheapest_ranges
from local.cost.exact import HOURS_PER_MONTH
from local.cost.formulas import known
from local.cost.workload import ServiceWork
from local.errors import UserError
from local.measure.results import Result
from local.report import chart, sources
from local.report.summary import ComparedLines

WIDTH, HEIGHT = 820, 420
SCALE = 2.0
INK, SOFT, GRID, PAPER = "#1a2230", "#586374", "#dce1e8", "#ffffff"
AXIS = {"labelColor": SOFT, "titleColor": SOFT, "gridColor": GRID, "domainColor": GRID, "tickColor": GRID}
CONFIG: Mapping[str, Any] = {
    "background": PAPER,
    "font": "sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {**AXIS, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "point": {"fill": PAPER, "stroke": INK},
    "text": {"color": INK, "fontSize": 12},
    "rule": {"color": INK},
    "style": {"halo": {"stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round", "fontSize": 12}},
    "title": {"anchor": "start", "color": INK, "fontSize": 16, "subtitleColor": SOFT, "subtitleFontSize": 12},
    "legend": {"labelColor": INK, "labelFontSize": 12, "labelLimit": 300, "symbolSize": 400, "symbolStrokeWidth": 2.5},
}


def draw(result: Result, compared: Sequence[ComparedLines], path: Path) -> None:
    """Draw the lines of the mix, or of the only service.

    Raises:
        UserError: The name is not one of a picture, or the file cannot be written.
    """
    import vl_convert

    if path.suffix not in (".svg", ".png"):
        raise UserError(f"{path}: the picture's name must end in .svg or .png")
    drawn = specification(result, compared[-1])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".svg":
            path.write_text(vl_convert.vegalite_to_svg(drawn) + "\n")
        else:
            path.write_bytes(vl_convert.vegalite_to_png(drawn, scale=SCALE))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None


def specification(result: Result, compared: ComparedLines) -> dict[str, Any]:
    """Return the whole specification, data and all."""
    names = {key: line.name for key, line in compared.lines.items()}
    spec = chart.spec(names, y_title="$ a month", max_rate=int(compared.max_rate), legend=True)
    lines = list(compared.lines.values())
    shares = ", ".join(f"{float(share):.3g} % {workload.name}" for workload, share in _percent(compared))
    return {
        **spec,
        "width": WIDTH,
        "height": HEIGHT,
        "config": CONFIG,
        "padding": 12,
        "title": {
            "text": "Where the cost lines cross",
            "subtitle": [f"{shares}; web tier, storage left out; {sources.day(result)} UTC, {result.command}"],
        },
        "datasets": {
            "lines": [point for line in lines for point in chart.points_of(line.name, line.pieces, chart.MIN_RATE)],
            "marks": _marks(compared),
            "here": [],
        },
    }


def _percent(compared: ComparedLines) -> list[tuple[ServiceWork, Fraction]]:
    return [(workload, known(share) * 100) for workload, share in compared.mix.shares]


def _marks(compared: ComparedLines) -> list[dict[str, Any]]:
    """Return where the cheapest platform changes, and where the first line crosses each other one first."""
    lines = list(compared.lines.values())
    changes = [(piece.start, piece.at(piece.start)) for piece in cheapest_ranges(lines)[1:]]
    changes += [(first[0].rate, first[0].cost) for first in compared.crossings.values() if first]
    return [
        {"rate": float(rate), "cost": float(cost * HOURS_PER_MONTH), "text": f"{float(rate):,.3g}/s"}
        for rate, cost in dict(changes).items()
    ]
