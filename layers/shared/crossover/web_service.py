"""A service of routes behind any platform: the route is found, the body read, the answer made. Never raises."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from crossover.request_id import HEADER
from crossover.responses import TEXT, Response
from crossover.runner import Runner, Unavailable, drive
from crossover.seam import Invalid, Service
from crossover.web import Answer, HttpRequest, Json, Pairs, Problem, Route

Read = Callable[[int], Awaitable[bytes]]
"""Reads a request's body of at most so many bytes. Raises `Problem` 413 where there are more."""
MAX_BODY_BYTES = 1_048_576
"""What a load balancer passes on to a function, and what the container reads."""
TOO_LARGE = "the body is larger than this service takes"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header may be called (RFC 9110, 5.6.2)."""
_NO_BODY = (204, 304)


class WebService:
    """The routes of one service, and the runner that its platform gave it."""

    def __init__(self, service: Service, runner: Runner) -> None:
        """Check the routes. Raises ValueError for one that is not below the service's own path, or in small letters."""
        self.service = service
        self._runner = runner
        self._routes: list[Route] = sorted(service.routes, key=lambda route: route.template.order)
        if service.max_body_bytes > MAX_BODY_BYTES:
            raise ValueError(
                f"max_body_bytes of {service.name} is more than {MAX_BODY_BYTES:,}, which is all platforms take"
            )
        own = f"/{service.name}"
        for route in self._routes:
            if route.path != own and not route.path.startswith(f"{own}/"):
                raise ValueError(f"{route.path} is not below {own}: the {service.name} service answers there alone")
            if not route.method.isupper():
                raise ValueError(f"{route.path}: the method {route.method!r} is not in capitals")

    def route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route that a request takes, and its path's parameters, still percent-encoded.

        Raises `Problem`: 404, or 405 with the methods that are allowed.
        """
        segments = path.split("/")[1:]
        plain = [unquote(segment) for segment in segments]
        patterns: dict[str, tuple[Route, dict[str, str]]] = {}
        for route in self._routes:
            values = route.template.match(plain, segments)
            if values is not None:
                patterns.setdefault(route.method, (route, values))
        if not patterns:
            raise Problem(404, "nothing is at this path")
        if "GET" in patterns:
            patterns.setdefault("HEAD", patterns["GET"])
        if method not in patterns:
            raise Problem(405, "this method is not allowed here", (("allow", ", ".join((*patterns, "OPTIONS"))),))
        return patterns[method]

    async def run(
        self, method: str, path: str, query: bytes, headers: Sequence[tuple[bytes, bytes]], read: Read
    ) -> Response:
        """Return the answer to a request.

        Args:
            method: In capitals.
            path: Percent-encoded, without a base path.
            query: The raw query string.
            headers: Names in lower case and values.
            read: Reads the body, which is done once the route is known.

        Raises:
            Exception: whatever a fault of the service raises, and `Unavailable`.
        """
        try:
            route, values = self.route(method, path)
        except Problem as problem:
            if method == "OPTIONS" and problem.status == 405:
                return sent(Answer(b"", 204, "", problem.headers))
            return refused(problem)
        try:
            body = await read(self.service.max_body_bytes)
            step: Any = route.start(HttpRequest((route.method, path), values, query, headers, body))
            return sent(await drive(step, self._runner))
        except Problem as problem:
            return refused(problem)


class WebAnswers:
    """The answers of services of routes where there is no result: `crossover.asgi.failure` asks for them."""

    @staticmethod
    def invalid(problem: Invalid) -> Response:
        """Return 400, with the reason."""
        return refused(Problem(400, str(problem)))

    @staticmethod
    def unavailable(problem: Unavailable) -> Response:
        """Return 503."""
        return refused(Problem(503, "a need of the service cannot be met now", (_retry(problem),)))

    @staticmethod
    def failed(named: str) -> Response:
        """Return 500, with the id of the log line."""
        return refused(Problem(500, "the service failed", ((HEADER.decode(), named),)))


def _retry(problem: Unavailable) -> tuple[str, str]:
    return "retry-after", str(problem.retry_after)


def refused(problem: Problem) -> Response:
    """Return a problem as RFC 9457 writes it."""
    title = HTTPStatus(problem.status).phrase
    value = {"title": title, "status": problem.status, "detail": problem.detail}
    return sent(Answer(_json(value), problem.status, "application/problem+json", problem.headers))


def sent(answer: bytes | Json | Answer) -> Response:
    """Return a route's answer as adapters send it.

    Raises:
        ValueError: for a header that HTTP cannot carry, or a value that JSON does not have.
        TypeError: for a value that JSON does not have, or what is no answer.
    """
    if isinstance(answer, bytes):
        return Response(200, [TEXT, _length(answer)], answer)
    if isinstance(answer, Json):
        answer = Answer(_json(answer.value), answer.status, "application/json", answer.headers)
    if not isinstance(answer, Answer):
        raise TypeError(f"a route answers bytes, Json or Answer, and no {type(answer).__name__}")
    HTTPStatus(answer.status)
    kind: Pairs = (("content-type", answer.content_type),) if answer.content_type else ()
    headers = [_header(name, value) for name, value in (*kind, *answer.headers)]
    if answer.status in _NO_BODY:
        return Response(answer.status, headers, b"")
    return Response(answer.status, [*headers, _length(answer.body)], answer.body)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if not _NAME.fullmatch(name) or any(ord(character) < 32 and character != "\t" for character in value):
        raise ValueError(f"HTTP cannot carry the header {name!r}")
    return name.lower().encode(), value.encode("latin-1")
