"""Clients that keep their connections as a load balancer does, and go on until the server announces the close.

What they hold against a server that stops: a request sent before its connection's close was announced has to be
answered. A client whose answer says `Connection: close` is told; it asks nothing more.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.load.smoke.judge import Answer, faults
from local.workloads.cases import Case

ANSWER_SECONDS = 20
NO_ANSWER = (OSError, EOFError, TimeoutError, LookupError, ValueError, asyncio.LimitOverrunError)
"""The connection broke, nothing came, or something that is no answer."""


@dataclass
class Told:
    """What clients met."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    """What was wrong with answers, for each of them."""
    lost: list[str] = field(default_factory=list)
    """Why a request that was sent got no answer, for each of them."""
    announced: int = 0
    """Clients that were told of the close."""


class Clients:
    """`count` clients with one connection each, which ask these requests round and round, some with pauses.

    The pauses grow from client to client, from none to `pause` seconds: some connections are busy when the server
    stops, and some idle.
    """

    def __init__(self, port: int, cases: Sequence[Case], count: int, pause: float = 0.0) -> None:
        self.told = Told()
        self._port = port
        self._cases = itertools.cycle(cases)
        self._pauses = [pause * number / max(count - 1, 1) for number in range(count)]

    async def ask(self, requests: int) -> None:
        """Asks so many in all, then closes."""
        left = iter(range(requests))
        await asyncio.gather(*(self._client(pause, left) for pause in self._pauses))

    async def ask_until_told(self) -> None:
        """Goes on until every client was told of the close, or met a loss."""
        await asyncio.gather(*(self._client(pause, itertools.count()) for pause in self._pauses))

    async def _client(self, pause: float, left: Iterable[int]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as problem:
            self.told.lost.append(f"no connection: {problem}")
            return
        try:
            for _ in left:
                case = next(self._cases)
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        writer.write(f"GET {case.path} HTTP/1.1\r\nHost: pod\r\n\r\n".encode())
                        answer = await _answer(reader)
                except NO_ANSWER as problem:
                    self.told.lost.append(f"{type(problem).__name__} {problem}".strip())
                    return
                if found := faults(case.expected, answer):
                    self.told.wrong.append(f"{case.service}, {case.asked}: {found[0]}")
                else:
                    self.told.right += 1
                if answer.headers.get("connection") == "close":
                    self.told.announced += 1
                    return
                await asyncio.sleep(pause)
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """An answer whose head says its length, as every answer of the bundle does."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(lines[0].split(" ")[1]), headers, body)
