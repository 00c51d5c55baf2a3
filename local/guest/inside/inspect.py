"""Run a guest's application on requests and report what it does besides answering: one line of JSON in a file."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import threading
import time
from typing import Any
from urllib.parse import unquote

TEMPORARY = ("/tmp/", "/dev/", "/proc/", "/var/tmp/")  # noqa: S108 - what Lambda lets write, or is no file
SETTLE_SECONDS = 0.05
POOLS = ("asyncio_", "WSGI", "ThreadPoolExecutor", "AnyIO worker thread", "MainThread")
MAX_FILES = 50


class Inspector:
    """Counts what the application does."""

    def __init__(self) -> None:
        self._directory = os.getcwd()  # noqa: PTH109
        self.written: dict[str, None] = {}
        self.streamed: list[int] = []
        self.after_answer_ms: list[tuple[int, float]] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note the files that are opened for writing, and SQLite's databases (`sys.addaudithook`)."""
        if len(self.written) >= MAX_FILES:
            return
        if event == "sqlite3.connect":
            path = arguments[0]
            if path in ("", ":memory:", b"", b":memory:") or "mode=memory" in str(path):
                return
        elif event != "open" or not _writes(*arguments[1:]):
            return
        else:
            path = arguments[0]
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # the number of an open file
        name = os.path.abspath(os.fsdecode(os.fspath(path)).removeprefix("file:").partition("?")[0])  # noqa: PTH100
        own = name.startswith(f"{self._directory}/")
        if (own or not name.startswith(TEMPORARY)) and "__pycache__" not in name:
            self.written[name] = None

    async def ask(self, app: Any, state: dict[str, Any], number: int, request: list[Any]) -> None:
        """Send one request and see how its answer comes."""
        method, target, headers, body = request
        path, _, query = target.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in headers)],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "state": dict(state),
        }
        content = base64.b64decode(body)
        if content:
            scope["headers"].append((b"content-length", b"%d" % len(content)))
        messages = [{"type": "http.request", "body": content, "more_body": False}]
        answered = asyncio.Event()
        end = 0.0
        parts = 0

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            nonlocal end, parts
            if message["type"] == "http.response.body":
                parts += bool(message.get("body"))
                if not message.get("more_body"):
                    end = time.perf_counter()
                    answered.set()

        try:
            await app(scope, receive, send)
        except Exception:
            return  # the answers of both platforms show it
        if parts > 1:
            self.streamed.append(number)
        if end:
            self.after_answer_ms.append((number, (time.perf_counter() - end) * 1000))


def _writes(mode: Any, flags: Any) -> bool:
    """Return whether a file is opened for writing."""
    if isinstance(mode, str) and any(letter in mode for letter in "wxa+"):
        return True
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


async def inspect(application: Any, requests: list[list[Any]], inspector: Inspector) -> int:
    """Run the lifespan and all requests; return how many tasks are left."""
    from mangum.protocols import LifespanCycle

    state: dict[str, Any] = {}
    if application.kind == "asgi":
        cycle = LifespanCycle(application.asgi, "auto")
        task = asyncio.ensure_future(cycle.run())
        await cycle.startup()
        state = cycle.lifespan_state
    else:
        task = None
    known = {task, asyncio.current_task()}
    for number, request in enumerate(requests):
        await inspector.ask(application.asgi, state, number, request)
    await asyncio.sleep(SETTLE_SECONDS)
    return len(asyncio.all_tasks() - known)


def main() -> None:
    """Inspect the application named by the first argument, with the requests on standard input."""
    own = os.getpid()
    file = os.path.abspath(sys.argv[2])  # noqa: PTH100
    requests = json.loads(sys.stdin.read())
    inspector = Inspector()
    sys.addaudithook(inspector.audit)
    from .loading import load_or_exit

    begun = time.perf_counter()
    application = load_or_exit(sys.argv[1])
    import_seconds = time.perf_counter() - begun
    tasks = asyncio.new_event_loop().run_until_complete(inspect(application, requests, inspector))
    threads = [thread.name for thread in threading.enumerate() if not thread.name.startswith(POOLS)]
    report = {
        "import_seconds": import_seconds,
        "streamed": inspector.streamed,
        "after_answer_ms": inspector.after_answer_ms,
        "tasks": tasks,
        "threads": len(threads),
        "written": list(inspector.written),
    }
    if os.getpid() == own:  # and not a fork that the application has made
        with open(file, "w") as out:  # noqa: PTH123
            out.write(json.dumps(report))
    os._exit(0)  # threads that the application has started do not matter
