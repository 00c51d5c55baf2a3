"""The direct path: a plain GET of a service is answered in the read that brought it, with one write.

uvicorn gives each request a scope, a cycle, a task, an event, two writes and a timer, which together cost more than
most services. Here one strict pattern recognises a whole request in the bytes of one read, on a connection where
nothing else is under way; the service is started and, if it is done at once, its answer is written. Whatever the
pattern does not recognise goes through the parser and uvicorn's cycle: other methods, paths and versions, bodies,
`Connection: close`, parts of requests, pipelined ones, clients that do not take their answers, a server that drains.

The pattern accepts only what the parser reads alike; tests ask both and compare.

What has to wait (a fetch over a network, a long computation) goes on in uvicorn's cycle: the request is fed to the
parser after all, and the task that uvicorn starts for it waits for the result of the service that was started here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle
from uvicorn.server import ServerState

from container.http.protocol import BoundedProtocol
from container.metrics.recorder import Metrics, ServiceMetrics
from crossover.asgi import ASGIApp, Headers, Receive, Scope, Send, ServiceApp, failure
from crossover.responses import Response, text_response
from crossover.runner import Runner, drive, meet
from crossover.seam import Invalid, Request, Step

MAX_DIRECT_BYTES = 65_535
"""Of a head; the parser of URLs takes no longer ones."""

_TOKEN = rb"!#$%&'*+.^_`|~0-9A-Za-z-"
_VALUE = rb"[\t -~]*+"
_DECIDING = rb"host|connection|proxy-connection|content-length|transfer-encoding|upgrade|expect"
"""Headers by which a server decides how to read or answer a request."""
_HEADER = rb"(?:(?!(?i:%b):)[%b]++:%b\r\n|(?i:connection:[ ]?keep-alive)\r\n)" % (_DECIDING, _TOKEN, _VALUE)
REQUEST = re.compile(
    rb"GET (/[A-Za-z0-9._~/-]*+)(?:\?([!\"$-~]*+))? HTTP/1\.1\r\n(?:%b)*+(?i:host):%b\r\n(?:%b)*+\r\n"
    % (_HEADER, _VALUE, _HEADER)
).fullmatch


class DirectService(NamedTuple):
    """What a request of one service is answered with, looked up once."""

    name: str
    start: Callable[[Request], Step]
    runner: Runner
    metrics: ServiceMetrics


class DirectServices:
    """The services of the direct path, and their answers as bytes on the wire. One for all connections.

    `sampled` says that a share of the answers is logged, so that each is observed as the application's own are.
    """

    def __init__(self, app: ServiceApp, metrics: Metrics, sampled: bool) -> None:
        self.app = app
        self.sampled = sampled
        self.routes = {
            path.encode(): DirectService(bound.service.name, bound.service.start, bound.runner, metrics.services[name])
            for path, bound in app.routes.items()
            for name in [bound.service.name]
        }
        first_line = app.envelope.first_line
        self._extra_bytes = len(first_line)
        self._result = wire(text_response(200, b"")).replace(b"length: 0", b"length: %d") + _escaped(first_line) + b"%b"
        self._invalid = _escaped(wire(app.envelope.invalid(Invalid("", "")))).replace(b"reason: : ", b"reason: %b")

    def result(self, result: bytes) -> bytes:
        """Return the answer that carries a result."""
        return self._result % (len(result) + self._extra_bytes, result)

    def invalid(self, problem: Exception) -> bytes:
        """Return the answer to bad input."""
        return self._invalid % str(problem).encode("ascii")


class DirectProtocol(BoundedProtocol):
    """`BoundedProtocol` with the direct path. The server's state has the services as `direct`."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._direct: DirectServices = app_state["direct"]
        self._max_direct_bytes = min(self._max_head_bytes, MAX_DIRECT_BYTES)
        self._answered = 0.0
        """When the last answer was written directly, by the loop's clock."""
        self._continued: ASGIApp | None = None
        """What continues the request that the parser is being fed."""

    def data_received(self, data: bytes) -> None:
        """Answer a whole request directly; leave everything else to the parser."""
        request = REQUEST(data)
        if request is not None:
            path, query = request.groups()
            service = self._direct.routes.get(path)
            if service is not None and len(data) <= self._max_direct_bytes and self._is_idle():
                self._answer(service, query or b"", data)
                return
        super().data_received(data)

    def _is_idle(self) -> bool:
        """Tell whether no other request is under way here, no byte is unsent, and the server does not drain."""
        return not (
            self._in_message
            or self._pending
            or self.flow.write_paused
            or self._direct.app.draining
            or (self.cycle is not None and not self.cycle.response_complete)
        )

    def _answer(self, service: DirectService, query: bytes, data: bytes) -> None:
        arrived = monotonic()
        direct, result, problem = self._direct, b"", None
        try:
            result = meet(service.start(Request(query)), service.runner)  # type: ignore[assignment]
        except Exception as raised:
            problem = raised
        if result.__class__ is not bytes:
            self._continue(service, drive(result, service.runner), arrived, data)
            return
        if direct.sampled or (problem is not None and problem.__class__ is not Invalid):
            self._respond(service, result, problem, arrived, data)
        elif problem is None:
            self.transport.write(direct.result(result))
            service.metrics.answered(monotonic() - arrived)
        else:
            self.transport.write(direct.invalid(problem))
            service.metrics.invalid(problem.code, monotonic() - arrived)
        self._answered = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._stop_request_timer()
            wait = self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(wait, self.timeout_keep_alive_handler)

    def _respond(
        self, service: DirectService, result: bytes, problem: Exception | None, arrived: float, data: bytes
    ) -> None:
        """Answer what is logged: a sample, and what is neither a result nor INVALID."""
        app, headers = self._direct.app, headers_of(data)
        if problem is None:
            response = app.envelope.result(result)
        else:
            response = failure(problem, service.name, app.envelope, headers)
        self.transport.write(wire(response))
        if app.observe is not None:
            app.observe(service.name, response, monotonic() - arrived, headers)

    def _continue(
        self, service: DirectService, result: Coroutine[Any, Any, bytes], arrived: float, data: bytes
    ) -> None:
        """Feed the request to the parser, and let the task that uvicorn starts for it wait for the result."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._direct.app.finish(service.name, result, arrived, scope, send)

        self._continued = app
        super().data_received(data)
        if self._continued is not None:  # the parser refused what the pattern accepts
            self._continued = None
            result.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._continued is not None:
            app, self._continued = self._continued, None
        super()._start_asgi_task(cycle, app)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, or wait for the rest of its time if an answer was written directly meanwhile."""
        rest = self._answered + self.timeout_keep_alive - self.loop.time()
        if rest > 0:
            self.timeout_keep_alive_task = self.loop.call_later(rest, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()


def headers_of(head: bytes) -> Headers:
    """Return the headers of a head that `REQUEST` matches, as the parser does."""
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:-2])
    return [(name.lower(), value.lstrip(b" \t")) for name, _, value in pairs]


def wire(response: Response) -> bytes:
    """Return an answer on a connection that stays open, in the bytes that uvicorn sends."""
    lines = [b"%b: %b\r\n" % header for header in response.headers]
    return b"".join((STATUS_LINE[response.status], *lines, b"\r\n", response.body))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
