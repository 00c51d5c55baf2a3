"""The emulator's HTTP server against clients that take their time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from local.emulator.protocol import TimedProtocol
from local.emulator.serve import listen


class Hasty(TimedProtocol):
    request_seconds = 0.2


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    # Longer than a request may take to arrive: an answer may take its time.
    await asyncio.sleep(2 * Hasty.request_seconds)
    head = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def client() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(echo, http=Hasty, ws="none", lifespan="off", log_level="error", timeout_keep_alive=30)
        server = uvicorn.Server(config)
        config.load()
        loop = asyncio.get_running_loop()
        made = await loop.create_server(lambda: Hasty(config, server.server_state, {}), sock=listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        yield reader, writer
        writer.close()
        made.close()
        await asyncio.gather(*server.server_state.tasks)


async def read(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.read()


@pytest.mark.parametrize("part", [b"G", b"GET /q", b"GET /q HTTP/1.1\r\nhost: x\r\n"])
async def test_a_head_that_does_not_end_is_answered_408(part: bytes, client: Any) -> None:
    reader, writer = client
    writer.write(part)
    assert (await read(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_comes_byte_by_byte_has_no_longer_time(client: Any) -> None:
    reader, writer = client
    answer = asyncio.create_task(read(reader))
    for _ in range(1000):
        if answer.done():
            break
        writer.write(b"G")
        await asyncio.sleep(0.01)
    assert answer.done()


async def test_a_connection_that_says_nothing_is_closed_in_silence(client: Any) -> None:
    assert await read(client[0]) == b""


async def test_a_body_that_does_not_end_is_cut_off(client: Any) -> None:
    reader, writer = client
    writer.write(b"POST /q HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
    assert await read(reader) == b""


async def test_a_second_request_has_a_clock_of_its_own_and_answers_have_none(client: Any) -> None:
    reader, writer = client
    whole = b"POST /q HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody"
    for _ in range(2):
        writer.write(whole)
        assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
    await asyncio.sleep(2 * Hasty.request_seconds)
    writer.write(whole)
    assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
    writer.write(whole + b"GET /half")
    assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 ")
    assert (await read(reader)).startswith(b"HTTP/1.1 408 ")
