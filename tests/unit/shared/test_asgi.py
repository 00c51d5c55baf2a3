"""The services as an ASGI application."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from crossover.asgi import Bound, Headers, Scope, ServiceApp
from crossover.protocol import Envelope
from crossover.responses import Response
from crossover.runner import InlineRunner, Unavailable, at_once
from crossover.seam import Invalid, Parameter, Request, Service, Step
from crossover.settings import Identity


def echo(request: Request) -> Step:
    match request.one(b"say"):
        case b"invalid":
            raise Invalid("parameter", "say something else")
        case b"unavailable":
            raise Unavailable("asleep", retry_after=7)
        case b"fault":
            raise ZeroDivisionError
        case text:
            return text


ECHO = Service("echo", "Say it again", echo, (Parameter("say", "what", {"type": "string"}, "hello"),), ("parameter",))


class Client:
    """Asks an application without a server."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[tuple[str, int]] = []
        options = {"observe": self.observe, **options}
        self.app = ServiceApp([Bound(ECHO, InlineRunner())], Envelope(Identity("Us", "42")), **options)

    def observe(self, service: str, response: Response, seconds: float, headers: Headers) -> None:
        assert seconds >= 0
        self.seen.append((service, response.status))

    def ask(
        self, path: str, query: bytes = b"", method: str = "GET", headers: Headers = ()
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "query_string": query, "method": method, "headers": headers}
        at_once(self.app(scope, None, send))  # type: ignore[arg-type]
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_a_result_follows_team_and_account() -> None:
    assert Client().ask("/echo", b"say=hi%0a") == (
        200,
        {b"content-type": b"text/plain; charset=utf-8", b"content-length": b"9"},
        b"Us,42\nhi\n",
    )


def test_bad_input_is_200_with_a_reason() -> None:
    status, headers, body = Client().ask("/echo", b"say=invalid")
    assert (status, body) == (200, b"Us,42\nINVALID")
    assert headers[b"x-invalid-reason"] == b"parameter: say something else"


def test_a_need_that_cannot_be_met_is_503_with_a_time_to_retry() -> None:
    status, headers, body = Client().ask("/echo", b"say=unavailable")
    assert (status, headers[b"retry-after"], body) == (503, b"7", b"Us,42\nUNAVAILABLE")


def test_an_outage_is_logged_once_in_a_while_and_not_for_every_request(caplog: pytest.LogCaptureFixture) -> None:
    Client().ask("/echo", b"say=unavailable")
    caplog.clear()
    Client().ask("/echo", b"say=unavailable")
    assert caplog.text == ""


def test_a_fault_of_ours_is_500_and_logged_with_the_requests_id_in_both(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        status, headers, body = Client().ask("/echo", b"say=fault", headers=[(b"x-request-id", b"me")])
    assert (status, body) == (500, b"Us,42\nERROR")
    assert headers[b"x-request-id"] == b"me"
    assert "the echo service failed at the request me" in caplog.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/echo", "/healthz"])
def test_other_methods_are_405(path: str, method: str) -> None:
    status, headers, _ = Client().ask(path, b"say=hi", method)
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


@pytest.mark.parametrize("path", ["/echo", "/healthz", "/nowhere"])
def test_head_is_answered_as_get(path: str) -> None:
    """The server or event source that carries the answer leaves the body out."""
    assert Client().ask(path, b"say=hi", "HEAD") == Client().ask(path, b"say=hi", "GET")


@pytest.mark.parametrize("path", ["/prod/echo", "/echo"])
def test_a_base_path_is_stripped_where_a_request_has_it(path: str) -> None:
    assert Client(base_path="/prod").ask(path, b"say=hi")[2] == b"Us,42\nhi"


@pytest.mark.parametrize("path", ["/prod", "/prodecho", "/test/echo", "/prod/prod/echo", "/prod//echo"])
def test_a_base_path_opens_no_other_path(path: str) -> None:
    assert Client(base_path="/prod").ask(path, b"say=hi")[0] == 404


@pytest.mark.parametrize("path", ["/", "/echo/", "/Echo", "/echo/x", ""])
def test_other_paths_are_404(path: str) -> None:
    assert Client().ask(path)[0] == 404


def test_health_touches_nothing_and_is_not_counted() -> None:
    client = Client()
    assert client.ask("/healthz")[0] == 200
    assert client.seen == []


def test_every_answer_of_a_service_is_observed() -> None:
    client = Client()
    for say in (b"hi", b"invalid", b"unavailable"):
        client.ask("/echo", b"say=" + say)
    assert client.seen == [("echo", 200), ("echo", 200), ("echo", 503)]


def test_an_answer_is_observed_once_it_is_handed_over() -> None:
    client = Client()

    async def send(message: Any) -> None:
        assert client.seen == []

    scope: Scope = {"type": "http", "path": "/echo", "query_string": b"say=a", "method": "GET", "headers": []}
    at_once(client.app(scope, None, send))  # type: ignore[arg-type]
    assert client.seen == [("echo", 200)]


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 405)])
def test_an_observer_is_optional(method: str, status: int) -> None:
    assert Client(observe=None).ask("/echo", b"say=hi", method)[0] == status


def test_while_draining_every_answer_is_its_connections_last() -> None:
    client = Client()
    client.app.draining = True
    for path in ("/echo", "/healthz", "/nowhere"):
        assert client.ask(path, b"say=hi")[1][b"connection"] == b"close"


def test_what_is_not_http_goes_behind() -> None:
    seen = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    at_once(Client(otherwise=behind).app({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]
