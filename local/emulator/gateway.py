"""A source with an emulator behind it, as an ASGI application; `/_lambda` shows the inside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.emulator import quotas
from local.emulator.actions import Ending
from local.emulator.bill import Record
from local.emulator.emulator import Emulator
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import (
    FRAMING,
    BadAnswer,
    Call,
    EventSource,
    HttpResponse,
    SourceFault,
    WireRequest,
)
from local.emulator.function import EmulatedFunction, InvocationOutcome, new_id, new_trace
from local.emulator.invoke_api import InvokeApi
from local.emulator.metrics import FunctionMetrics
from local.emulator.routing import Door, Key, Routes, behind, called, route

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

PAGE = Path(__file__).with_name("page.html")

FAULTS = {
    Ending.ERROR: SourceFault.FUNCTION_ERROR,
    Ending.EXIT: SourceFault.FUNCTION_ERROR,
    Ending.MEMORY: SourceFault.FUNCTION_ERROR,
    Ending.INIT_ERROR: SourceFault.FUNCTION_ERROR,
    Ending.TIMEOUT: SourceFault.FUNCTION_TIMEOUT,
    Ending.TOO_LARGE: SourceFault.ANSWER_TOO_LARGE,
    Ending.THROTTLED: SourceFault.THROTTLED,
}


class Gateway:
    """The ASGI application."""

    def __init__(self, emulator: Emulator, source: EventSource, routes: Routes, doors: Sequence[Door] = ()) -> None:
        """Answer on `routes` behind `source`, or on each of `doors` behind its own event source."""
        self.emulator = emulator
        self.source = source
        self.routes = dict(routes)
        self._doors = doors
        self._invoke_api = InvokeApi(emulator.functions)
        self.metrics: dict[str, FunctionMetrics] = {name: FunctionMetrics() for name in self._all_routes().values()}

    def add(self, record: Record) -> None:
        """Add a record to the figures."""
        self.metrics.setdefault(record.function, FunctionMetrics()).add(record)

    def summary(self) -> dict[str, Any]:
        """Return everything that page and table show."""
        functions, routes = [], self._all_routes()
        for name, function in self.emulator.functions.items():
            scaling = function.function.scaling
            functions.append(
                {
                    "name": name,
                    "paths": list(dict.fromkeys(path for (_, path), owner in routes.items() if owner == name)),
                    "memory_mb": scaling.memory_mb,
                    "timeout_s": scaling.timeout,
                    "states": {state.value: count for state, count in function.fleet.states().items()},
                    **self.metrics.setdefault(name, FunctionMetrics()).summary(),
                }
            )
        title = " and ".join(dict.fromkeys(EVENT_SOURCES[door.shape].title for door in self._doors))
        return {"source": title or self.source.title, "note": self.emulator.note, "functions": functions}

    def _all_routes(self) -> dict[Key, str]:
        doors = [door.routes for door in self._doors]
        return {key: name for routes in (self.routes, *doors) for key, name in routes.items()}

    async def handle(self, request: WireRequest) -> HttpResponse:
        """Answer one request as the event source does."""
        if self._doors:
            source, routes, key = behind(self._doors, request)
        else:
            source, routes, key = self.source, self.routes, route(self.source, self.routes, request)
        fault = source.refuse(request)
        if fault or key is None:
            return source.fault(fault or SourceFault.NO_ROUTE)
        call = called(source, key, request, Call(new_id(), datetime.now(UTC), new_trace()))
        return await self._invoke(source, self.emulator.functions[routes[key]], request, call)

    async def _invoke(
        self, source: EventSource, function: EmulatedFunction, request: WireRequest, call: Call
    ) -> HttpResponse:
        event = json.dumps(source.event(request, call), separators=(",", ":")).encode()
        if len(event) > quotas.PAYLOAD:
            return source.fault(SourceFault.EVENT_TOO_LARGE)
        invoking = function.invoke(event, trace=call.trace)
        if source.timeout is None or function.function.scaling.timeout < source.timeout:
            return answered(source, await invoking)
        task = asyncio.ensure_future(invoking)
        done, _ = await asyncio.wait({task}, timeout=source.timeout)
        return answered(source, task.result()) if done else source.fault(SourceFault.SOURCE_TIMEOUT)

    # --- ASGI ---

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer an HTTP request; the server switches lifespan and WebSockets off."""
        path = scope["raw_path"].decode("latin-1")
        if path == "/_lambda":
            response = HttpResponse(200, (("content-type", "text/html; charset=utf-8"),), PAGE.read_bytes())
        elif path == "/_lambda/state":
            body = json.dumps(self.summary()).encode()
            response = HttpResponse(200, (("content-type", "application/json"), ("cache-control", "no-store")), body)
        else:
            request = await _request(scope, receive, path)
            response = await self._invoke_api.handle(request) or await self.handle(request)
        bodiless = scope["method"] == "HEAD" or response.status in (204, 304)
        headers = [
            (name.lower().encode("ascii"), value.encode("utf-8"))
            for name, value in response.headers
            if name.lower() not in FRAMING
        ]
        if response.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if bodiless else response.body})


def answered(source: EventSource, outcome: InvocationOutcome) -> HttpResponse:
    """Return what the caller gets for an invocation's outcome."""
    if outcome.ending is not Ending.SUCCESS:
        return source.fault(FAULTS[outcome.ending])
    if source.answer_limit is not None and len(outcome.payload) > source.answer_limit:
        return source.fault(SourceFault.ANSWER_TOO_LARGE)
    try:
        return source.response(outcome.payload)
    except BadAnswer:
        return source.fault(SourceFault.BAD_ANSWER)


MAX_BODY = 10 * quotas.MB + 1
"""Bytes: no event source takes more. What is beyond is read and dropped, for the source to refuse."""


async def _request(scope: dict[str, Any], receive: Receive, path: str) -> WireRequest:
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        if size < MAX_BODY:
            parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    client = scope.get("client") or ("127.0.0.1", 0)
    query = scope["query_string"].decode("latin-1")
    return WireRequest(scope["method"], path, query, headers, b"".join(parts), client[0])
