"""SQL text as tokens, and as the digest that a log line shows: enough to see what pins, and no parser.

It works on bytes, as they came: what matters is ASCII, and in UTF-8 and the single-byte character sets no part of
another character looks like it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

MAX_DIGEST_CHARACTERS = 1024
"""Characters of a digest, as the default of MySQL's max_digest_length in bytes."""


class TokenKind(Enum):
    """What a token is."""

    WORD = auto()
    """A keyword or a name without quotes, in capitals."""
    NAME = auto()
    """A name in backquotes."""
    LITERAL = auto()
    """A string or a number."""
    USER_VARIABLE = auto()
    """`@name`, `@'name'` or `@` and a backquoted name."""
    SYSTEM_VARIABLE = auto()
    """`@@name`, `@@session.name` and the like, in capitals."""
    SYMBOL = auto()


class Token(NamedTuple):
    """A token: its kind, its text (words in capitals, names without quotes), and the text as it came."""

    kind: TokenKind
    text: str
    written: str


_LEXICON = rb"""
  (?P<space>\s++ | \#[^\n]*+ | --(?=\s|\Z)[^\n]*+ | /\*(?!M?!)(?:[^*]++|\*(?!/))*+(?:\*/|\Z))
| (?P<code>/\*M?![0-9]*+)
| (?P<codeend>\*/)
| (?P<string>[xXbBnN]?'(?:[^'\\]++|BACKSLASH|'')*+(?:'|\Z) | "(?:[^"\\]++|BACKSLASH|"")*+(?:"|\Z))
| (?P<system>@@(?:[\w$.]++|`[^`]*+`)++)
| (?P<user>@(?:[\w$.]++|`(?:[^`]|``)*+(?:`|\Z)|'[^']*+(?:'|\Z)|"[^"]*+(?:"|\Z)))
| (?P<name>`(?:[^`]|``)*+(?:`|\Z))
| (?P<number>0[xX][0-9a-fA-F]++ | (?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w$]))
| (?P<word>[\w$\x80-\xff]++)
| (?P<symbol>:= | \|\| | && | <=> | << | >> | [<>!]=? | <> | .)
"""
_ESCAPED = re.compile(_LEXICON.replace(b"BACKSLASH", rb"\\."), re.VERBOSE | re.DOTALL)
_UNESCAPED = re.compile(_LEXICON.replace(b"BACKSLASH", rb"\\"), re.VERBOSE | re.DOTALL)
_KINDS = {
    "string": TokenKind.LITERAL,
    "number": TokenKind.LITERAL,
    "system": TokenKind.SYSTEM_VARIABLE,
    "user": TokenKind.USER_VARIABLE,
    "name": TokenKind.NAME,
    "word": TokenKind.WORD,
    "symbol": TokenKind.SYMBOL,
}


def tokens(sql: bytes, backslash_escapes: bool = True) -> list[Token]:
    """Take a text apart. Comments are left out, except those that the server runs (`/*! ... */`).

    Args:
        sql: The text, of one or several statements.
        backslash_escapes: False for a session whose sql_mode has NO_BACKSLASH_ESCAPES.
    """
    tokens: list[Token] = []
    for match in (_ESCAPED if backslash_escapes else _UNESCAPED).finditer(sql):
        kind = _KINDS.get(match.lastgroup or "")
        if kind is None:
            continue
        written = read = match[0].decode("latin-1")
        if kind in (TokenKind.WORD, TokenKind.SYSTEM_VARIABLE):
            read = written.upper().replace("`", "")
        elif kind is TokenKind.NAME:
            read = written[1:].removesuffix("`").replace("``", "`")
        tokens.append(Token(kind, read, written))
    return tokens


def split(found: list[Token]) -> list[list[Token]]:
    """Split tokens into statements, at their semicolons."""
    statements: list[list[Token]] = [[]]
    for token in found:
        if token.kind is TokenKind.SYMBOL and token.text == ";":
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        ADD ALL ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CALL CASE CHARACTER COLLATE COMMIT COMMITTED CREATE
        DATABASE DEFAULT DELETE DESC DISTINCT DO DROP ELSE END ENGINE EXECUTE EXISTS EXPLAIN FLUSH FOR FROM GLOBAL
        GROUP HAVING IF IN INDEX INNER INSERT INTO IS ISOLATION JOIN KEY LEFT LEVEL LIKE LIMIT LOCAL LOCK NAMES NOT
        NULL OFFSET ON ONLY OR ORDER OUTER PREPARE PRIMARY READ REPEATABLE REPLACE ROLLBACK SELECT SERIALIZABLE
        SESSION SET SHARE SHOW START TABLE TABLES TEMPORARY THEN TO TRANSACTION TRUNCATE UNCOMMITTED UNION UNIQUE
        UNLOCK UPDATE USE USING VALUES WHEN WHERE WITH WRITE
        """,
    )
)


@lru_cache(maxsize=1024)
def digest(sql: bytes) -> str:
    """Normalise a text as MySQL's statement digests do, so that no value of a client reaches a log.

    Literals become `?`, names get backquotes, and a list of literals in brackets becomes `(...)`.
    """
    parts = []
    length = 0
    for token in tokens(sql[: 4 * MAX_DIGEST_CHARACTERS]):
        if token.kind is TokenKind.LITERAL:
            part = "?"
        elif token.kind is TokenKind.NAME or (token.kind is TokenKind.WORD and token.text not in _KEYWORDS):
            part = f"`{token.text.lower() if token.kind is TokenKind.WORD else token.text}`"
        else:
            part = token.text if token.kind is not TokenKind.SYSTEM_VARIABLE else token.text.lower()
        length += len(part) + 1
        if length > MAX_DIGEST_CHARACTERS:
            parts.append("...")
            break
        parts.append(part)
    return re.sub(r"\( \?(?: , \?)+ \)", "(...)", " ".join(parts))
