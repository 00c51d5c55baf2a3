"""Ask a guest's application for its own OpenAPI document, and write it to a file; nothing where it has none."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

PATHS = ("/openapi.json", "/schema/openapi.json")
"""FastAPI's and Litestar's."""
SECONDS = 20


async def body_of(app: Any, path: str) -> bytes:
    """Return the body of the answer to a GET; empty unless its status is 200."""
    asked = [{"type": "http.request", "body": b"", "more_body": False}]
    status, parts = 0, []

    async def receive() -> dict[str, Any]:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }
    await asyncio.wait_for(app(scope, receive, send), SECONDS)
    return b"".join(parts) if status == 200 else b""


def main() -> None:
    """Ask the application named by the first argument; the second one names the file."""
    file = os.path.abspath(sys.argv[2])  # noqa: PTH100
    from .loading import load_or_exit

    application = load_or_exit(sys.argv[1])
    for path in PATHS:
        try:
            body = asyncio.new_event_loop().run_until_complete(body_of(application.asgi, path))
        except Exception:
            body = b""  # it has no such page, or needs what its lifespan makes
        if body.startswith(b"{"):
            with open(file, "wb") as out:  # noqa: PTH123
                out.write(body)
            break
    os._exit(0)
