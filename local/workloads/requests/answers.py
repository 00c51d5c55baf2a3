"""Answers of two platforms compared: status, headers that matter, body; what changes by itself is left aside. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

CARRIED_HEADERS = frozenset(
    ("connection", "content-length", "date", "expires", "keep-alive", "server", "transfer-encoding", "x-amzn-trace-id")
)
"""Headers that say when an answer was made, or that whatever carries it writes itself."""
SHOWN_CHARACTERS = 60
"""Characters of a value that a difference shows."""
ERROR_SHOWN = 200
BEFORE = 20
"""Characters that a difference shows before the first one that differs."""
LIST = re.compile(r",\s*")
MAX_FIELDS = 2_000
"""Values of a JSON body that are compared one by one; a larger body is compared as a whole."""
MAX_DEPTH = 50


class RecordedAnswer(NamedTuple):
    """What came back. The names of headers are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""
    """Why there is no answer; empty where there is one."""


def fields(answer: RecordedAnswer) -> dict[str, str]:
    """Return what an answer says, value by value: `status`, `header NAME`, and `body` or `body.PATH` of JSON."""
    if answer.error:
        return {"error": answer.error}
    said = {"status": str(answer.status)}
    for name, value in answer.headers:
        if name not in CARRIED_HEADERS:
            key = f"header {name}"
            value = LIST.sub(", ", value)  # as proxies write it that join several headers to one
            said[key] = f"{said[key]}, {value}" if key in said else value
    document = _json(answer)
    values = dict(_leaves(document, "body", MAX_DEPTH)) if document is not None else {}
    if 0 < len(values) <= MAX_FIELDS:
        return said | values
    return {**said, "body": answer.body.decode("utf-8", "backslashreplace")}


class Expected(NamedTuple):
    """A recorded answer that later ones have to agree with."""

    answer: RecordedAnswer
    ignored: frozenset[str] = frozenset()
    """Fields that may differ, as `differences` takes them."""

    def differing(self, answer: RecordedAnswer) -> list[str]:
        """Return where an answer differs from the recorded one, one line each."""
        if answer.body == self.answer.body and _matter(answer) == _matter(self.answer):
            return []
        return differences(self.answer, answer, self.ignored)


def volatile(first: RecordedAnswer, second: RecordedAnswer) -> set[str]:
    """Return the fields that differ between two answers to the same request on the same platform."""
    return set(_differing(fields(first), fields(second)))


def differences(left: RecordedAnswer, right: RecordedAnswer, ignored: Collection[str]) -> list[str]:
    """Return where two answers differ, one line each: `header etag: 'a', 'b'`.

    Args:
        left: One platform's answer.
        right: The other's.
        ignored: Fields as `fields` names them, names of headers, or keys of JSON at any depth.
    """
    if left.error or right.error:
        sides = [repr(answer.error[:ERROR_SHOWN]) if answer.error else str(answer.status) for answer in (left, right)]
        return [] if left.error == right.error else [f"no answer: {', '.join(sides)}"]
    one, other = fields(left), fields(right)
    return [
        f"{name}{_values(one.get(name), other.get(name))}"
        for name in _differing(one, other)
        if not _is_ignored(name, ignored)
    ]


def _matter(answer: RecordedAnswer) -> list[tuple[str, str]]:
    return [header for header in answer.headers if header[0] not in CARRIED_HEADERS]


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]


def _is_ignored(name: str, ignored: Collection[str]) -> bool:
    if name.startswith("header "):
        return name in ignored or name.removeprefix("header ") in ignored
    parts = name.split(".")
    prefixes = (".".join(parts[: count + 1]) for count in range(len(parts)))
    return any(prefix in ignored for prefix in prefixes) or any(part in ignored for part in parts[1:])


def _values(one: str | None, other: str | None) -> str:
    """Return both values, long ones from where they begin to differ."""
    start = 0
    if one is not None and other is not None and max(len(one), len(other)) > SHOWN_CHARACTERS:
        common = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), -1)
        start = max(0, (common if common >= 0 else min(len(one), len(other))) - BEFORE)
    where = f" at {start}" if start else ""
    return f"{where}: {_shown(one, start)}, {_shown(other, start)}"


def _shown(text: str | None, start: int) -> str:
    if text is None:
        return "missing"
    part = text[start : start + SHOWN_CHARACTERS]
    return repr(("..." if start else "") + part + ("..." if len(text) > start + SHOWN_CHARACTERS else ""))


def _json(answer: RecordedAnswer) -> Any:
    kind = dict(answer.headers).get("content-type", "")
    if "json" not in kind:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth and isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}", depth - 1)
    elif depth and isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{name}.{number}", depth - 1)
    else:
        yield name, json.dumps(value, ensure_ascii=False, sort_keys=True)
