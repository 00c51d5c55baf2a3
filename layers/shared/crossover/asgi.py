"""Services as a bare ASGI application: what uvicorn serves in the container and Mangum calls on Lambda."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from crossover.request_id import request_id
from crossover.responses import Envelope, Response, text_response
from crossover.runner import Runner, Unavailable, drive
from crossover.seam import Invalid, Request, Service

Scope = MutableMapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

NOT_FOUND = text_response(404, b"not found")
METHOD_NOT_ALLOWED = text_response(405, b"method not allowed", (b"allow", b"GET"))
HEALTHY = text_response(200, b"ok")
CLOSE = (b"connection", b"close")

logger = logging.getLogger("crossover")
_told: dict[str, float] = {}
"""When an outage of a service was last told, in seconds of the monotonic clock."""


class Bound(NamedTuple):
    """A service with the runner that its platform gave it."""

    service: Service
    runner: Runner


async def answer(bound: Bound, query: bytes, envelope: Envelope, headers: Headers = ()) -> Response:
    """Runs one request to its end. Never raises: a fault of ours is logged and answered 500, with the request's id.

    The request's `headers` are looked at only where its id is needed.
    """
    try:
        step = bound.service.start(Request(query))
        if step.__class__ is not bytes:
            step = await drive(step, bound.runner)
        return envelope.result(step)
    except Invalid as problem:
        return envelope.invalid(problem)
    except Unavailable as problem:
        _tell(bound.service.name, problem, headers)
        return envelope.unavailable(problem)
    except Exception:
        named, service = request_id(headers), bound.service.name
        about = {"request_id": named, "service": service}
        logger.exception("the %s service failed at the request %s", service, named, extra=about)
        return envelope.failed(named)


def _tell(service: str, problem: Unavailable, headers: Headers) -> None:
    """Logs why a service is unavailable, once a second: an outage meets every request."""
    now = monotonic()
    if now - _told.get(service, -1.0) >= 1.0:
        _told[service] = now
        about = {"request_id": request_id(headers), "service": service}
        logger.warning("the %s service is unavailable: %s", service, problem, extra=about)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of every path that is nobody's."""
    await respond(NOT_FOUND, send)


async def respond(response: Response, send: Send) -> None:
    """Sends an answer as ASGI messages."""
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


Observe = Callable[[str, Response, Scope], None]


class ServiceApp:
    """Answers `GET /NAME` for each service and `GET /healthz`; every other path and protocol goes to `otherwise`.

    `observe` is told each service's name, answer and ASGI scope, once the answer is handed over; `draining`, once set,
    makes each answer its connection's last.
    """

    def __init__(
        self,
        services: Iterable[Bound],
        envelope: Envelope,
        otherwise: ASGIApp = not_found,
        observe: Observe | None = None,
    ) -> None:
        self._routes = {f"/{bound.service.name}": bound for bound in services}
        self._envelope = envelope
        self._otherwise = otherwise
        self._observe = observe
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._otherwise(scope, receive, send)
        bound = self._routes.get(scope["path"])
        if bound is not None:
            if scope["method"] == "GET":
                response = await answer(bound, scope["query_string"], self._envelope, scope["headers"])
            else:
                response = METHOD_NOT_ALLOWED
            await respond(response, _closing(send) if self.draining else send)
            if self._observe is not None:
                self._observe(bound.service.name, response, scope)
            return None
        if scope["path"] == "/healthz":
            response = HEALTHY if scope["method"] == "GET" else METHOD_NOT_ALLOWED
        else:
            return await self._otherwise(scope, receive, _closing(send) if self.draining else send)
        return await respond(response, _closing(send) if self.draining else send)


def _closing(send: Send) -> Send:
    async def send_and_close(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        await send(message)

    return send_and_close
