"""The summary on the terminal: for each service and for the mix, which platform is cheapest where, and what a million
right answers cost there. Exact, by the cost model itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from local.cost import files
from local.cost.crossings import Crossing, cheapest_ranges, crossings
from local.cost.exact import MILLION, SECONDS_PER_HOUR, dollars
from local.cost.exact import plain as digits
from local.cost.lines import Line, Piece, line_of
from local.cost.work import Mix
from local.measure.results import Result
from local.report import measured, works

if TYPE_CHECKING:
    from rich.console import Console

MIX = "mix"
DIGITS = 4


@dataclass(frozen=True)
class Compared:
    """The cost lines of one service, or of the mix, up to a rate."""

    name: str
    mix: Mix
    lines: Mapping[str, Line]
    """By the configurations' names, the first of them the one that the others are held against."""
    top: Fraction
    right: Mapping[str, Fraction | None]
    """The share of right answers on the platform of each line; None where no run counted them."""

    @property
    def ranges(self) -> Sequence[Piece]:
        """Which line is the cheapest where."""
        return cheapest_ranges(list(self.lines.values()))

    @property
    def crossings(self) -> dict[str, list[Crossing]]:
        """Where the first line crosses each other one."""
        first, *others = self.lines.values()
        return {other.name: crossings(first, other) for other in others}

    def million(self, name: str, rate: Fraction) -> Fraction | None:
        """Dollars for a million requests that are answered right, at that rate; without a count, for any million."""
        cost = self._line(name).at(rate)
        return None if cost is None else cost / (rate * SECONDS_PER_HOUR) * MILLION / (self.right[name] or 1)

    def _line(self, name: str) -> Line:
        return next(line for line in self.lines.values() if line.name == name)


def lines_of(compare: Result, top: int, names: Sequence[str] = works.SHOWN) -> list[Compared]:
    """The named configurations' lines of every service of a result, and of the mix where there is one.

    They go up to `top` requests/s.
    """
    from rich.progress import Progress

    from local.console import stderr

    found = works.works_of(compare)
    weights = works.weights_of(compare, found)
    mixes = {name: Mix.of([(work, Fraction(1))]) for name, work in found.items()}
    if len([weight for weight in weights.values() if weight]) > 1:
        mixes[MIX] = Mix.of([(found[name], weight) for name, weight in weights.items()])
    configurations = {name: files.configuration(name) for name in names}
    book, counted, result = files.price_book(), measured.right(compare.data), []
    choices = sum(len(one.choices) for one in configurations.values())
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task("drawing lines", total=choices * len(mixes))
        for name, mix in mixes.items():
            lines, right = {}, {}
            for key, one in configurations.items():
                lines[key] = line_of(one, mix, book, Fraction(top), progress=lambda: progress.advance(task))
                right[one.name] = _right(counted["lambda" if one.choices[0].on_lambda else "container"], mix)
            result.append(Compared(name, mix, lines, Fraction(top), right))
    return result


def _right(counted: Mapping[str, Mapping[str, float]], mix: Mix) -> Fraction | None:
    if any(work.name not in counted for work, _ in mix.shares):
        return None
    return mix.mean(lambda work: Fraction(int(counted[work.name]["right"]), int(counted[work.name]["asked"])))


def plain(compare: Result, compared: Sequence[Compared]) -> dict[str, Any]:
    """The summary as plain data."""
    from local.cost import views

    return {
        "measured": {"at": compare.at, "command": compare.command, "commit": compare.commit},
        "services": [
            {
                "name": one.name,
                "work": one.mix.name,
                "up_to": views.number(one.top),
                "cheapest": [
                    {
                        "over": views.number(piece.start),
                        "up_to": views.number(piece.until),
                        "name": piece.label,
                        "million_right": views.number(one.million(piece.label, piece.until)),
                    }
                    for piece in one.ranges
                ],
                "crossings": [
                    {"with": name, "at": [views.crossing(each) for each in found]}
                    for name, found in one.crossings.items()
                ],
            }
            for one in compared
        ],
    }


def show(console: Console, compare: Result, compared: Sequence[Compared]) -> None:
    """Prints the summary."""
    from rich.table import Table
    from rich.text import Text

    from local.report.sources import day

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), title_justify="left")
    table.title = f"The cheapest platform, as measured on {day(compare)} UTC"
    for column in ("of", "over requests/s", "up to", "platform", "$/hour there", "$/million right there"):
        left = column in ("of", "platform")
        table.add_column(column, justify="left" if left else "right", no_wrap=left)
    for one in compared:
        for at, piece in enumerate(one.ranges):
            line = next(line for line in one.lines.values() if line.name == piece.label)
            million = one.million(piece.label, piece.until)
            table.add_row(
                Text("" if at else one.name, style="bold"),
                digits(piece.start, DIGITS),
                digits(piece.until, DIGITS),
                Text(piece.label),
                dollars(line.at(piece.until) or Fraction(0)),
                "" if million is None else dollars(million),
            )
        table.add_section()
    console.print(table)
    for one in compared:
        first = next(iter(one.lines.values())).name
        places = [
            f"{name} at {', '.join(digits(each.rate, DIGITS) for each in found)}"
            for name, found in one.crossings.items()
            if found
        ]
        told = "; ".join(places) or f"nowhere up to {digits(one.top)} requests/s"
        console.print(Text(f"{one.name}: {first} crosses {told}."), soft_wrap=True)
