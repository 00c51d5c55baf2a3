"""Serves a bundle through a door, until somebody ends it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO

import uvicorn
from rich.live import Live

from local.console import console
from local.emulator import live, quotas
from local.emulator.bill import Record
from local.emulator.bundle import Bundle
from local.emulator.emulator import Emulator
from local.emulator.event_sources.base import Door
from local.emulator.gateway import Gateway
from local.emulator.protocol import TimedProtocol

MAX_CONNECTIONS = 4_000
MAX_HEAD = 80 * 1024
"""Request line and headers: more than any door takes, so that a door can refuse in its own words, and no more."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(
    bundle: Bundle,
    door: Door,
    listener: socket.socket,
    concurrency: int = quotas.ACCOUNT_CONCURRENCY,
    records: Path | None = None,
    on_log: Callable[[str, bytes], None] | None = None,
    show: bool = False,
    groups: bool = True,
) -> None:
    """Serves until the server is told to end; then every environment is killed. `records` is a file of JSON lines."""
    gateway: Gateway | None = None
    with _appending(records) as file:

        def on_record(record: Record) -> None:
            if gateway:
                gateway.add(record)
            if file:
                file.write(record.json() + "\n")
                file.flush()

        functions = bundle.functions.values()
        async with Emulator(
            functions, concurrency=concurrency, on_record=on_record, on_log=on_log, groups=groups
        ) as emulator:
            gateway = Gateway(emulator, door, bundle.routes)
            config = uvicorn.Config(
                gateway,
                http=TimedProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="error",
                server_header=False,
                date_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS,
                h11_max_incomplete_event_size=MAX_HEAD,
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            host, port = listener.getsockname()[:2]
            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            drawing = asyncio.create_task(_draw(gateway, address)) if show else None
            if not show:
                console.print(f"{address} as {door.title}; {address}/_lambda shows the inside", soft_wrap=True)
                console.print(emulator.note, soft_wrap=True)
            try:
                await server.serve(sockets=[listener])
            finally:
                if drawing:
                    drawing.cancel()
                    with suppress(asyncio.CancelledError):
                        await drawing


def _appending(path: Path | None) -> AbstractContextManager[IO[str] | None]:
    return path.open("a", encoding="utf-8") if path else nullcontext()


async def _draw(gateway: Gateway, address: str) -> None:
    with Live(console=console, refresh_per_second=2 / live.REFRESH_SECONDS, transient=False) as screen:
        while True:
            screen.update(live.table(gateway.summary(), address))
            await asyncio.sleep(live.REFRESH_SECONDS)
