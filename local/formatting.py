"""Figures and tables as terminals and documents show them: one way for every command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from rich.table import Table

DIGITS = 3


class Figure(Protocol):
    """A figure over several runs, see `local.measure.statistics.Spread`."""

    @property
    def median(self) -> float:
        """The middle run."""
        ...

    @property
    def low(self) -> float:
        """The lowest run."""
        ...

    @property
    def high(self) -> float:
        """The highest run."""
        ...

    @property
    def runs(self) -> int:
        """How many runs there were."""
        ...


def number(value: float | None, missing: str = "-", digits: int = DIGITS) -> str:
    """Write a number with so many significant digits, larger ones whole and with commas; `missing` for None."""
    if value is None:
        return missing
    if isinstance(value, int) or abs(value) >= 10**digits:
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{Decimal(text):f}" if "e" in text else text


def spread(figure: Figure | None, missing: str = "-") -> str:
    """Write the median and, in brackets, the lowest and the highest run; a single run has no spread."""
    if figure is None:
        return missing
    if figure.runs < 2:
        return number(figure.median)
    return f"{number(figure.median)} ({number(figure.low)}-{number(figure.high)})"


def table(title: str, left: Iterable[str], right: Iterable[str], caption: str | None = None) -> Table:
    """Make an empty table for a terminal: columns of names to the left, of figures to the right."""
    made = Table(title=title or None, title_justify="left", caption=caption, box=None, pad_edge=False)
    for heading in left:
        made.add_column(heading, no_wrap=True)
    for heading in right:
        made.add_column(heading, justify="right", overflow="fold")
    return made


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], right: int | None = None) -> str:
    """Write a Markdown table whose columns from `right` on are aligned to the right; none if that is None."""
    rules = ["---:" if right is not None and at >= right else "---" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))
