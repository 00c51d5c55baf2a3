"""Tables out of the result of any experiment: what is a list of rows or a table of tables becomes one.

An experiment may write what it likes; a report must show it nonetheless. A mapping with `median`, `low` and `high` is a
spread and takes one cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

KINDS = {
    "web-tier": ("The web tier, one change at a time", "crossover experiment web-tier"),
    "cold-start": ("Cold starts", "crossover experiment cold-start"),
    "schemas": ("Three schemas of the Twitter store", "crossover experiment schemas"),
    "flood": ("A flood of long computations, for each way to compute", "crossover experiment flood"),
    "tools": ("Tools for each step of the blockchain service", "crossover experiment tools"),
    "image": ("The image that pods run", "make test-container"),
}
"""The experiments of a report: title, and the command that makes the result."""
MAX_COLUMNS = 12
MAX_ROWS = 200
MAX_TEXT = 400
MAX_DEPTH = 6
NO_NUMBER = ("", "–")


@dataclass(frozen=True)
class Cell:
    """What a table shows: a text, whether it is a number, and the spread behind it with its median."""

    text: str
    numeric: bool = False
    detail: str = ""
    spread: str = ""
    median: float | None = None


@dataclass(frozen=True)
class Table:
    """A table with its first column naming the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers alone."""
        columns = range(len(self.columns))
        return tuple(all(row[at].numeric or row[at].text in NO_NUMBER for row in self.rows) for at in columns)

    @property
    def bars(self) -> tuple[int, float] | None:
        """The first column of spreads, whose medians are drawn as bars, and the largest of them."""
        for at in range(len(self.columns)):
            medians = [median for row in self.rows if (median := row[at].median) is not None]
            if len(medians) > 1 and min(medians) >= 0 < max(medians):
                return at, max(medians)
        return None


def tables(data: Mapping[str, Any], title: str = "", depth: int = 0) -> Iterator[Table]:
    """The tables of a result's data, in its order."""
    leaves = {key: value for key, value in data.items() if _leaf(value)}
    if leaves:
        yield Table(title, ("", "value"), tuple((Cell(words(key)), cell(value)) for key, value in leaves.items()))
    for key, value in data.items():
        name = f"{title}: {words(key)}" if title else words(key)
        if key in leaves or depth > MAX_DEPTH:
            continue
        if isinstance(value, Mapping):
            if all(isinstance(each, Mapping) for each in value.values()):
                rows = [{"": each_key, **_flat(each)} for each_key, each in value.items()]
                if len(_columns(rows)) <= MAX_COLUMNS:
                    yield _table(name, rows)
                    continue
            yield from tables(value, name, depth + 1)
        elif rows := [_flat(each) for each in value if isinstance(each, Mapping)]:
            yield _table(name, rows)


def spread_of(value: object) -> Mapping[str, Any] | None:
    """The value if it is a spread."""
    return value if isinstance(value, Mapping) and {"median", "low", "high"} <= set(value) else None


def cell(value: object) -> Cell:
    """Any plain value as a cell."""
    if spread := spread_of(value):
        median, low, high = (number(spread[name]) for name in ("median", "low", "high"))
        length = spread["median"] if isinstance(spread["median"], int | float) else None
        if low == high:
            return Cell(median, True, "of one run" if spread.get("runs") == 1 else "the same in every run", "", length)
        runs = f", {spread['runs']} runs" if "runs" in spread else ""
        return Cell(median, True, f"the median, from {low} to {high}{runs}", f"{low}–{high}", length)
    if isinstance(value, bool) or value is None:
        return Cell({True: "yes", False: "no", None: "–"}[value])
    if isinstance(value, int | float):
        return Cell(number(value), True)
    if isinstance(value, list):
        return Cell(", ".join(cell(each).text for each in value)[:MAX_TEXT] or "–")
    return Cell(str(value)[:MAX_TEXT])


def number(value: object) -> str:
    """A number with four digits that count, whole ones whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)[:MAX_TEXT]
    if isinstance(value, int):
        return f"{value:,}"[:MAX_TEXT]
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.4g}"
    return f"{Decimal(text):f}" if "e-" in text else text


def words(key: object) -> str:
    """A key of a result as words."""
    return str(key).replace("_", " ")[:MAX_TEXT]


def _leaf(value: object) -> bool:
    if spread_of(value):
        return True
    if isinstance(value, list):
        return not any(isinstance(each, Mapping | list) for each in value)
    return not isinstance(value, Mapping)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        name = f"{prefix} {words(key)}".strip()
        if isinstance(each, Mapping) and not spread_of(each):
            found |= _flat(each, name)
        else:
            found[name] = each
    return found


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = _columns(rows)[: 2 * MAX_COLUMNS]
    body = tuple(tuple(cell(row.get(key, "")) for key in columns) for row in rows[:MAX_ROWS])
    return Table(title, tuple(columns), body)
