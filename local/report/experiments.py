"""Tables out of the result of any experiment: what is a list of rows or a table of tables becomes one.

An experiment may write what it likes; a report must show it nonetheless. A mapping with `median`, `low` and `high` is a
spread and takes one cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.measure.statistics import Spread

KINDS = {
    "web-tier": ("The web tier, one change at a time", "crossover experiment web-tier"),
    "cold-start": ("Cold starts", "crossover experiment cold-start"),
    "schemas": ("Three schemas of the Twitter store", "crossover experiment schemas"),
    "flood": ("A flood of long computations, for each way to compute", "crossover experiment flood"),
    "tools": ("Tools for each step of the blockchain service", "crossover experiment tools"),
    "connections": ("A fleet on a database of few connections", "crossover experiment connections"),
    "storage-tier": ("The storage tier, one change at a time", "crossover experiment storage-tier"),
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
        """Return which columns hold numbers alone."""
        columns = range(len(self.columns))
        return tuple(all(row[at].numeric or row[at].text in NO_NUMBER for row in self.rows) for at in columns)

    @property
    def bars(self) -> tuple[int, float] | None:
        """Return the first column of spreads, whose medians are drawn as bars, and the largest of them."""
        for at in range(len(self.columns)):
            medians = [median for row in self.rows if (median := row[at].median) is not None]
            if len(medians) > 1 and min(medians) >= 0 < max(medians):
                return at, max(medians)
        return None


def tables(data: Mapping[str, Any], title: str = "", depth: int = 0) -> Iterator[Table]:
    """Yield the tables of a result's data, in its order."""
    leaves = {key: value for key, value in data.items() if _leaf(value)}
    if leaves:
        yield Table(title, ("", "value"), tuple((Cell(words(key)), cell(value)) for key, value in leaves.items()))
    for key, value in data.items():
        name = f"{title}: {words(key)}" if title else words(key)
        if key in leaves or depth > MAX_DEPTH:
            continue
        if isinstance(value, Mapping):
            if all(isinstance(part, Mapping) for part in value.values()):
                rows = [{"": row_key, **_flat(part)} for row_key, part in value.items()]
                if len(_columns(rows)) <= MAX_COLUMNS:
                    yield _table(name, rows)
                    continue
            yield from tables(value, name, depth + 1)
        elif rows := [_flat(part) for part in value if isinstance(part, Mapping)]:
            yield _table(name, rows)


def spread_of(value: object) -> Mapping[str, Any] | None:
    """Return the value if it is a spread."""
    return value if isinstance(value, Mapping) and {"median", "low", "high"} <= set(value) else None


def cell(value: object) -> Cell:
    """Return a spread or any plain value as a cell."""
    if isinstance(value, Spread):
        value = value.as_data()
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
        return Cell(shortened(", ".join(cell(part).text for part in value)) or "–")
    if isinstance(value, Mapping):
        return Cell(shortened("; ".join(f"{words(key)} {cell(part).text}" for key, part in value.items())) or "–")
    return Cell(shortened(str(value)))


def shortened(text: str) -> str:
    """Return a text of at most `MAX_TEXT` characters, cut between two words and marked where it was cut."""
    if len(text) <= MAX_TEXT:
        return text
    head = text[: MAX_TEXT - 2]
    return f"{head.rsplit(None, 1)[0] if ' ' in head.strip() else head} …"


def number(value: object) -> str:
    """Return a number with four significant digits, whole ones whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shortened(str(value))
    if isinstance(value, int):
        return shortened(f"{value:,}")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.4g}"
    return f"{Decimal(text):f}" if "e-" in text else text


def words(key: object) -> str:
    """Return a key of a result as words."""
    return shortened(str(key).replace("_", " "))


def _leaf(value: object) -> bool:
    if spread_of(value):
        return True
    if isinstance(value, list):
        return not any(isinstance(part, Mapping | list) for part in value)
    return not isinstance(value, Mapping)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, part in value.items():
        name = f"{prefix} {words(key)}".strip()
        if isinstance(part, Mapping) and not spread_of(part):
            flat |= _flat(part, name)
        else:
            flat[name] = part
    return flat


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = _columns(rows)[: 2 * MAX_COLUMNS]
    body = tuple(tuple(cell(row.get(key, "")) for key in columns) for row in rows[:MAX_ROWS])
    return Table(title, tuple(columns), body)
