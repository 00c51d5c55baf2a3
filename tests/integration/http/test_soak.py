"""A million requests, a third of them faulty, over a thousand connections, while servers drain and are replaced."""

from __future__ import annotations

import asyncio
import random
import resource
import signal
from collections import Counter
from contextlib import ExitStack, suppress
from typing import NamedTuple

import pytest
import uvloop

from crossover.runner import InlineRunner, answer_at_once
from functions import registry
from tests.support.server import Server, running_server

REQUESTS = 1_000_000
CONNECTIONS = 1_000
SERVERS = 4
FIRST_LINE = b"Crossover,000000000000\n"
HOST = b"Host: a\r\n\r\n"


class Exchange(NamedTuple):
    """What is sent, in parts; the status and body of each answer; and whether the server closes after them."""

    kind: str
    parts: tuple[bytes, ...]
    answers: tuple[tuple[bytes, bytes | None], ...]
    closes: bool = False


def exchanges() -> tuple[list[Exchange], list[Exchange]]:
    """Good ones and faulty ones."""
    (service,) = registry.load(["qrcode"])
    texts = [f"type=encode&data=text{number}" for number in range(500)]
    results = [FIRST_LINE + answer_at_once(service, text.encode(), InlineRunner()) for text in texts]
    good = [
        Exchange("good", (f"GET /qrcode?{text} HTTP/1.1\r\n".encode() + HOST,), ((b"200", result),))
        for text, result in zip(texts, results, strict=True)
    ]
    get, right = good[0].parts[0], (b"200", results[0])
    invalid = FIRST_LINE + b"INVALID"
    body = b"Host: a\r\nContent-Length: 5\r\n\r\nhello"
    return good, [
        Exchange("invalid", (b"GET /qrcode?type=decode&data=1 HTTP/1.1\r\n" + HOST,), ((b"200", invalid),)),
        Exchange("no parameters", (b"GET /qrcode HTTP/1.1\r\n" + HOST,), ((b"200", invalid),)),
        Exchange("another path", (b"GET /nowhere HTTP/1.1\r\n" + HOST,), ((b"404", b"not found"),)),
        Exchange("another method", (b"POST /qrcode HTTP/1.1\r\n" + body,), ((b"405", b"method not allowed"),)),
        Exchange("a body", (get[:-11] + body,), (right,)),
        Exchange("two parts", (get[:20], get[20:]), (right,)),
        Exchange("pipelined", (get * 5,), (right,) * 5),
        Exchange("pipelined and bad", (get * 2 + b"\x00",), (right, right, (b"400", None)), closes=True),
        Exchange("upgrade", (get[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",), (right,)),
        Exchange("close", (get[:-2] + b"Connection: close\r\n\r\n",), (right,), closes=True),
        Exchange("HTTP/1.0", (get.replace(b"1.1", b"1.0"),), (right,), closes=True),
        Exchange("no host", (b"GET /qrcode HTTP/1.1\r\n\r\n",), ((b"400", None),), closes=True),
        Exchange("no HTTP", (b"\x16\x03\x01\x02\x00",), ((b"400", None),), closes=True),
        Exchange("a head too large", (b"GET /?" + b"x" * 17_000,), ((b"431", None),), closes=True),
        Exchange("half a head", (get[:30],), (), closes=True),
    ]


class Soak:
    """Clients that go on until enough requests are sent, to whichever server takes new connections."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.port = 0
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._good, self._faulty = exchanges()

    async def client(self, seed: int) -> None:
        chance = random.Random(seed)
        while self.left > 0:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                while self.left > 0 and await self._exchange(chance, reader, writer):
                    pass
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def _exchange(
        self, chance: random.Random, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send and compare; whether the connection stays open."""
        exchange = chance.choice(self._faulty if chance.random() < 1 / 3 else self._good)
        self.left -= max(1, len(exchange.answers))
        for part in exchange.parts:
            writer.write(part)
            await asyncio.sleep(0)
        announced = False
        try:
            for status, body in exchange.answers:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                received = await reader.readexactly(length)
                announced = b"connection: close" in head
                if head[9:12] != status or (body is not None and received != body):
                    self.wrong.append(f"{exchange.kind}: {head!r} {received!r}")
                self.seen[exchange.kind] += 1
                if announced:
                    # While it drains a server answers the first of pipelined requests and closes.
                    return False
        except (OSError, EOFError, TimeoutError) as problem:
            self.wrong.append(f"{exchange.kind}: {problem!r}")
            return False
        return bool(exchange.answers)

    async def run(self, servers: list[Server]) -> None:
        total = self.left
        self.port = servers[0].port
        clients = [asyncio.create_task(self.client(seed)) for seed in range(CONNECTIONS)]
        for number, server in enumerate(servers[1:], 1):
            while self.left > total * (1 - number / len(servers)):
                await asyncio.sleep(0.05)
            self.port, before = server.port, servers[number - 1]
            before.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*clients)


@pytest.mark.heavy
def test_a_million_requests_a_third_faulty_are_answered_right_while_servers_drain() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, CONNECTIONS * 3)), hard))
    soak = Soak(REQUESTS)
    with ExitStack() as running:
        servers = [
            running.enter_context(running_server(drain_seconds=5, stop_seconds=30, max_connections=CONNECTIONS * 2))
            for _ in range(SERVERS)
        ]
        last = servers[-1]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(soak.run(servers))
            assert soak.wrong == []
            before = last.rss_kb()
            soak.left = REQUESTS // SERVERS
            runner.run(soak.run([last]))
        print(f"{dict(soak.seen)}; {before} and {last.rss_kb()} kB")  # noqa: T201
        assert soak.wrong == []
        assert last.rss_kb() - before < 4_000
        for server in servers[:-1]:
            assert server.process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert [server.log() for server in servers] == [""] * SERVERS
