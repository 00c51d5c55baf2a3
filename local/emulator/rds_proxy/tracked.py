"""The session state that RDS Proxy tracks: who has it, and the statements that bring a connection to it.

A state is a mapping of names to values as SQL has them, sorted, so that equal states are equal values. `NAMES` and
`CHARACTER SET` each set several variables at once, so they take the place of those, and are replayed first.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

TRACKED = frozenset(
    {
        "AUTOCOMMIT",
        "AUTO_INCREMENT_INCREMENT",
        "CHARACTER SET",
        "CHARACTER_SET_CLIENT",
        "CHARACTER_SET_DATABASE",
        "CHARACTER_SET_FILESYSTEM",
        "CHARACTER_SET_CONNECTION",
        "CHARACTER_SET_RESULTS",
        "CHARACTER_SET_SERVER",
        "COLLATION_CONNECTION",
        "COLLATION_DATABASE",
        "COLLATION_SERVER",
        "INTERACTIVE_TIMEOUT",
        "NAMES",
        "NET_WRITE_TIMEOUT",
        "QUERY_CACHE_TYPE",
        "SESSION_TRACK_SCHEMA",
        "SQL_MODE",
        "TIME_ZONE",
        "TRANSACTION_ISOLATION",
        "TRANSACTION_READ_ONLY",
        "WAIT_TIMEOUT",
    }
)
"""The names of AWS' list; its aliases are in `ALIASES`."""
ALIASES = {"TX_ISOLATION": "TRANSACTION_ISOLATION", "TX_READ_ONLY": "TRANSACTION_READ_ONLY", "CHARSET": "CHARACTER SET"}
_CHARACTER_SETS = frozenset(
    {"NAMES", "CHARACTER SET", "CHARACTER_SET_CLIENT", "CHARACTER_SET_RESULTS", "CHARACTER_SET_CONNECTION"}
    | {"COLLATION_CONNECTION"}
)
_WHOLE = ("NAMES", "CHARACTER SET")
DEFAULT = "DEFAULT"


class SessionState(NamedTuple):
    """The tracked state of a session or of a connection; a value that can be compared and hashed."""

    database: bytes = b""
    """The default database, or empty."""
    variables: tuple[tuple[str, str], ...] = ()
    """Values that differ from those of a connection just reset, sorted by name."""

    def value(self, name: str) -> str | None:
        """Return the value of a variable; None where it is as after a reset."""
        return dict(self.variables).get(name)


@lru_cache(maxsize=4096)
def assigned(state: SessionState, assignments: tuple[tuple[str, str], ...]) -> SessionState:
    """Return the state after assignments, in their order."""
    values = dict(state.variables)
    for name, value in assignments:
        if name in _WHOLE:
            for other in _CHARACTER_SETS:
                values.pop(other, None)
        values.pop(name, None)
        if value.upper() != DEFAULT:
            values[name] = value
    return SessionState(state.database, tuple(sorted(values.items())))


def in_database(state: SessionState, database: bytes) -> SessionState:
    """Return the state after USE."""
    return SessionState(database, state.variables)


def can_follow(have: SessionState, want: SessionState) -> bool:
    """Whether assignments alone lead from one state to the other: nothing has to go back to its default.

    Variables of character sets overlap, so those have to be equal, or all be of the wanted state.
    """
    if have.database and not want.database:
        return False
    wanted = {name for name, _ in want.variables}
    return all(name in wanted for name, _ in have.variables) and not (
        {name for name, _ in have.variables} & _CHARACTER_SETS
        and [variable for variable in have.variables if variable[0] in _CHARACTER_SETS]
        != [variable for variable in want.variables if variable[0] in _CHARACTER_SETS]
        and not wanted & set(_WHOLE)
    )


@lru_cache(maxsize=1024)
def replay(have: SessionState, want: SessionState) -> tuple[str, ...]:
    """Return the statements that lead a connection from a state to one that it can follow; at most three.

    Isolation and read-only have statements of their own, because their variables' names differ between versions.
    """
    known = set(have.variables)
    missing = [variable for variable in want.variables if variable not in known]
    if any(name in _WHOLE for name, _ in missing):
        missing = [variable for variable in want.variables if variable not in known or variable[0] in _CHARACTER_SETS]
    plain = [_assignment(name, value) for name, value in _in_order(missing) if not name.startswith("TRANSACTION_")]
    transaction = [_characteristic(name, value) for name, value in missing if name.startswith("TRANSACTION_")]
    statements = []
    if plain:
        statements.append(f"SET {', '.join(plain)}")
    if transaction:
        statements.append(f"SET SESSION TRANSACTION {', '.join(transaction)}")
    return tuple(statements)


def _in_order(variables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(variables, key=lambda each: (each[0] not in _WHOLE, each[0]))


def _assignment(name: str, value: str) -> str:
    return f"{name} {value}" if name in _WHOLE else f"SESSION {name} = {value}"


def _characteristic(name: str, value: str) -> str:
    plain = value.strip("'\"").upper().replace("-", " ")
    if name == "TRANSACTION_ISOLATION":
        return f"ISOLATION LEVEL {plain}"
    return "READ ONLY" if plain in ("1", "ON", "TRUE") else "READ WRITE"
