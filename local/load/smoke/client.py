"""Asks the cases of a smoke test over HTTP, each in bounded time and space."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import httpx

from local.load.address import split
from local.workloads.cases import Case
from local.workloads.judge import ExpectedResult, HttpAnswer, faults, first_line_of

MAX_BYTES = 8_000_000
"""Of an answer; Lambda gives 6 MB at most."""
MAX_SILENT = 3
"""Requests in a row that get no answer; after them the others are not asked, so that a dead server is found soon."""

Verdict = Literal["right", "in form", "wrong", "no answer", "not asked"]


class CaseOutcome(NamedTuple):
    """What came of a case. `in form`: the right result is not known here, and the rest was right."""

    case: Case
    verdict: Verdict
    problem: str = ""
    status: int | None = None
    milliseconds: float | None = None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.verdict in ("right", "in form")


def address_of(url: str) -> str:
    """Return the address of a server, without a slash at its end. Raises `UserError`."""
    split(url)
    return url.rstrip("/")


async def ask_all(
    address: str,
    cases: Sequence[Case],
    seconds: float,
    on_answer: Callable[[], object] = lambda: None,
    first_line: bytes | None = None,
) -> list[CaseOutcome]:
    """Ask one case after the other over connections that stay open; `on_answer` is called after each.

    `seconds` bound each request, connecting included. All answers of services begin with `first_line`, TEAM,ACCOUNT and
    a line feed; by default with what the first one begins with.
    """
    outcomes: list[CaseOutcome] = []
    silent = 0
    tls = ssl.create_default_context()
    # A connection for each request: a server may close a kept one just as the next request is sent on it.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=None, verify=tls, trust_env=False, limits=limits) as client:  # noqa: S113 - asyncio's bounds all
        for case in cases:
            if silent == MAX_SILENT:
                outcomes.append(CaseOutcome(case, "not asked"))
                continue
            begun = time.perf_counter()
            answer = await _ask(client, address, case, seconds)
            milliseconds = (time.perf_counter() - begun) * 1000
            if isinstance(answer, str):
                silent += 1
                outcomes.append(CaseOutcome(case, "no answer", answer, None, milliseconds))
            else:
                silent = 0
                outcomes.append(judged(case, answer, first_line, milliseconds))
                if isinstance(case.expected, ExpectedResult):
                    first_line = first_line or first_line_of(answer)
            on_answer()
    return outcomes


def judged(
    case: Case, answer: HttpAnswer, first_line: bytes | None = None, milliseconds: float | None = None
) -> CaseOutcome:
    """Return an answer, however it came, held against its case."""
    problems = faults(case.expected, answer, first_line)
    known = not isinstance(case.expected, ExpectedResult) or case.expected.result is not None
    verdict: Verdict = "wrong" if problems else "right" if known else "in form"
    return CaseOutcome(case, verdict, "; ".join(problems), answer.status, milliseconds)


async def _ask(client: httpx.AsyncClient, address: str, case: Case, seconds: float) -> HttpAnswer | str:
    """Return the answer, or why there is none."""
    path = {"target": case.path.encode()}  # as it stands: no client may correct what a case gets wrong
    try:
        async with asyncio.timeout(seconds), client.stream(case.method, address, extensions=path) as response:
            body = b""
            async for part in response.aiter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    return f"the answer is larger than {MAX_BYTES:,} bytes"
            return HttpAnswer(response.status_code, dict(response.headers), body)
    except TimeoutError:
        return f"no whole answer within {seconds:g} s"
    except httpx.ConnectError as problem:
        return f"no connection: {_reason(problem)}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
        return str(problem) or type(problem).__name__


def _reason(problem: BaseException) -> str:
    """Return what the operating system said, where it is behind an error."""
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return os.strerror(cause.errno) if cause.errno and cause.errno > 0 else cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(problem)
