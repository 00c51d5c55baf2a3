"""The cheapest deployment at every rate as a picture: an SVG by itself, or a page for a phone or a wide screen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from local.errors import UserError
from local.files import write_atomically

COLOURS = {
    "Lambda": ("#d9480f", "#ff922b"),
    "ECS": ("#1971c2", "#4dabf7"),
    "EKS on Fargate": ("#0b7285", "#3bc9db"),
    "EKS": ("#2b8a3e", "#69db7c"),
}
"""On light and on dark paper, by what a deployment's name begins with; the longer beginning wins."""
WIDE, NARROW = (860, 460), (360, 400)
LEFT, RIGHT, TOP, BOTTOM = 58, 18, 40, 46
LABEL = 175
"""Room that a platform's name needs."""
NAMES = {"ECS": "ECS on Fargate", "EKS": "EKS on nodes"}
STYLE = """
.front{--ink:#1a2230;--soft:#586374;--grid:#dce1e8;--paper:#fff;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.front{--ink:#e6eaf0;--soft:#a3adbb;--grid:#303846;--paper:#12161d}}
.front text{fill:var(--ink)} .front .soft{fill:var(--soft)} .front .paper{fill:var(--paper)}
.front .grid{stroke:var(--grid)} .front .thin{stroke:var(--soft);opacity:.35;fill:none}
.front .line{fill:none;stroke-width:3.5;stroke-linecap:round}
.front .halo{stroke:var(--paper);stroke-width:4;paint-order:stroke;stroke-linejoin:round}
.front .budget{stroke:var(--ink);stroke-dasharray:5 4}
"""
PAGE_STYLE = """
:root{color-scheme:light dark;--ink:#1a2230;--soft:#586374;--grid:#dce1e8;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a3adbb;--grid:#303846;--paper:#12161d}}
body{margin:0 auto;padding:16px;max-width:900px;background:var(--paper);color:var(--ink);
font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.3rem;margin:.2em 0 .6em} svg{width:100%;height:auto;display:block} .narrow{display:none}
@media (max-width:620px){.wide{display:none}.narrow{display:block}}
.scroll{overflow-x:auto} table{border-collapse:collapse;font-size:.9rem;margin:1em 0}
th,td{text-align:left;padding:.35em .8em .35em 0;border-bottom:1px solid var(--grid);vertical-align:top}
td.number,th.number{text-align:right;white-space:nowrap}
"""


@dataclass(frozen=True)
class FrontStep:
    """The cheapest deployment at a rate."""

    rate: float
    hour: float
    name: str


@dataclass(frozen=True)
class Front:
    """What is drawn.

    Attributes:
        steps: The cheapest deployment at each rate, by rising rate.
        lines: The cost of each web tier at rates that it serves.
        budget: Dollars an hour, if there is a budget.
        marks: Deployments to point at, such as what was chosen.
    """

    title: str
    about: str
    steps: Sequence[FrontStep]
    lines: Sequence[Sequence[FrontStep]] = ()
    budget: float | None = None
    marks: Sequence[FrontStep] = ()


def refuse_other_names(path: Path) -> None:
    """Check a chart's name before anything is worked out.

    Raises:
        UserError: It is not one of a picture or a page.
    """
    if path.suffix not in (".svg", ".html"):
        raise UserError(f"{path}: the chart's name must end in .svg or .html")


def write(front: Front, path: Path, table: Sequence[Sequence[str]], sentences: Sequence[str]) -> None:
    """Write an SVG, or a page with the chart, the plans and the sentences.

    Raises:
        UserError: The file cannot be written.
    """
    text = svg(front, WIDE) if path.suffix == ".svg" else page(front, table, sentences)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text + "\n")
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None


