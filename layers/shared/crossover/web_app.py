"""A service of routes as an ASGI application, behind `crossover.asgi`."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from crossover.asgi import Bound, Receive, Scope, Send, failure, respond
from crossover.web import Problem
from crossover.web_service import TOO_LARGE, WebAnswers, WebService

if TYPE_CHECKING:
    from crossover.asgi import ServiceApp


class Disconnected(Exception):
    """The client is gone before its request was whole."""


class WebApp:
    """Answers every request on the paths of one service. `owner` knows the base path and who observes answers."""

    def __init__(self, bound: Bound, owner: ServiceApp) -> None:
        self._service = WebService(bound.service, bound.runner)
        self._name = bound.service.name
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; its body is read as it comes in, once its route is known."""
        arrived = monotonic()
        headers = scope["headers"]
        path = self._owner.below_base(scope["raw_path"].decode("latin-1"))
        try:
            response = await self._service.run(
                scope["method"], path, scope["query_string"], headers, lambda limit: body_of(receive, limit)
            )
        except Disconnected:
            return
        except Exception as problem:
            response = failure(problem, self._name, WebAnswers, headers)
        await respond(response, send)
        if self._owner.observe is not None:
            self._owner.observe(self._name, response, monotonic() - arrived, headers)


async def body_of(receive: Receive, limit: int) -> bytes:
    """Return a request's body. Raises `Problem` 413 beyond `limit` bytes, and `Disconnected`."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise Problem(413, TOO_LARGE)
        more = message.get("more_body", False)
    return bytes(body)
