"""Reading TOML tables into dataclasses: what a key may hold is said once, for reading and for the docs.

A list in place of a single value of an open setting is a choice: the cost model takes the cheapest that serves.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from local.cost.errors import CostError
from local.cost.exact import Number, exact, plain

FIT = "fit"
"""The value of a count that follows the rate: what serves it at the utilisation target, and the spare."""
MAX_CHOICES = 500
MAX_NUMBER = 10**12
"""Largest number that any key may hold."""
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What one key may hold.

    Attributes:
        kind: `number`, `whole`, `fitted` (whole, or "fit"), `text`, `switch` or `map` (names to numbers).
        open: Whether a list to choose from may stand in its place.
    """

    kind: str
    help: str
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(MAX_NUMBER)
    among: tuple[str, ...] = ()
    open: bool = False

    def describe(self) -> str:
        """Return what it may hold, for the docs."""
        kind = {"whole": "whole number", "fitted": 'whole number or "fit"', "switch": "true or false"}.get(
            self.kind, self.kind
        )
        if self.among:
            kind = " or ".join(f'"{name}"' for name in self.among)
        return f"{kind}, or a list to choose from" if self.open else kind


def number(
    help: str, default: Any = dataclasses.MISSING, *, low: Number = 0, high: Number = MAX_NUMBER, open: bool = False
) -> Any:
    """Return a field for an exact number in [low, high]."""
    return _field(Setting("number", help, exact(low), exact(high), open=open), default)


def whole(
    help: str, default: Any = dataclasses.MISSING, *, low: int = 0, high: int = 1_000_000, open: bool = False
) -> Any:
    """Return a field for a whole number in [low, high]."""
    return _field(Setting("whole", help, exact(low), exact(high), open=open), default)


def fitted(help: str, default: Any = dataclasses.MISSING, *, low: int = 1, high: int = 1_000_000) -> Any:
    """Return a field for a count, or for "fit": as many as the rate needs."""
    return _field(Setting("fitted", help, exact(low), exact(high)), default)


def text(help: str, default: Any = dataclasses.MISSING, *, among: Sequence[str] = (), open: bool = False) -> Any:
    """Return a field for text, out of a list if there is one."""
    return _field(Setting("text", help, among=tuple(among), open=open), default)


def switch(help: str, default: Any = dataclasses.MISSING) -> Any:
    """Return a field for yes or no."""
    return _field(Setting("switch", help), default)


def numbers(help: str) -> Any:
    """Return a field for a table of names and numbers, empty by default."""
    return dataclasses.field(
        default_factory=dict, metadata={"setting": Setting("map", help, exact(0), exact(MAX_NUMBER))}
    )


def _field(setting: Setting, default: Any) -> Any:
    if setting.kind in ("number", "whole", "fitted") and default not in (dataclasses.MISSING, None, FIT):
        default = exact(default)
    return dataclasses.field(default=default, metadata={"setting": setting})


def settings(cls: type) -> dict[str, tuple[Setting, Any]]:
    """Return every key of a dataclass with what it may hold and its default (`MISSING` where it is required)."""
    return {
        field.name: (field.metadata["setting"], field.default)
        for field in dataclasses.fields(cls)
        if "setting" in field.metadata
    }


def read(cls: type[T], table: object, where: str) -> T:
    """Return the dataclass out of a TOML table. `where` names file and table in errors, as `file.toml: nodes`.

    Raises:
        CostError: One line with the key, for what is unknown, missing or out of range.
    """
    if not isinstance(table, Mapping):
        raise CostError(f"{where}: must be a table")
    known = settings(cls)
    for key in table:
        if key not in known:
            raise CostError(f"{where}.{key}: is not known; known are {', '.join(known)}")
    values = {}
    for key, (setting, default) in known.items():
        if key in table:
            values[key] = _checked(setting, table[key], f"{where}.{key}")
        elif default is dataclasses.MISSING and setting.kind != "map":
            raise CostError(f"{where}.{key}: is missing ({setting.help})")
    try:
        return cls(**values)
    except CostError as problem:
        raise CostError(f"{where}: {problem}") from None


def _checked(setting: Setting, value: object, where: str) -> object:
    match setting.kind:
        case "switch":
            if not isinstance(value, bool):
                raise CostError(f"{where}: must be true or false")
            return value
        case "text":
            if not isinstance(value, str) or not value.strip():
                raise CostError(f"{where}: must be a text in quotes")
            if setting.among and value not in setting.among:
                raise CostError(f"{where}: {value!r} is none of {', '.join(setting.among)}")
            return value
        case "map":
            if not isinstance(value, Mapping):
                raise CostError(f"{where}: must be a table of names and numbers")
            return {key: _number(setting, amount, f"{where}.{key}") for key, amount in value.items()}
        case "fitted" if value == FIT:
            return FIT
        case _:
            return _number(setting, value, where)


def _number(setting: Setting, value: object, where: str) -> Fraction:
    hint = ' or "fit"' if setting.kind == "fitted" else ""
    whole_number = setting.kind in ("whole", "fitted")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or (whole_number and isinstance(value, Decimal)):
        raise CostError(f"{where}: must be a {'whole ' if whole_number else ''}number{hint}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise CostError(f"{where}: must be a finite number")
    amount = exact(value)
    if not setting.low <= amount <= setting.high:
        raise CostError(f"{where}: must be from {plain(setting.low)} to {plain(setting.high)}")
    return amount


def alternatives(
    tables: Mapping[str, type], document: Mapping[str, Any], where: str
) -> Iterator[tuple[tuple[tuple[str, object], ...], dict[str, Any]]]:
    """Yield every way to choose one value from each list that the document has for an open setting.

    Yields:
        What was chosen, as settings and values, and the tables with those values in them.

    Raises:
        CostError: A list is empty or not open, or there are over `MAX_CHOICES` ways.
    """
    places: list[tuple[str, str, list[Any]]] = []
    for section, cls in tables.items():
        table = document.get(section)
        if not isinstance(table, Mapping):
            continue
        for key, (setting, _) in settings(cls).items():
            if isinstance(table.get(key), list):
                if not setting.open or not table[key]:
                    raise CostError(f"{where}: {section}.{key}: must be a single value")
                places.append((section, key, table[key]))
    count = 1
    for _, _, values in places:
        count *= len(values)
    if count > MAX_CHOICES:
        raise CostError(f"{where}: its lists combine to {count} choices; at most {MAX_CHOICES} are compared")
    for chosen in itertools.product(*(values for _, _, values in places)):
        result = {name: dict(table) if isinstance(table, Mapping) else table for name, table in document.items()}
        for (section, key, _), value in zip(places, chosen, strict=True):
            result[section][key] = value
        yield tuple((key, value) for (_, key, _), value in zip(places, chosen, strict=True)), result
