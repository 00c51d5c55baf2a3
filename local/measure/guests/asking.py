"""Every request asked twice on each platform, in its order: what the platforms are compared by."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from local.emulator.actions import Ending
from local.emulator.emulator import Emulator
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import BadAnswer, Call, WireRequest
from local.emulator.function import EmulatedFunction, new_id, new_trace
from local.emulator.spec import FunctionSpec
from local.workloads.requests.answers import RecordedAnswer
from local.workloads.requests.recorded import FORWARDED, WITH_BODY, RecordedRequest

SOURCE = EVENT_SOURCES["url"]
HOST = "localhost"
"""The host that requests name on both platforms."""
TIMES = 2
SECONDS = 30.0
"""For an answer."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class OnLambda:
    """What an emulated environment answered, and what it used."""

    answers: list[list[RecordedAnswer]]
    """One list for each time."""
    peak_bytes: int
    init_ms: float


def ask_container(address: str, requests: Sequence[RecordedRequest], host: str = HOST) -> list[list[RecordedAnswer]]:
    """Return a server's answers, one list for each time that all requests were asked, as through a load balancer."""
    return [[_over_http(address, request, host) for request in requests] for _ in range(TIMES)]


def ask_lambda(function: FunctionSpec, requests: Sequence[RecordedRequest]) -> OnLambda:
    """Return the answers of one emulated environment."""
    return asyncio.run(_ask_lambda(function, requests))


def http_request(request: RecordedRequest) -> WireRequest:
    """Return a recorded request as an event source gets it."""
    path, _, query = request.target.partition("?")
    headers = list(request.headers_sent(("host", HOST)))
    if request.body:
        headers.append(("content-length", str(len(request.body))))
    return WireRequest(request.method, path, query, tuple(headers), request.body)


def event_of(request: RecordedRequest) -> bytes:
    """Return the event that a Function URL makes of a request."""
    call = Call(new_id(), datetime.now(UTC), new_trace())
    return json.dumps(SOURCE.event(http_request(request), call)).encode()


async def _ask_lambda(function: FunctionSpec, requests: Sequence[RecordedRequest]) -> OnLambda:
    inits: list[float] = []
    async with Emulator([function], on_record=lambda record: inits.append(record.init_ms or 0.0)) as emulator:
        emulated = emulator.functions[function.name]
        answers = [[await _invoked(emulated, request) for request in requests] for _ in range(TIMES)]
        await emulated.settled()
        return OnLambda(answers, emulated.peak_bytes, inits[0] if inits else 0.0)


async def _invoked(function: EmulatedFunction, request: RecordedRequest) -> RecordedAnswer:
    outcome = await function.invoke(event_of(request))
    if outcome.ending is not Ending.SUCCESS:
        return RecordedAnswer(0, error=f"{outcome.ending.value}: {_message(outcome.payload)}")
    try:
        response = SOURCE.response(outcome.payload)
    except BadAnswer as problem:
        return RecordedAnswer(0, error=f"no HTTP answer: {problem}")
    headers = tuple((name.lower(), value) for name, value in response.headers)
    return RecordedAnswer(response.status, headers, b"" if request.method == "HEAD" else response.body)


def _message(payload: bytes) -> str:
    try:
        return str(json.loads(payload)["errorMessage"])[:200]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _over_http(address: str, request: RecordedRequest, host: str) -> RecordedAnswer:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=SECONDS)
    try:
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers_sent(("host", host), *FORWARDED):
            connection.putheader(name, value)
        if request.body or request.method in WITH_BODY:
            connection.putheader("content-length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        body = response.read(MAX_ANSWER_BYTES)
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        return RecordedAnswer(response.status, headers, body)
    except (OSError, ValueError, http.client.HTTPException) as problem:
        return RecordedAnswer(0, error=str(problem) or type(problem).__name__)
    finally:
        connection.close()
