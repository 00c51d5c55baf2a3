"""Sends requests over many keep-alive connections and compares every answer."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from local.cli.report import UserError
from local.load.mix import Asked

ANSWER_SECONDS = 10
"""How long a server may take for its first answer."""


@dataclass
class Outcome:
    """What came back. Latencies in ms, over all answers, as a client on the same machine saw them."""

    right: int = 0
    wrong: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Requests that got an answer, right or wrong."""
        return self.right + self.wrong

    def percentile(self, share: float) -> float:
        """The latency in ms that `share` of the answers kept to."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def check_address(url: str) -> str:
    """The address of a server that answers, without a slash at its end. Raises `UserError`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise UserError("--url is the address of a running server, http://HOST:PORT")
    address = url.rstrip("/")
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=ANSWER_SECONDS):
            return address
    except urllib.error.HTTPError as answer:
        # Somebody is there, though a Lambda function's front door knows no such path.
        answer.close()
        return address
    except (OSError, ValueError, HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        raise UserError(f"no server answers at {parts.scheme}://{parts.netloc.rpartition('@')[2]}: {reason}") from None


async def send(
    address: str, requests: Sequence[Asked], count: int, connections: int, progress: Callable[[int], object]
) -> Outcome:
    """Asks `count` requests, taken round and round, over `connections` connections that stay open.

    `progress` is told the number of answers every tenth of a second.
    """
    outcome = Outcome()
    left = iter(range(count))
    targets = [(URL(address + asked.path, encoded=True), asked.result) for asked in requests]

    async def client(session: aiohttp.ClientSession) -> None:
        for number in left:
            url, expected = targets[number % len(targets)]
            begun = time.perf_counter()
            try:
                async with session.get(url) as answer:
                    body = await answer.read()
            except (aiohttp.ClientError, TimeoutError) as problem:
                outcome.errors[type(problem).__name__] += 1
                continue
            outcome.latencies_ms.append((time.perf_counter() - begun) * 1000)
            if answer.status == 200 and body.partition(b"\n")[2] == expected:
                outcome.right += 1
            else:
                outcome.wrong += 1

    async def report() -> None:
        while True:
            progress(outcome.answered + outcome.errors.total())
            await asyncio.sleep(0.1)

    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
        begun = time.perf_counter()
        reporter = asyncio.create_task(report())
        await asyncio.gather(*(client(session) for _ in range(connections)))
        outcome.seconds = time.perf_counter() - begun
        reporter.cancel()
        progress(count)
    return outcome
