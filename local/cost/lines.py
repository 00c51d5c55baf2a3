"""Cost lines: what a configuration costs an hour at every rate, as exact straight pieces. Nothing is sampled.

A configuration that leaves choices open costs what its cheapest choice that serves the rate costs: the lower envelope
of the choices' lines. A line ends where no choice serves any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from local.cost.bill import OpenBill
from local.cost.configuration import Configuration
from local.cost.errors import CostError
from local.cost.exact import plain
from local.cost.formulas import known
from local.cost.model import ALWAYS, Usage, price_all
from local.cost.price_book import PriceBook
from local.cost.workload import Mix

MAX_PIECES = 100_000
"""Pieces that one line may have; more would take minutes and show nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`intercept + slope * rate` dollars an hour for every rate in (`start`, `until`]."""

    start: Fraction
    until: Fraction
    intercept: Fraction
    slope: Fraction
    label: str
    """What costs this: the choice that was made, or the line's name."""

    def at(self, rate: Fraction) -> Fraction:
        """Return dollars an hour at a rate; at `start` the limit from above."""
        return self.intercept + self.slope * rate


@dataclass(frozen=True)
class Line:
    """A named cost line from no requests up to the rate of its last piece."""

    name: str
    pieces: tuple[Piece, ...]
    left_out: tuple[str, ...] = ()
    """Choices without which it was drawn, for want of a price."""

    @property
    def end(self) -> Fraction:
        """The highest rate that it serves, as far as it was drawn."""
        return self.pieces[-1].until if self.pieces else Fraction(0)

    def at(self, rate: Fraction) -> Fraction | None:
        """Return dollars an hour at a rate over 0; None beyond its end."""
        return next((piece.at(rate) for piece in self.pieces if piece.start < rate <= piece.until), None)


def line_of(
    configuration: Configuration,
    mix: Mix,
    book: PriceBook,
    until: Fraction,
    usage: Usage = ALWAYS,
) -> Line:
    """Return the line of a configuration up to the rate `until`.

    Args:
        configuration: What is drawn.
        mix: The requests.
        book: Where prices come from.
        until: The highest rate, requests/s.
        usage: Hours of the month and share of them under load.

    Raises:
        NoPrice: The book lacks prices that every choice needs.
        CostError: The model raises it, or a choice has over `MAX_PIECES` pieces.
    """
    priced = price_all(configuration, mix, book, usage)
    lines = (tuple(_pieces(bill, choice.label, until)) for choice, bill in priced.bills)
    return Line(configuration.name, reduce(envelope, lines), priced.left_out)


def _pieces(bill: OpenBill, label: str, until: Fraction) -> list[Piece]:
    """Return the pieces of one choice, found from the right: each bill says down to which rate its formula holds."""
    limit = bill.limit
    at = until if limit is None else min(until, known(limit.rate))
    pieces: list[Piece] = []
    while at > 0:
        hour = bill.hour_at(at)
        start = max(hour.start, Fraction(0))
        pieces.append(Piece(start, at, hour.intercept, hour.slope, label))
        at = start
        if len(pieces) > MAX_PIECES:
            pieces_and_rate = f"over {MAX_PIECES:,} pieces up to {plain(until)} requests/s"
            raise CostError(f"{bill.configuration}: its line has {pieces_and_rate}; ask for a lower rate")
    return _joined(reversed(pieces))


def envelope(line: Sequence[Piece], other: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return the cheaper of two lines at every rate. Equal costs go to the first."""
    result = []
    for start, until, first, second in overlay(line, other):
        if first is None or second is None:
            only = first or second
            if only is not None:
                result.append(replace(only, start=start, until=until))
            continue
        for low, high in _split(start, until, first, second):
            middle = (low + high) / 2
            best = first if first.at(middle) <= second.at(middle) else second
            result.append(replace(best, start=low, until=high))
    return tuple(_joined(result))


def overlay(
    line: Sequence[Piece], other: Sequence[Piece]
) -> Iterator[tuple[Fraction, Fraction, Piece | None, Piece | None]]:
    """Yield the ranges on which neither line changes: start, until, and the piece of each, None beyond its end."""
    i = j = 0
    low = Fraction(0)
    while i < len(line) or j < len(other):
        first = line[i] if i < len(line) else None
        second = other[j] if j < len(other) else None
        high = min(piece.until for piece in (first, second) if piece is not None)
        yield low, high, first, second
        i += first is not None and first.until == high
        j += second is not None and second.until == high
        low = high


def meeting(start: Fraction, until: Fraction, first: Piece, second: Piece) -> Fraction | None:
    """Return the rate strictly between `start` and `until` at which two pieces cost the same, if there is one."""
    if first.slope == second.slope:
        return None
    rate = (second.intercept - first.intercept) / (first.slope - second.slope)
    return rate if start < rate < until else None


def _split(start: Fraction, until: Fraction, first: Piece, second: Piece) -> list[tuple[Fraction, Fraction]]:
    rate = meeting(start, until, first, second)
    return [(start, until)] if rate is None else [(start, rate), (rate, until)]


def _joined(pieces: Iterator[Piece] | Sequence[Piece]) -> list[Piece]:
    """Return neighbours with the same formula as one piece."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if last and (last.intercept, last.slope, last.label) == (piece.intercept, piece.slope, piece.label):
            result[-1] = replace(last, until=piece.until)
        else:
            result.append(piece)
    return result
