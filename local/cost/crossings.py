"""Where cost lines cross, exactly: the rates at which the cheaper of two platforms becomes the dearer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from local.cost.lines import Line, Piece, envelope, meeting, overlay


@dataclass(frozen=True, slots=True)
class Crossing:
    """A rate at which two lines change places."""

    rate: Fraction
    """Requests/s. Up to it `below` is cheaper, over it `above` is."""
    below: str
    above: str
    cost: Fraction
    """Dollars an hour there, of the line that was the cheaper one."""
    step: bool
    """Whether a line jumps over the other there, as when one more machine is needed; otherwise they meet."""


def crossings(one: Line, other: Line) -> list[Crossing]:
    """Return all crossings of two lines up to where the first of them ends, in order of rate."""
    crossings_so_far: list[Crossing] = []
    cheaper = 0
    gap_before = Fraction(0)
    for start, until, first, second in overlay(one.pieces, other.pieces):
        if first is None or second is None:
            break
        begins = _sign(first, second, start)
        if cheaper and begins and begins != cheaper:
            jumps = gap_before != 0
            cost = min(_before(one, start), _before(other, start))
            crossings_so_far.append(Crossing(start, *_below_and_above(one, other, begins), cost, jumps))
        cheaper = begins or cheaper
        rate = meeting(start, until, first, second)
        if rate is not None:
            cheaper = -cheaper
            crossings_so_far.append(Crossing(rate, *_below_and_above(one, other, cheaper), first.at(rate), step=False))
        gap_before = first.at(until) - second.at(until)
    return crossings_so_far


def cheapest_ranges(lines: Sequence[Line]) -> tuple[Piece, ...]:
    """Return which line is the cheapest at every rate: ranges labelled with the names of the lines."""
    named = [tuple(replace(piece, label=line.name) for piece in line.pieces) for line in lines]
    result: list[Piece] = []
    for piece in reduce(envelope, named):
        if result and result[-1].label == piece.label:
            result[-1] = replace(result[-1], until=piece.until)
        else:
            result.append(piece)
    return tuple(result)


def _sign(first: Piece, second: Piece, start: Fraction) -> int:
    """1 where the first line is cheaper just over `start`, -1 where the second is, 0 where they are one."""
    gap = second.at(start) - first.at(start) or second.slope - first.slope
    return (gap > 0) - (gap < 0)


def _before(line: Line, rate: Fraction) -> Fraction:
    return line.at(rate) or Fraction(0)


def _below_and_above(one: Line, other: Line, cheaper: int) -> tuple[str, str]:
    return (other.name, one.name) if cheaper > 0 else (one.name, other.name)
