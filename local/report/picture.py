"""The chart by itself, as a picture for a document: the same specification as the page's, drawn without a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost.crossings import cheapest_ranges
from local.cost.work import Work
from local.errors import UserError
from local.measure.results import Result
from local.report import chart, sources
from local.report.summary import Compared

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


def draw(compare: Result, compared: Sequence[Compared], path: Path) -> None:
    """Draws the lines of the mix, or of the only service. Raises `UserError` for a name that is no picture's."""
    import vl_convert

    if path.suffix not in (".svg", ".png"):
        raise UserError(f"{path}: the picture's name must end in .svg or .png")
    drawn = specification(compare, compared[-1])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".svg":
            path.write_text(vl_convert.vegalite_to_svg(drawn) + "\n")
        else:
            path.write_bytes(vl_convert.vegalite_to_png(drawn, scale=SCALE))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None


def specification(compare: Result, one: Compared) -> dict[str, Any]:
    """The whole specification, data and all."""
    names = {key: line.name for key, line in one.lines.items()}
    spec = chart.spec(names, y_title="$ an hour", top=int(one.top), legend=True)
    lines = list(one.lines.values())
    shares = ", ".join(f"{float(share):.3g} % {work.name}" for work, share in _percent(one))
    return {
        **spec,
        "width": WIDTH,
        "height": HEIGHT,
        "config": CONFIG,
        "padding": 12,
        "title": {
            "text": "Where the cost lines cross",
            "subtitle": [f"{shares}; web tier, storage left out; {sources.day(compare)} UTC, {compare.command}"],
        },
        "datasets": {
            "lines": [point for line in lines for point in chart.points_of(line.name, line.pieces, chart.FROM_RATE)],
            "marks": _marks(one),
            "here": [],
        },
    }


def _percent(one: Compared) -> list[tuple[Work, Fraction]]:
    return [(work, share * 100) for work, share in one.mix.shares]


def _marks(one: Compared) -> list[dict[str, Any]]:
    """Where the cheapest platform changes, and where the first line crosses each other one for the first time."""
    lines = list(one.lines.values())
    changes = [(piece.start, piece.at(piece.start)) for piece in cheapest_ranges(lines)[1:]]
    changes += [(found[0].rate, found[0].cost) for found in one.crossings.values() if found]
    return [
        {"rate": float(rate), "cost": float(cost), "text": f"{float(rate):,.3g}/s"}
        for rate, cost in dict(changes).items()
    ]
