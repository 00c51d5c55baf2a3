"""Services as a bare ASGI application: what uvicorn serves in the container and Mangum calls on Lambda."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.protocol import Envelope
from crossover.request_id import request_id
from crossover.responses import Response, text_response
from crossover.runner import Runner, Unavailable, drive
from crossover.seam import Invalid, Request, Service

if TYPE_CHECKING:
    from crossover.web_service import WebAnswers

Scope = MutableMapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Observe = Callable[[str, Response, float, Headers], None]
"""Called once an answer is handed over, with the service's name, the answer, the seconds since its request's arrival
and the request's headers."""

ALLOWED = "GET, HEAD"
NOT_FOUND = text_response(404, b"not found")
METHOD_NOT_ALLOWED = text_response(405, b"method not allowed", (b"allow", ALLOWED.encode()))
HEALTHY = text_response(200, b"ok")
CLOSE = (b"connection", b"close")
OUTAGE_LOG_SECONDS = 1.0
"""The least time between two log lines about a service that is unavailable: an outage meets every request."""

logger = logging.getLogger("crossover")
_outage_logged: dict[str, float] = {}
"""When an outage of a service was last logged, in seconds of the monotonic clock."""


class Bound(NamedTuple):
    """A service with the runner that its platform gave it."""

    service: Service
    runner: Runner


async def answer(bound: Bound, query: bytes, envelope: Envelope, headers: Headers = ()) -> Response:
    """Run one request to its end. Never raises: see `answer_of`."""
    return await answer_of(run(bound, query), bound.service.name, envelope, headers)


async def run(bound: Bound, query: bytes) -> bytes:
    """Return a service's result. Raises `Invalid`, `Unavailable`, and whatever a fault of the service raises."""
    step = bound.service.start(Request(query))
    if step.__class__ is not bytes:
        step = await drive(step, bound.runner)
    return step


async def answer_of(result: Awaitable[bytes], service: str, envelope: Envelope, headers: Headers = ()) -> Response:
    """Return the answer that carries the result, or that says why there is none. Never raises.

    The request's `headers` are looked at only where its id is needed.
    """
    try:
        return envelope.result(await result)
    except Exception as problem:
        return failure(problem, service, envelope, headers)


def failure(problem: Exception, service: str, envelope: Envelope | type[WebAnswers], headers: Headers = ()) -> Response:
    """Return the answer where a service has no result, and log what an operator has to know."""
    if isinstance(problem, Invalid):
        return envelope.invalid(problem)
    if isinstance(problem, Unavailable):
        _log_outage(service, problem, headers)
        return envelope.unavailable(problem)
    named = request_id(headers)
    about = {"request_id": named, "service": service}
    logger.error("the %s service failed at the request %s", service, named, extra=about, exc_info=problem)
    return envelope.failed(named)


def _log_outage(service: str, problem: Unavailable, headers: Headers) -> None:
    now = monotonic()
    if now - _outage_logged.get(service, -OUTAGE_LOG_SECONDS) >= OUTAGE_LOG_SECONDS:
        _outage_logged[service] = now
        about = {"request_id": request_id(headers), "service": service}
        logger.warning("the %s service is unavailable: %s", service, problem, extra=about)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404: the application of every other path where there is no platform's own."""
    await respond(NOT_FOUND, send)


async def respond(response: Response, send: Send) -> None:
    """Send an answer as ASGI messages."""
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


class ServiceApp:
    """Answers `GET /NAME` for each service and `GET /healthz`; every other path and protocol goes to `otherwise`.

    A service of routes answers every method on `/NAME` and below it (see `crossover.web_app`).

    HEAD is answered as GET; whatever carries the answer leaves its body out. A request's path may begin with
    `base_path`, which a stage of API Gateway or a shared load balancer puts there. `draining`, once set, makes each
    answer its connection's last.
    """

    def __init__(
        self,
        services: Iterable[Bound],
        envelope: Envelope,
        otherwise: ASGIApp = not_found,
        observe: Observe | None = None,
        base_path: str = "",
    ) -> None:
        self._base_path = base_path.rstrip("/")
        services = list(services)
        self.routes = {
            f"{before}/{bound.service.name}": bound
            for bound in services
            if not bound.service.routes
            for before in {self._base_path, ""}
        }
        """The path of each service that is no service of routes."""
        self.web = {bound.service.name: bound for bound in services if bound.service.routes}
        """The services of routes, by name."""
        self._web_apps = self._made_web_apps()
        self.envelope = envelope
        self.observe = observe
        self.draining = False
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return await self._otherwise(scope, receive, send)
        received = scope
        path, method = scope["path"], scope["method"]
        if method == "HEAD":
            method = "GET"
            scope = {**scope, "method": method}
        bound = self.routes.get(path)
        if bound is not None:
            service = bound.service.name
            if method == "GET":
                return await self.finish(service, run(bound, scope["query_string"]), monotonic(), scope, send)
            response = METHOD_NOT_ALLOWED
            await respond(response, self._closing(send))
            if self.observe is not None:
                self.observe(service, response, 0.0, scope["headers"])
            return None
        if self._base_path and path.startswith(f"{self._base_path}/"):
            path = path.removeprefix(self._base_path)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        web = self._web_app(path)
        if web is not None:
            return await web(received, receive, self._closing(send))
        if path != "/healthz":
            return await self._otherwise(scope, receive, self._closing(send))
        return await respond(HEALTHY if method == "GET" else METHOD_NOT_ALLOWED, self._closing(send))

    async def finish(self, service: str, result: Awaitable[bytes], arrived: float, scope: Scope, send: Send) -> None:
        """Send the answer of a request that arrived at this time of the monotonic clock, once its result is there."""
        headers = scope["headers"]
        response = await answer_of(result, service, self.envelope, headers)
        await respond(response, self._closing(send))
        if self.observe is not None:
            self.observe(service, response, monotonic() - arrived, headers)

    def takes_body(self, path: str) -> bool:
        """Tell whether the body of a request on this decoded path is read, and not thrown away."""
        return self._web_app(self.below_base(path)) is not None

    def below_base(self, path: str) -> str:
        """Return a path without the base path, if it has it."""
        has_it = self._base_path and path.startswith(f"{self._base_path}/")
        return path.removeprefix(self._base_path) if has_it else path

    def _web_app(self, path: str) -> ASGIApp | None:
        return self._web_apps.get(path.split("/", 2)[1]) if self._web_apps and path.startswith("/") else None

    def _made_web_apps(self) -> dict[str, ASGIApp]:
        if not self.web:
            return {}
        from crossover.web_app import WebApp  # which no other service needs

        return {name: WebApp(bound, self) for name, bound in self.web.items()}

    def _closing(self, send: Send) -> Send:
        """Return `send`, made to announce the connection's end where the server drains."""
        if not self.draining:
            return send

        async def send_and_close(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
            await send(message)

        return send_and_close
