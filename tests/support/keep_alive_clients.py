"""Clients that keep their connections as a load balancer does, until the server announces the close.

A request sent before its connection's close was announced has to be answered; else it is lost. A client whose answer
says `Connection: close` has seen the announcement and asks nothing more.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.workloads.cases import Case
from local.workloads.judge import HttpAnswer, faults

ANSWER_SECONDS = 20
NO_ANSWER = (OSError, EOFError, TimeoutError, LookupError, ValueError, asyncio.LimitOverrunError)
"""The connection broke, nothing came, or something that is no answer."""


@dataclass
class Outcome:
    """What clients met."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    """What was wrong with answers, one text each."""
    lost: list[str] = field(default_factory=list)
    """Why a request that was sent got no answer, one text each."""
    announced: int = 0
    """Clients that saw the close announced."""


class KeepAliveClients:
    """`count` clients with one connection each, which send these requests round and round, some with pauses.

    The pauses grow from client to client, from none to `pause` seconds: some connections are busy when the server
    stops, and some idle.
    """

    def __init__(self, port: int, cases: Sequence[Case], count: int, pause: float = 0.0) -> None:
        self.outcome = Outcome()
        self._port = port
        self._cases = itertools.cycle(cases)
        self._pauses = [pause * number / max(count - 1, 1) for number in range(count)]

    async def ask(self, requests: int) -> None:
        """Send so many in all, then close."""
        left = iter(range(requests))
        await asyncio.gather(*(self._client(pause, left) for pause in self._pauses))

    async def ask_until_closed(self) -> None:
        """Go on until every client saw the close announced, or met a loss."""
        await asyncio.gather(*(self._client(pause, itertools.count()) for pause in self._pauses))

    async def _client(self, pause: float, left: Iterable[int]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as problem:
            self.outcome.lost.append(f"no connection: {problem}")
            return
        try:
            for _ in left:
                case = next(self._cases)
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        writer.write(f"GET {case.path} HTTP/1.1\r\nHost: pod\r\n\r\n".encode())
                        answer = await _answer(reader)
                except NO_ANSWER as problem:
                    self.outcome.lost.append(f"{type(problem).__name__} {problem}".strip())
                    return
                if wrong := faults(case.expected, answer):
                    self.outcome.wrong.append(f"{case.service}, {case.asked}: {wrong[0]}")
                else:
                    self.outcome.right += 1
                if answer.headers.get("connection") == "close":
                    self.outcome.announced += 1
                    return
                await asyncio.sleep(pause)
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> HttpAnswer:
    """An answer whose head has its length, as every answer of the bundle does."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    body = await reader.readexactly(int(headers["content-length"]))
    return HttpAnswer(int(lines[0].split(" ")[1]), headers, body)
