"""What a statement does to the session that runs it, as RDS Proxy sees it: by its text alone.

Each reason to pin names its row in `rules.toml`. Procedures and functions are not looked into, as documented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from local.emulator.rds_proxy.statements import Token, TokenKind, split, tokens
from local.emulator.rds_proxy.tracked import ALIASES, TRACKED

MAX_TEXT_BYTES = 16 * 1024
"""A text above this pins; the guide says "16 KB"."""
MAX_CACHED_BYTES = 1024
UNTRACKED_SETTING = (
    "SQL changed session settings that the proxy doesn't track. "
    "Consider moving session configuration to the proxy's initialization query."
)
NO_CLIENT_CHARACTER_SETS = frozenset({"UCS2", "UTF16", "UTF16LE", "UTF32"})


class Pin(NamedTuple):
    """Why a client is pinned: the row of the rules, the reason as it is logged, and what it was in this statement."""

    rule: str
    reason: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """The choices that decide whether a statement pins."""

    exclude_variable_sets: bool = False
    """The filter EXCLUDE_VARIABLE_SETS: setting variables does not pin."""
    row_functions_pin: bool = True
    """Whether ROW_COUNT(), FOUND_ROWS() and LAST_INSERT_ID() do; the guide says "sometimes"."""


@dataclass(frozen=True, slots=True)
class SqlEffect:
    """What the statements of one text do to the session."""

    pin: Pin | None = None
    assignments: tuple[tuple[str, str], ...] = ()
    """Tracked variables and their new values; empty values are those of expressions, which the database knows."""
    database: bytes | None = None
    """The database of USE."""
    dropped: frozenset[bytes] = frozenset()
    """Databases that are dropped."""
    begins: bool = True
    """Whether it begins a transaction where autocommit is off: not if it only sets and uses."""
    next_transaction: bool = False
    """Whether it sets a characteristic of the next transaction only."""
    refused_character_set: str = ""
    """A value that character_set_client cannot take."""


PLAIN = SqlEffect()
_ROUTINES = frozenset({"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"})
_ROW_FUNCTIONS = frozenset({"ROW_COUNT", "FOUND_ROWS", "LAST_INSERT_ID"})
_LEVELS = "READ UNCOMMITTED|READ COMMITTED|REPEATABLE READ|SERIALIZABLE"
_TRUE, _FALSE = frozenset({"1", "ON", "TRUE", "'ON'", "'1'"}), frozenset({"0", "OFF", "FALSE", "'OFF'", "'0'"})


def effect_of(sql: bytes, policy: PinPolicy = PinPolicy(), backslash_escapes: bool = True) -> SqlEffect:
    """Find what a text does to its session.

    Args:
        sql: The text of a COM_QUERY, of one or several statements.
        policy: The choices that are open.
        backslash_escapes: False where the session's sql_mode has NO_BACKSLASH_ESCAPES.
    """
    if len(sql) > MAX_TEXT_BYTES:
        return SqlEffect(Pin("pin-text-size", "The SQL text is larger than 16 KB.", f"{len(sql):,} bytes"))
    if not _notable(sql.upper()):
        return PLAIN
    if len(sql) <= MAX_CACHED_BYTES:
        return _cached(sql, policy, backslash_escapes)
    return _effect(sql, policy, backslash_escapes)


def _notable(sql: bytes) -> bool:
    """Whether a text in capitals has anything in it that may matter: ten times as fast as taking it apart.

    The words are parts of others too, which then are taken apart in vain.
    """
    return (
        b"@" in sql
        or b"SET" in sql
        or b"LOCK" in sql
        or b"USE" in sql
        or b"DROP" in sql
        or b"TEMPORARY" in sql
        or b"PREPARE" in sql
        or b"EXECUTE" in sql
        or b"ROW_COUNT" in sql
        or b"FOUND_ROWS" in sql
        or b"LAST_INSERT_ID" in sql
    )


def _effect(sql: bytes, policy: PinPolicy, backslash_escapes: bool) -> SqlEffect:
    statements = split(tokens(sql, backslash_escapes))
    if not statements or _defines_a_routine(statements[0]):
        return PLAIN
    gathered = _Gathered(policy)
    for statement in statements:
        gathered.add(statement)
    return gathered.effect()


_cached = lru_cache(maxsize=4096)(_effect)


def _defines_a_routine(statement: list[Token]) -> bool:
    if _word(statement, 0) not in ("CREATE", "ALTER"):
        return False
    return any(token.kind is TokenKind.WORD and token.text in _ROUTINES for token in statement[:12])


_ENDING = frozenset({"COMMIT", "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"})


def ends_transaction(sql: bytes) -> bool:
    """Whether a text's last statement is one after which no transaction is open: COMMIT, ROLLBACK or DDL.

    Asked only where autocommit is off and the server's flag, which decides elsewhere, was never set.
    """
    statements = split(tokens(sql))
    words = _words(statements[-1]) if statements else []
    if not words:
        return False
    return (words[0] in _ENDING and words[1:2] != ["TEMPORARY"]) or (words[0] == "ROLLBACK" and "TO" not in words)


class _Gathered:
    """What the statements of a text do, one after the other."""

    def __init__(self, policy: PinPolicy) -> None:
        self._policy = policy
        self._pin: Pin | None = None
        self._assignments: list[tuple[str, str]] = []
        self._database: bytes | None = None
        self._dropped: set[bytes] = set()
        self._begins = self._next_transaction = False
        self._refused = ""

    def effect(self) -> SqlEffect:
        return SqlEffect(
            pin=self._pin,
            assignments=tuple(self._assignments),
            database=self._database,
            dropped=frozenset(self._dropped),
            begins=self._begins,
            next_transaction=self._next_transaction,
            refused_character_set=self._refused,
        )

    def add(self, statement: list[Token]) -> None:
        first, second = _word(statement, 0), _word(statement, 1)
        if first == "SET":
            self._set(statement)
        elif first == "USE" and len(statement) > 1:
            self._database = _raw(statement[1])
        else:
            self._begins = True
            if first == "DROP" and second in ("DATABASE", "SCHEMA"):
                self._dropped.add(_raw(statement[-1]))
            self._statement_pins(statement, first, second)
        self._expression_pins(statement, first)

    def _statement_pins(self, statement: list[Token], first: str, second: str) -> None:
        words = _words(statement)
        if first == "LOCK" and second in ("TABLE", "TABLES"):
            self._pinned("pin-table-lock", "The SQL locked tables.", f"LOCK {second}")
        elif first == "FLUSH" and second in ("TABLE", "TABLES") and words[-3:] == ["WITH", "READ", "LOCK"]:
            self._pinned("pin-table-lock", "The SQL locked tables.", "FLUSH TABLES WITH READ LOCK")
        elif first == "CREATE" and "TEMPORARY" in words[1:4]:
            self._pinned("pin-temporary-table", "The SQL created a temporary table.")
        elif first == "PREPARE" or (first == "EXECUTE" and second == "IMMEDIATE"):
            self._pinned("pin-prepared-text", "A prepared statement was detected.", first)

    def _expression_pins(self, statement: list[Token], first: str) -> None:
        """Find what pins anywhere in a statement: locks by name, user variables, functions of the last statement."""
        for at, token in enumerate(statement):
            follower = statement[at + 1].text if at + 1 < len(statement) else ""
            if token.kind is TokenKind.WORD and follower == "(":
                if token.text == "GET_LOCK":
                    self._pinned("pin-named-lock", "The SQL took a named lock.", "GET_LOCK")
                elif token.text in _ROW_FUNCTIONS and self._policy.row_functions_pin:
                    self._pinned("pin-row-functions", "The SQL called a function of the last statement.", token.text)
            elif token.kind is TokenKind.USER_VARIABLE and not self._policy.exclude_variable_sets:
                into = at and statement[at - 1].text in ("INTO", ",") and "INTO" in _words(statement[:at])
                if follower == ":=" or (into and first != "CALL"):
                    self._pinned("pin-user-variable", "The SQL set a user variable.", token.text)

    def _pinned(self, rule: str, reason: str, subject: str = "") -> None:
        self._pin = self._pin or Pin(rule, reason, subject)

    def _set(self, statement: list[Token]) -> None:
        second = _word(statement, 1)
        if second == "STATEMENT":
            # MariaDB: values for one statement only, which is what comes after FOR.
            words = _words(statement)
            self._begins |= "FOR" in words
            return
        if second in ("PASSWORD", "DEFAULT"):
            return
        scope = second if second in ("GLOBAL", "SESSION", "LOCAL", "PERSIST", "PERSIST_ONLY") else ""
        rest = statement[2:] if scope else statement[1:]
        if _word(rest, 0) == "TRANSACTION":
            self._set_transaction(scope, _words(rest[1:]))
            return
        for assignment in _by_comma(statement[1:]):
            self._assign(assignment)

    def _set_transaction(self, scope: str, words: list[str]) -> None:
        if scope not in ("SESSION", "LOCAL"):
            self._next_transaction |= not scope
            return
        written = " ".join(words)
        if match := re.search(
            r"ISOLATION LEVEL (READ UNCOMMITTED|READ COMMITTED|REPEATABLE READ|SERIALIZABLE)", written
        ):
            self._assignments.append(("TRANSACTION_ISOLATION", f"'{match[1].replace(' ', '-')}'"))
        if match := re.search(r"READ (ONLY|WRITE)", written):
            self._assignments.append(("TRANSACTION_READ_ONLY", "1" if match[1] == "ONLY" else "0"))

    def _assign(self, tokens_of_one: list[Token]) -> None:
        scope = ""
        if _word(tokens_of_one, 0) in ("GLOBAL", "SESSION", "LOCAL", "PERSIST", "PERSIST_ONLY"):
            scope, tokens_of_one = tokens_of_one[0].text, tokens_of_one[1:]
        if not tokens_of_one:
            return
        name, value = _target(tokens_of_one)
        if tokens_of_one[0].kind is TokenKind.SYSTEM_VARIABLE:
            scope = scope or name.rpartition(".")[0]
            name = name.rpartition(".")[2]
        name = ALIASES.get(name, name)
        if tokens_of_one[0].kind is TokenKind.USER_VARIABLE:
            if not self._policy.exclude_variable_sets:
                self._pinned("pin-user-variable", "The SQL set a user variable.", tokens_of_one[0].text)
        elif name in TRACKED and scope in ("", "SESSION", "LOCAL"):
            canonical = _value(name, value)
            if name in ("NAMES", "CHARACTER_SET_CLIENT", "CHARACTER SET"):
                plain = canonical.split()[0].strip("'").upper() if canonical else ""
                self._refused = self._refused or (plain if plain in NO_CLIENT_CHARACTER_SETS else "")
            self._assignments.append((name, canonical))
        elif not self._policy.exclude_variable_sets:
            self._pinned("pin-untracked-variable", UNTRACKED_SETTING, name.lower())


def _target(assignment: list[Token]) -> tuple[str, list[Token]]:
    """Return the name that is set, and the tokens of its value."""
    first = assignment[0].text.removeprefix("@@").upper()
    if first == "NAMES":
        return first, assignment[1:]
    if first in ("CHARACTER", "CHAR") and _word(assignment, 1) == "SET":
        return "CHARACTER SET", assignment[2:]
    if first == "CHARSET":
        return "CHARACTER SET", assignment[1:]
    return first, assignment[2:]


def _value(name: str, value: list[Token]) -> str:
    """Return the value in one way of writing; empty where only the database knows it."""
    if name in ("NAMES", "CHARACTER SET"):
        if len(value) == 1 or (len(value) == 3 and value[1].text == "COLLATE"):
            return " COLLATE ".join(_quoted(token) for token in value[::2])
        return ""
    sign = ""
    if len(value) == 2 and value[0].text in ("-", "+"):
        sign, value = value[0].text, value[1:]
    if len(value) != 1 or value[0].kind not in (TokenKind.WORD, TokenKind.LITERAL, TokenKind.NAME):
        return ""
    written = value[0].text
    if name in ("AUTOCOMMIT", "TRANSACTION_READ_ONLY"):
        return "1" if written.upper() in _TRUE else "0" if written.upper() in _FALSE else written
    if value[0].kind is TokenKind.LITERAL and not written.startswith(("'", '"')):
        return sign + written
    if written.upper() in ("ON", "OFF", "TRUE", "FALSE", "NULL", "DEFAULT"):
        return written.upper()
    return _quoted(value[0]) if name.startswith(("CHARACTER", "COLLATION")) else _requoted(value[0])


def _quoted(token: Token) -> str:
    written = token.text.strip("'\"`").lower()
    return written.upper() if written == "default" else f"'{written}'"


def _requoted(token: Token) -> str:
    if token.kind is TokenKind.LITERAL:
        return token.text
    return f"'{token.text}'"


def _by_comma(found: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        if token.kind is TokenKind.SYMBOL:
            depth += (token.text == "(") - (token.text == ")")
            if token.text == "," and not depth:
                parts.append([])
                continue
        parts[-1].append(token)
    return [part for part in parts if part]


def _word(statement: list[Token], at: int) -> str:
    return statement[at].text if at < len(statement) and statement[at].kind is TokenKind.WORD else ""


def _words(statement: list[Token]) -> list[str]:
    return [token.text for token in statement if token.kind is TokenKind.WORD]


def _raw(token: Token) -> bytes:
    """Return a name as bytes, without its quotes."""
    return (token.text if token.kind is TokenKind.NAME else token.written.strip("'\"")).encode("latin-1")
