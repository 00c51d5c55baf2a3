"""What an answer has to be, and what is wrong with one: the services' protocol as its users see it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import eq
from typing import NamedTuple

TEXT = "text/plain; charset=utf-8"
FIRST_LINE = re.compile(rb"[^,\n]{1,400},[^,\n]{1,128}\n")
"""TEAM,ACCOUNT: 100 and 32 characters at most, each of four bytes at most."""
SHOWN_CHARACTERS = 60
"""Characters of a wrong answer that a report shows."""


class HttpAnswer(NamedTuple):
    """What came back. The names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ExpectedResult(NamedTuple):
    """A service's own answer: 200, the first line, the result. None: it is not known here, so only its form counts."""

    result: bytes | None
    reason: str = ""
    """The whole `X-Invalid-Reason`, where the result is INVALID."""
    codes: tuple[str, ...] = ()
    """What a reason may begin with where the result is not known."""
    same: Callable[[bytes, bytes], bool] = eq
    """Whether two results say the same."""


class Plain(NamedTuple):
    """An answer of the platform: one of these statuses, and the body where it is a fixed one."""

    statuses: tuple[int, ...]
    body: bytes | None = None
    allow: str = ""
    """The header `Allow` of a 405."""


Expected = ExpectedResult | Plain


def faults(expected: Expected, answer: HttpAnswer, first_line: bytes | None = None) -> list[str]:
    """Return what is wrong with an answer, in words; empty where it is right.

    `first_line` is what other answers of the same server began with, their line feed included.
    """
    if isinstance(expected, Plain):
        return _plain_faults(expected, answer)
    if answer.status != 200:
        return [f"status {answer.status}, not 200: {shown(answer.body)}"]
    problems = []
    if (kind := answer.headers.get("content-type", "")) != TEXT:
        problems.append(f"content-type {kind!r}, not {TEXT!r}")
    head = FIRST_LINE.match(answer.body)
    if head is None:
        return [*problems, f"the first line is not TEAM,ACCOUNT: {shown(answer.body)}"]
    if first_line not in (None, head.group()):
        problems.append("team and account differ from those of the answers before")
    result, reason = answer.body[head.end() :], answer.headers.get("x-invalid-reason", "")
    if expected.result is None:
        return problems + _form_faults(expected, result, reason)
    if not expected.same(result, expected.result):
        problems.append(f"{shown(result)}, not {shown(expected.result)}")
    if reason != expected.reason:
        problems.append(f"the reason is {reason[:SHOWN_CHARACTERS]!r}, not {expected.reason!r}")
    return problems


def first_line_of(answer: HttpAnswer) -> bytes | None:
    """Return the first line of a service's answer with its line feed; None where it is none."""
    head = FIRST_LINE.match(answer.body)
    return head.group() if head else None


def shown(body: bytes) -> str:
    """Return a body as a report shows it: in one line, cut, with its size where it was cut."""
    text = repr(body[:SHOWN_CHARACTERS].decode(errors="replace"))
    return text if len(body) <= SHOWN_CHARACTERS else f"{text}... ({len(body):,} bytes)"


def _form_faults(expected: ExpectedResult, result: bytes, reason: str) -> list[str]:
    if result == b"INVALID":
        known = reason.partition(":")[0] in expected.codes
        return (
            [] if known else [f"INVALID for the reason {reason[:SHOWN_CHARACTERS]!r}, which the service does not have"]
        )
    return [f"a reason, {reason[:SHOWN_CHARACTERS]!r}, for an answer that is not INVALID"] if reason else []


def _plain_faults(expected: Plain, answer: HttpAnswer) -> list[str]:
    if answer.status not in expected.statuses:
        return [f"status {answer.status}, not {' or '.join(map(str, expected.statuses))}: {shown(answer.body)}"]
    if expected.body is not None and answer.body != expected.body:
        return [f"{shown(answer.body)}, not {shown(expected.body)}"]
    if answer.status == 405 and answer.headers.get("allow", "") != expected.allow:
        return [f"allows {answer.headers.get('allow', '')!r}, not {expected.allow!r}"]
    return []
