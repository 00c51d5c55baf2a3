"""Money against p99 as a picture: one line for each platform, on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from local.errors import UserError
from local.files import write_atomically

COLOURS = {
    "Lambda": "#e8590c",
    "ECS on Fargate": "#1c7ed6",
    "EKS on Fargate": "#1098ad",
    "EKS on nodes": "#2f9e44",
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 140, 20, 50
STYLE = """svg{font:13px system-ui,sans-serif;background:#fff}text{fill:#1a2230}.grid{stroke:#dce1e8}
.level{stroke:#a3281e;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){svg{background:#12161d}text{fill:#e6eaf0}.grid{stroke:#303846}}"""


def draw(lines: Mapping[str, Sequence[tuple[float, float]]], p99: float, path: Path) -> None:
    """Write the picture of points of dollars a day and p99 in ms, by platform.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        write_atomically(path, picture(lines, p99))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}; name another file with --output") from None


def picture(lines: Mapping[str, Sequence[tuple[float, float]]], p99: float) -> str:
    """Return the picture as SVG."""
    points = [point for line in lines.values() for point in line if min(point) > 0]
    x_from, x_to = _decades([day for day, _ in points])
    y_from, y_to = _decades([*(latency for _, latency in points), p99])

    def x(day: float) -> float:
        return LEFT + (math.log10(day) - x_from) / (x_to - x_from) * (WIDTH - LEFT - RIGHT)

    def y(latency: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(latency) - y_from) / (y_to - y_from) * (HEIGHT - TOP - BOTTOM)

    label = 'role="img" aria-label="Dollars a day against p99"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {label}><style>{STYLE}</style>']
    for power in range(x_from, x_to + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">${10.0**power:g}</text>')
    for power in range(y_from, y_to + 1):
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>')
    level = y(p99)
    parts.append(f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}"/>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">dollars a day</text>')
    for at_line, (name, line) in enumerate(lines.items()):
        colour = COLOURS.get(name, "#8a8f98")
        places = [(x(day), y(latency)) for day, latency in line if day > 0 and latency > 0]
        path = " ".join(f"{'M' if not at else 'L'}{one:.1f} {two:.1f}" for at, (one, two) in enumerate(places))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
        parts += [f'<circle cx="{one:.1f}" cy="{two:.1f}" r="4" fill="{colour}"/>' for one, two in places]
        height = TOP + 14 + 20 * at_line
        parts.append(f'<circle cx="{WIDTH - RIGHT + 14}" cy="{height - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 25}" y="{height}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around the values."""
    low = math.floor(math.log10(min(values, default=1.0)))
    high = math.ceil(math.log10(max(values, default=1.0)))
    return low, max(high, low + 1)
