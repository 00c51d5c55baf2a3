"""Cost lines: what a configuration costs an hour at every rate, as exact straight pieces. Nothing is sampled.

A configuration that leaves choices open costs what its cheapest choice that serves the rate costs: the lower envelope
of the choices' lines. A line ends where no choice serves any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from local.cost.book import Book
from local.cost.configuration import Choice, Configuration
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, plain
from local.cost.model import bill_of
from local.cost.work import Mix

MAX_PIECES = 100_000
"""Pieces that one line may have; more would take minutes and show nothing."""
Progress = Callable[[], None]


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
        """Dollars an hour at a rate; at `start` the limit from above."""
        return self.intercept + self.slope * rate


@dataclass(frozen=True)
class Line:
    """A named cost line from no requests up to the rate of its last piece."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def end(self) -> Fraction:
        """The highest rate that it serves, as far as it was drawn."""
        return self.pieces[-1].until if self.pieces else Fraction(0)

    def at(self, rate: Fraction) -> Fraction | None:
        """Dollars an hour at a rate over 0; None beyond its end."""
        return next((piece.at(rate) for piece in self.pieces if piece.start < rate <= piece.until), None)


def line_of(
    configuration: Configuration,
    mix: Mix,
    book: Book,
    top: Fraction,
    hours: Fraction = HOURS_PER_MONTH,
    progress: Progress = lambda: None,
    duty: Fraction = Fraction(1),
) -> Line:
    """The line of a configuration up to the rate `top`. `progress` is called after each choice.

    Raises `CostError` where the model does, and where a choice has over `MAX_PIECES` pieces.
    """
    lines = []
    for choice in configuration.choices:
        lines.append(tuple(_pieces(configuration, choice, mix, book, top, hours, duty)))
        progress()
    return Line(configuration.name, reduce(envelope, lines))


def _pieces(
    configuration: Configuration,
    choice: Choice,
    mix: Mix,
    book: Book,
    top: Fraction,
    hours: Fraction,
    duty: Fraction,
) -> list[Piece]:
    """The pieces of one choice, found from the right: each bill tells down to which rate its formula holds."""
    limit = bill_of(configuration, choice, mix, Fraction(0), book, hours, duty).limit
    at = top if limit is None else min(top, limit.rate)
    pieces: list[Piece] = []
    while at > 0:
        hour = bill_of(configuration, choice, mix, at, book, hours, duty).hour
        start = max(hour.start, Fraction(0))
        pieces.append(Piece(start, at, hour.intercept, hour.slope, choice.chosen))
        at = start
        if len(pieces) > MAX_PIECES:
            pieces_and_rate = f"over {MAX_PIECES:,} pieces up to {plain(top)} requests/s"
            raise CostError(f"{configuration.name}: its line has {pieces_and_rate}; ask for a lower rate")
    return _joined(reversed(pieces))


def envelope(one: Sequence[Piece], other: Sequence[Piece]) -> tuple[Piece, ...]:
    """The cheaper of two lines at every rate. Equal costs go to the first."""
    result = []
    for start, until, first, second in overlay(one, other):
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
    one: Sequence[Piece], other: Sequence[Piece]
) -> Iterator[tuple[Fraction, Fraction, Piece | None, Piece | None]]:
    """Both lines over the ranges on which neither changes: start, until, and the piece of each, None beyond its end."""
    i = j = 0
    low = Fraction(0)
    while i < len(one) or j < len(other):
        first = one[i] if i < len(one) else None
        second = other[j] if j < len(other) else None
        high = min(piece.until for piece in (first, second) if piece is not None)
        yield low, high, first, second
        i += first is not None and first.until == high
        j += second is not None and second.until == high
        low = high


def meeting(start: Fraction, until: Fraction, first: Piece, second: Piece) -> Fraction | None:
    """The rate strictly between `start` and `until` at which two pieces cost the same, if there is one."""
    if first.slope == second.slope:
        return None
    rate = (second.intercept - first.intercept) / (first.slope - second.slope)
    return rate if start < rate < until else None


def _split(start: Fraction, until: Fraction, first: Piece, second: Piece) -> list[tuple[Fraction, Fraction]]:
    rate = meeting(start, until, first, second)
    return [(start, until)] if rate is None else [(start, rate), (rate, until)]


def _joined(pieces: Iterator[Piece] | Sequence[Piece]) -> list[Piece]:
    """Neighbours with the same formula as one piece."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if last and (last.intercept, last.slope, last.label) == (piece.intercept, piece.slope, piece.label):
            result[-1] = replace(last, until=piece.until)
        else:
            result.append(piece)
    return result
