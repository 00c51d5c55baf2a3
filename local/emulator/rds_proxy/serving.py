"""Runs a proxy in the foreground: its page and metrics on a port of their own, a live table, and the log."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.console import console, stderr
from local.emulator.rds_proxy.proxy import HOST, RdsProxy
from local.emulator.serve import listen

KEPT_LINES = 50
"""Lines of the log that the page shows."""
REFRESH_SECONDS = 0.5
PAGE = Path(__file__).with_name("page.html")
BANNER = "an emulator of RDS Proxy's documented behaviour, for tests: do not use it in production"
Scope = MutableMapping[str, Any]


class ProxyLog:
    """The log's latest lines, and all of them on standard error."""

    def __init__(self, show: bool) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._show = show

    def __call__(self, line: str) -> None:
        """Take a line."""
        self.lines.append(line)
        if self._show:
            stderr.print(line, markup=False, highlight=False, soft_wrap=True)


class ProxyPage:
    """The page, its figures and the metrics, as an ASGI application."""

    def __init__(self, proxy: RdsProxy, log: ProxyLog) -> None:
        self._proxy = proxy
        self._log = log

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]
    ) -> None:
        """Answer one request."""
        answer = self._answer(scope["path"]) if scope["method"] in ("GET", "HEAD") else None
        status, kind, body = (200, *answer) if answer else (404, "text/plain", b"not found\n")
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str) -> tuple[str, bytes] | None:
        proxy = self._proxy
        if path == "/":
            return "text/html; charset=utf-8", PAGE.read_bytes()
        if path == "/metrics":
            return "text/plain; version=0.0.4", proxy.figures.exposition(proxy.gauges(), "default").encode()
        if path == "/figures.json":
            figures = {**proxy.figures.summary(proxy.gauges()), "waiting": proxy.pool.waiting}
            seen = {"endpoint": proxy.endpoint, "figures": figures, "log": list(self._log.lines)}
            return "application/json", json.dumps(seen).encode()
        return None


def live_table(proxy: RdsProxy, address: str) -> Table:
    """Return the figures of this moment as a table."""
    gauges, summary = proxy.gauges(), proxy.figures.summary(proxy.gauges())
    drawn = Table(box=None, pad_edge=False, header_style="bold", title=f"{BANNER}\n{address}", title_justify="left")
    for column in ("clients", "database", "borrowed", "pinned", "waiting", "queries", "borrow p50 us", "p99 us"):
        drawn.add_column(column, justify="right")
    borrow = summary["DatabaseConnectionsBorrowLatency"]
    pinned = gauges["DatabaseConnectionsCurrentlySessionPinned"]
    drawn.add_row(
        str(gauges["ClientConnections"]),
        f"{gauges['DatabaseConnections']} of {gauges['MaxDatabaseConnectionsAllowed']}",
        str(gauges["DatabaseConnectionsCurrentlyBorrowed"]),
        Text(str(pinned), style="red" if pinned else "dim"),
        str(proxy.pool.waiting),
        f"{summary['QueryRequests']:,}",
        *("–" if borrow[name] is None else f"{borrow[name]:.0f}" for name in ("p50", "p99")),
    )
    return drawn


async def serve_proxy(proxy: RdsProxy, log: ProxyLog, page_port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        proxy: The proxy, not yet entered.
        log: Its log.
        page_port: Port of the page; 0 takes a free one.
        announce: Called with the page's address once the proxy listens.
    """
    async with proxy:
        listener = listen(HOST, page_port)
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            ProxyPage(proxy, log), lifespan="off", access_log=False, log_level="error", timeout_graceful_shutdown=1
        )
        announce(address)
        drawing = asyncio.create_task(_draw(proxy, address)) if console.is_terminal else None
        try:
            await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            listener.close()
            if drawing:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing


async def _draw(proxy: RdsProxy, address: str) -> None:
    with Live(console=console, refresh_per_second=2 / REFRESH_SECONDS, transient=False) as screen:
        while True:
            screen.update(live_table(proxy, address))
            await asyncio.sleep(REFRESH_SECONDS)
