"""Servers of a few lines that behave as badly as a test wants."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[["PreparedRequest"], Awaitable[object]]


class PreparedRequest:
    """A request that a little server has to answer somehow."""

    def __init__(self, head: bytes, number: int, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.number = number
        """How many were before it, on all connections."""
        self.writer = writer

    @property
    def path(self) -> str:
        return self.head.split(b" ")[1].decode()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, result: bytes, *headers: bytes, status: bytes = b"200 OK") -> None:
        body = b"TEAM,ACCOUNT\n" + result
        await self.send(b"\r\n".join((b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *headers, b"", body)))


class LittleServer:
    """What has come in so far, and where."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []
        self._behaviour = behaviour
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> LittleServer:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for each in self._serving:
            each.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, OSError):
                while not writer.is_closing():
                    head = await reader.readuntil(b"\r\n\r\n")
                    self.heads.append(head)
                    await self._behaviour(PreparedRequest(head, len(self.heads) - 1, writer))
        finally:
            writer.close()


@contextmanager
def in_a_thread(behaviour: Behaviour) -> Iterator[LittleServer]:
    """The server on a loop of its own, for tests that block."""
    loop = asyncio.new_event_loop()
    server = LittleServer(behaviour)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
