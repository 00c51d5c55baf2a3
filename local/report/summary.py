"""The summary on the terminal: which platform is cheapest where, and what a million right answers cost there.

For each service and for the mix. Exact, by the cost model itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from local.cost import files
from local.cost.configuration import DEFAULT_REGION
from local.cost.crossings import Crossing, cheapest_ranges, crossings
from local.cost.exact import HOURS_PER_MONTH, MILLION, SECONDS_PER_HOUR, dollars
from local.cost.exact import plain as digits
from local.cost.formulas import known
from local.cost.lines import Line, Piece, line_of
from local.cost.workload import Mix
from local.errors import UserError
from local.measure.comparison.result import Comparison
from local.measure.comparison.workloads import weights_of, workloads_of
from local.measure.results import Result
from local.report.configurations import DRAWN, in_region
from local.report.measured import RightAnswers, right_answers

if TYPE_CHECKING:
    from rich.console import Console

MIX = "mix"
SIGNIFICANT_DIGITS = 4


@dataclass(frozen=True)
class ComparedLines:
    """The cost lines of one service, or of the mix, up to a rate."""

    name: str
    mix: Mix
    lines: Mapping[str, Line]
    """By the configurations' names, the first of them the one that the others are compared with."""
    max_rate: Fraction
    right: Mapping[str, Fraction | None]
    """The share of right answers on the platform of each line; None where no run counted them."""

    @property
    def ranges(self) -> Sequence[Piece]:
        """Return which line is the cheapest where."""
        return cheapest_ranges(list(self.lines.values()))

    @property
    def crossings(self) -> dict[str, list[Crossing]]:
        """Return where the first line crosses each other one."""
        first, *others = self.lines.values()
        return {other.name: crossings(first, other) for other in others}

    def million(self, name: str, rate: Fraction) -> Fraction | None:
        """Return dollars for a million requests that are answered right at a rate; without a count, for any million."""
        cost = self._line(name).at(rate)
        return None if cost is None else cost / (rate * SECONDS_PER_HOUR) * MILLION / (self.right[name] or 1)

    def _line(self, name: str) -> Line:
        return next(line for line in self.lines.values() if line.name == name)


def lines_of(
    comparison: Comparison, max_rate: int, names: Sequence[str] = DRAWN, region: str | None = None
) -> list[ComparedLines]:
    """Return the named configurations' lines of every service of a comparison, and of the mix where there is one.

    They go up to `max_rate` requests/s. What cannot be priced in the region is left out.

    Raises:
        UserError: Fewer than two of them can be priced there.
    """
    from rich.progress import Progress

    from local.console import stderr

    named = workloads_of(comparison)
    weights = weights_of(comparison, named)
    mixes = {name: Mix.of([(workload, Fraction(1))]) for name, workload in named.items()}
    if len([weight for weight in weights.values() if weight]) > 1:
        mixes[MIX] = Mix.of([(named[name], weight) for name, weight in weights.items()])
    book, result = files.price_book(), []
    configurations, left_out = in_region(
        {name: files.configuration(name) for name in names}, region or DEFAULT_REGION, book, next(iter(mixes.values()))
    )
    if len(configurations) < 2:
        raise UserError(f"--region: fewer than two platforms can be priced: {'; '.join(left_out)}")
    for line in left_out:
        stderr.print(f"Left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    on_lambda, in_container = right_answers(comparison.functions), right_answers(comparison.container)
    with Progress(console=stderr, transient=True) as progress:
        task = progress.add_task("drawing lines", total=len(configurations) * len(mixes))
        for name, mix in mixes.items():
            lines, right = {}, {}
            for key, one in configurations.items():
                lines[key] = line_of(one, mix, book, Fraction(max_rate))
                progress.advance(task)
                right[one.name] = _right(on_lambda if one.choices[0].on_lambda else in_container, mix)
            result.append(ComparedLines(name, mix, lines, Fraction(max_rate), right))
    return result


def _right(counted: Mapping[str, RightAnswers], mix: Mix) -> Fraction | None:
    if any(workload.name not in counted for workload, _ in mix.shares):
        return None
    return known(mix.mean(lambda workload: counted[workload.name].share))


def plain(compare: Result, compared: Sequence[ComparedLines]) -> dict[str, Any]:
    """Return the summary as plain data."""
    from local.cost import views

    return {
        "measured": {"at": compare.at, "command": compare.command, "commit": compare.commit},
        "services": [
            {
                "name": one.name,
                "workload": one.mix.name,
                "up_to": views.number(one.max_rate),
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
                    {"with": name, "at": [views.crossing(point) for point in found]}
                    for name, found in one.crossings.items()
                ],
            }
            for one in compared
        ],
    }


def show(console: Console, compare: Result, compared: Sequence[ComparedLines]) -> None:
    """Print the summary."""
    from rich.text import Text

    from local.console import LiteralTable
    from local.report.sources import day

    table = LiteralTable(box=None, header_style="bold", padding=(0, 2, 0, 0), title_justify="left")
    table.title = Text(f"The cheapest platform, as measured on {day(compare)} UTC")
    for column in ("of", "over requests/s", "up to", "platform", "$/month there", "$/million right there"):
        left = column in ("of", "platform")
        table.add_column(column, justify="left" if left else "right", no_wrap=left)
    for one in compared:
        for at, piece in enumerate(one.ranges):
            line = next(line for line in one.lines.values() if line.name == piece.label)
            million = one.million(piece.label, piece.until)
            table.add_row(
                Text("" if at else one.name, style="bold"),
                digits(piece.start, SIGNIFICANT_DIGITS),
                digits(piece.until, SIGNIFICANT_DIGITS),
                Text(piece.label),
                dollars((line.at(piece.until) or Fraction(0)) * HOURS_PER_MONTH, 2),
                "" if million is None else dollars(million),
            )
        table.add_section()
    console.print(table)
    for one in compared:
        if len(one.mix.shares) > 1:
            cpu = digits(known(one.mix.cpu_ms), SIGNIFICANT_DIGITS)
            console.print(Text(f"{one.name}: {cpu} ms of CPU a request, {one.mix.cpu_explained}."), soft_wrap=True)
    for one in compared:
        first = next(iter(one.lines.values())).name
        places = [
            f"{name} at {', '.join(digits(point.rate, SIGNIFICANT_DIGITS) for point in found)}"
            for name, found in one.crossings.items()
            if found
        ]
        where = "; ".join(places) or f"nowhere up to {digits(one.max_rate)} requests/s"
        console.print(Text(f"{one.name}: {first} crosses {where}."), soft_wrap=True)
