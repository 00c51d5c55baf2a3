"""Serves a bundle behind an event source until the process is asked to end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import uvicorn
from rich.live import Live

from local.console import console
from local.emulator import live, quotas
from local.emulator.bill import Record
from local.emulator.bundle import Bundle
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.event_sources.base import EventSource
from local.emulator.gateway import Gateway
from local.emulator.protocol import TimedProtocol

MAX_CONNECTIONS = 4_000
MAX_HEAD = 80 * 1024
"""Bytes of request line and headers: above every event source's own limit, so that the source answers first."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: where the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it. asyncio sets it only where the listener's protocol is named: without, an answer of
    # two writes waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


@dataclass(frozen=True)
class ServeOptions:
    """How functions are served."""

    concurrency: int = quotas.ACCOUNT_CONCURRENCY
    """Concurrent executions of the account."""
    records: Path | None = None
    """File that gets a line of JSON for each invocation."""
    on_log: Callable[[str, bytes], None] | None = None
    """Receives the name of a function and what it printed."""
    show: bool = False
    """Whether the terminal shows the live table."""
    groups: bool = True
    """Whether control groups may be used."""
    announce: Callable[[str, int], Iterable[str]] = lambda _host, _port: ()
    """Returns lines to print before anything is served, for the address that is listened on."""


async def serve(bundle: Bundle, source: EventSource, listener: socket.socket, options: ServeOptions) -> None:
    """Serve until the server gets a signal to end; then kill every environment.

    Raises:
        BadSpec: for a function that Lambda would refuse.
        Missing: where AWS's runtime client is not installed.
        OSError: where the records cannot be written.
    """
    gateway: Gateway | None = None
    with _appending(options.records) as file:

        def on_record(record: Record) -> None:
            if gateway:
                gateway.add(record)
            if file:
                file.write(record.json() + "\n")
                file.flush()

        config = EmulatorConfig(concurrency=options.concurrency, groups=options.groups)
        on_log = options.on_log or (lambda _name, _chunk: None)
        async with Emulator(bundle.functions.values(), config, on_record, on_log) as emulator:
            gateway = Gateway(emulator, source, bundle.routes, bundle.doors)
            server = uvicorn.Server(_server_config(gateway))
            host, port = listener.getsockname()[:2]
            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            for line in options.announce(f"[{host}]" if ":" in host else host, port):
                console.print(line, soft_wrap=True, markup=False, highlight=False)
            drawing = asyncio.create_task(_draw(gateway, address)) if options.show else None
            if not options.show:
                console.print(
                    f"{address} as {gateway.summary()['source']}; {address}/_lambda shows the inside", soft_wrap=True
                )
                console.print(emulator.note, soft_wrap=True)
            try:
                await server.serve(sockets=[listener])
            finally:
                if drawing:
                    drawing.cancel()
                    with suppress(asyncio.CancelledError):
                        await drawing


def _server_config(gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
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


def _appending(path: Path | None) -> AbstractContextManager[IO[str] | None]:
    return path.open("a", encoding="utf-8") if path else nullcontext()


async def _draw(gateway: Gateway, address: str) -> None:
    with Live(console=console, refresh_per_second=2 / live.REFRESH_SECONDS, transient=False) as screen:
        while True:
            screen.update(live.table(gateway.summary(), address))
            await asyncio.sleep(live.REFRESH_SECONDS)