def page(front: Front, table: Sequence[Sequence[str]], sentences: Sequence[str]) -> str:
    """Return a page of its own: no script, nothing fetched; phones have a narrow chart.

    Args:
        front: The chart.
        table: A head, whose columns of numbers begin with `>`, and rows.
        sentences: What is said below the chart.
    """
    head, *rows = table
    numbers = {at for at, cell in enumerate(head) if cell.startswith(">")}
    head = [cell.removeprefix(">") for cell in head]

    def line(cells: Sequence[str], tag: str) -> str:
        marked = (
            f"<{tag}{' class=number' if at in numbers else ''}>{escape(cell)}</{tag}>" for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>"

    said = "".join(f"<p>{escape(one)}</p>" for one in sentences if one)
    body = "".join(line(row, "td") for row in rows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(front.title)}</title><style>{PAGE_STYLE}</style></head>
<body><h1>{escape(front.title)}</h1><p>{escape(front.about)}</p>
<div class="wide">{svg(front, WIDE)}</div><div class="narrow">{svg(front, NARROW)}</div>
{said}<div class="scroll"><table><thead>{line(head, "th")}</thead><tbody>{body}</tbody>
</table></div></body></html>"""


def svg(front: Front, size: tuple[int, int]) -> str:
    """Return the chart: rates across and dollars an hour up, both by powers of ten."""
    drawing = _Drawing(front, *size)
    parts = "".join(drawing.parts())
    width, height = size
    return (
        f'<svg class="front" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(front.title)}"><style>{STYLE}</style>'
        f'<rect class="paper" width="{width}" height="{height}"/>{parts}</svg>'
    )


def _kind(name: str) -> str:
    return max((key for key in COLOURS if name.startswith(key)), key=len, default="EKS")


class _Drawing:
    def __init__(self, front: Front, width: int, height: int) -> None:
        self.front, self.width, self.height = front, width, height
        points = [*front.steps, *front.marks]
        hours = [point.hour for point in points if point.hour > 0] + [front.budget or 1]
        rates = [point.rate for point in points if point.rate > 0]
        self.rates = (math.log10(min(rates)), math.log10(max(rates) * 1.1))
        self.hours = (math.floor(math.log10(min(hours)) * 2) / 2, math.log10(max(hours) * 1.6))

    def x(self, rate: float) -> float:
        low, high = self.rates
        return LEFT + (math.log10(rate) - low) / (high - low) * (self.width - LEFT - RIGHT)

    def y(self, hour: float) -> float:
        low, high = self.hours
        return self.height - BOTTOM - (math.log10(hour) - low) / (high - low) * (self.height - TOP - BOTTOM)

    def parts(self) -> Iterator[str]:
        yield from self._axes()
        for line in self.front.lines:
            yield f'<polyline class="thin" points="{self._points(line)}"/>'
        yield from self._segments()
        if self.front.budget:
            y = self.y(self.front.budget)
            yield f'<line class="budget" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text class="halo" x="{LEFT + 6}" y="{y - 6:.1f}">budget ${self.front.budget:g} an hour</text>'
        for mark in self.front.marks:
            x, y = self.x(mark.rate), self.y(mark.hour)
            yield f'<path fill="#e03131" d="M{x:.1f} {y - 7:.1f}l7 7-7 7-7-7z"/>'
            yield f'<text class="halo" text-anchor="end" x="{x - 10:.1f}" y="{y - 8:.1f}">{escape(mark.name)}</text>'

    def _axes(self) -> Iterator[str]:
        bottom, right = self.height - BOTTOM, self.width - RIGHT
        yield f'<text class="soft" x="{LEFT}" y="20">$ an hour</text>'
        yield f'<text class="soft" text-anchor="end" x="{right}" y="{self.height - 8}">requests per second</text>'
        for power in range(math.ceil(self.rates[0]), math.floor(self.rates[1]) + 1):
            x = self.x(10**power)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>'
            yield f'<text class="soft" text-anchor="middle" x="{x:.1f}" y="{bottom + 18}">{10**power:,}</text>'
        for power in range(math.floor(self.hours[0]), math.floor(self.hours[1]) + 1):
            for step in (1, 3):
                hour = step * 10.0**power
                if not self.hours[0] <= math.log10(hour) <= self.hours[1]:
                    continue
                y = self.y(hour)
                yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
                yield f'<text class="soft" text-anchor="end" x="{LEFT - 8}" y="{y + 4:.1f}">{hour:g}</text>'

    def _segments(self) -> Iterator[str]:
        """Yield the front, in the colour of the platform that is cheapest, and its name where it first is."""
        steps, begin, labels = self.front.steps, 0, list[FrontStep]()
        for at in range(1, len(steps) + 1):
            if at < len(steps) and _kind(steps[at].name) == _kind(steps[begin].name):
                continue
            part = steps[begin : min(at + 1, len(steps))]
            light, dark = COLOURS[_kind(steps[begin].name)]
            colour = f'style="stroke:light-dark({light},{dark})" stroke="{light}"'
            yield f'<polyline class="line" {colour} points="{self._points(part)}"/>'
            if _kind(steps[begin].name) not in {_kind(step.name) for step in labels}:
                labels.append(steps[begin])
            begin = at
        floor = self.height - BOTTOM
        for step in labels:
            x, y = self.x(step.rate), self.y(step.hour)
            kind = _kind(step.name)
            begins = "" if step is steps[0] else f" from {step.rate:,.0f}/s"
            name = escape(NAMES.get(kind, kind) + begins)
            fits = x + LABEL < self.width - RIGHT
            place = f'x="{x + 8:.1f}"' if fits else f'text-anchor="end" x="{self.width - RIGHT}"'
            down = min(y + (26 if fits else 44), floor - 8)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill:var(--ink)"/>'
            yield f'<text class="halo" {place} y="{down:.1f}">{name}</text>'

    def _points(self, steps: Sequence[FrontStep]) -> str:
        shown = (step for step in steps if step.hour > 0 and math.log10(step.hour) <= self.hours[1])
        return " ".join(f"{self.x(step.rate):.1f},{self.y(step.hour):.1f}" for step in shown)
