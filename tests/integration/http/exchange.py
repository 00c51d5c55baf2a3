"""A connection to one of the container's protocols, without a process: what a client sends, and what becomes of it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

import uvloop
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from container.http.direct import DirectProtocol, DirectServices
from container.metrics.recorder import Metrics
from container.settings import ContainerSettings
from crossover.asgi import Bound, Headers, ServiceApp
from crossover.protocol import Envelope
from crossover.responses import Response
from crossover.runner import InlineRunner, Later, Unavailable
from crossover.seam import Fetch, Invalid, Request, Service, Step

RANDOM_ID = re.compile(rb"x-request-id: [0-9a-f]{32}\r\n")
"""The id of a request that came without one."""


def start(request: Request) -> Step:
    match request.one(b"say"):
        case b"invalid":
            raise Invalid("parameter", "say something else")
        case b"unavailable":
            raise Unavailable("asleep", retry_after=7)
        case b"fault":
            raise ZeroDivisionError
        case b"late-fault":
            return Fetch(b"later", lambda _: 1 // 0)
        case b"late-invalid":
            return Fetch(b"later", _refuse)
        case key if key.startswith((b"later", b"now")):
            return Fetch(key, lambda record: record or b"none")
        case text:
            return text


def _refuse(record: bytes | None) -> Step:
    raise Invalid("parameter", "late")


class SlowRunner(InlineRunner):
    """Fetches `now` at once, and `later` after some turns of the loop."""

    def fetch(self, key: bytes) -> bytes | Later | None:
        return Later(self._later(key)) if key.startswith(b"later") else key * 2

    async def _later(self, key: bytes) -> bytes:
        for _ in range(3):
            await asyncio.sleep(0)
        return key * 2


ECHO = Service("echo", "Say it again", start, (), ("parameter",))


class Fate(NamedTuple):
    """What a client saw: the bytes that it received, whether its connection was closed, and what was observed."""

    received: bytes
    closed: bool
    observed: list[tuple[int, int, Headers]]
    """Status, bytes and request headers of each answer of the service."""


class Exchange:
    """Exchanges bytes with connections of one protocol class, each on a server of its own."""

    def __init__(self, protocol: type[HttpToolsProtocol], settings: ContainerSettings | None = None) -> None:
        self.direct = 0
        """Requests that were answered directly."""
        self.loop = uvloop.new_event_loop()
        self._observed: list[tuple[int, int, Headers]] = []
        self._protocol = protocol
        self._settings = settings or ContainerSettings(team_name="100%", max_head_bytes=2_000)
        self._app = ServiceApp([Bound(ECHO, SlowRunner())], Envelope(self._settings), observe=self._observe)
        options: dict[str, Any] = {"access_log": False, "server_header": False, "date_header": False}
        self._config = Config(self._app, lifespan="off", log_config=None, **options)
        self._config.load()
        direct = DirectServices(self._app, Metrics([ECHO]), sampled=True)
        self._state = {"settings": self._settings, "direct": direct}
        if issubclass(protocol, DirectProtocol):
            exchange = self

            class Counting(protocol):  # type: ignore[valid-type, misc]
                def _answer(self, *arguments: Any) -> None:
                    exchange.direct += 1
                    super()._answer(*arguments)

            self._protocol = Counting

    def _observe(self, service: str, response: Response, seconds: float, headers: Headers) -> None:
        self._observed.append((response.status, len(response.body), headers))

    def close(self) -> None:
        self.loop.close()

    def __call__(self, pieces: Iterable[bytes], draining: bool = False, half_close: bool = False) -> Fate:
        return self.loop.run_until_complete(self._run(list(pieces), draining, half_close))

    async def _run(self, pieces: list[bytes], draining: bool, half_close: bool) -> Fate:
        self._observed, self._app.draining = [], draining
        server = ServerState()
        client, served = socket.socketpair()
        client.setblocking(False)
        with client:
            await self.loop.connect_accepted_socket(
                lambda: self._protocol(self._config, server, self._state, self.loop), served
            )
            received, closed = b"", False
            for piece in pieces:
                try:
                    client.send(piece)
                except OSError:
                    break
                await self._rest(server)
            if half_close:
                client.shutdown(socket.SHUT_WR)
                await self._rest(server)
            while not closed:
                try:
                    some = client.recv(1 << 20)
                except BlockingIOError:
                    break
                except ConnectionResetError:
                    some = b""
                closed = not some
                received += some
                await self._rest(server)
        await self._rest(server)
        return Fate(RANDOM_ID.sub(b"x-request-id: RANDOM\r\n", received), closed, self._observed)

    async def _rest(self, server: ServerState) -> None:
        """Wait until the server has done what it can."""
        for _ in range(3):
            await asyncio.sleep(0)
        for _ in range(1_000):
            if not server.tasks:
                break
            await asyncio.sleep(0)
        for _ in range(2):
            await asyncio.sleep(0)
