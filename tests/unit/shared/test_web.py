"""Services of routes: the same answers over HTTP and behind every event source, whatever is asked."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from crossover.asgi import Bound, Headers, ServiceApp
from crossover.lambda_entry import lambda_handler
from crossover.path_template import BadTemplate, PathTemplate
from crossover.protocol import Envelope
from crossover.responses import Response
from crossover.runner import InlineRunner, Unavailable
from crossover.seam import Fetch, Invalid, Request, Service
from crossover.settings import Identity
from crossover.web import Answer, HttpRequest, Json, Problem, Route, WebStep
from crossover.web_service import WebService
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import Call, WireRequest

JSON = ("content-type", "application/json")


def note(request: HttpRequest) -> WebStep:
    return Json(
        {"id": request.in_path("id"), "page": request.in_query("page", "1"), "agent": request.header("x-agent")}
    )


def add(request: HttpRequest) -> WebStep:
    return Json(request.json(), 201, (("location", "/notes/1"), ("set-cookie", "a=1"), ("set-cookie", "b=2")))


def odd(request: HttpRequest) -> WebStep:
    match request.in_path("what"):
        case "picture":
            return Answer(b"\xff\xd8", content_type="image/jpeg")
        case "text":
            return b"plain"
        case "nothing":
            return Answer(status=204, content_type="")
        case "stored":
            return Fetch(b"key", then=lambda record: Json((record or b"").decode()))
        case "invalid":
            raise Invalid("parameter", "say something else")
        case "unavailable":
            raise Unavailable("asleep", 7)
        case "gone":
            raise Problem(410, "it was here")
        case "split":
            return Answer(headers=(("x-a", "1\r\nx-b: 2"),))
        case "nan":
            return Json(float("nan"))
        case "none":
            return None  # type: ignore[return-value]
        case "method":
            return request.method.encode()
        case "query":
            return request.in_query("q").encode()
    raise ZeroDivisionError


SERVICE = Service(
    "notes",
    "Notes",
    routes=(
        Route("GET", "/notes/{id}", note),
        Route("POST", "/notes", add),
        Route("GET", "/notes/odd/{what}", odd),
        Route("PUT", "/notes/files/{path+}", lambda request: Json([request.in_path("path"), len(request.body)])),
    ),
    max_body_bytes=100,
)


class Store:
    def fetch(self, key: bytes) -> bytes:
        return key * 2


Visible = tuple[int, dict[str, list[str]], bytes]


def visible(status: int, pairs: list[tuple[str, str]], body: bytes) -> Visible:
    headers: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in ("content-length", "x-amzn-remapped-content-length", "x-request-id"):
            headers.setdefault(name, []).append(value)
    return status, headers, body


def over_http(line: str, body: bytes = b"", *headers: tuple[str, str], base: str = "", parts: int = 1) -> Visible:
    """Ask the application as a server asks it."""
    method, target = line.split(" ")
    path, _, query = target.partition("?")
    size = -(-len(body) // parts)
    messages = [
        {"type": "http.request", "body": body[at : at + size], "more_body": at + size < len(body)}
        for at in range(0, len(body), size or 1)
    ] or [{"type": "http.request"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": method, "path": unquote(path), "raw_path": path.encode()}
    app = ServiceApp([Bound(SERVICE, InlineRunner(Store()))], Envelope(Identity()), base_path=base)  # type: ignore[arg-type]
    asyncio.run(app({**scope, "query_string": query.encode(), "headers": pairs}, receive, send))
    answered = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    return visible(sent[0]["status"], answered, sent[1]["body"])


def through(source: str, line: str, body: bytes = b"", *headers: tuple[str, str], base: str = "") -> Visible:
    """Ask the function through an event source."""
    method, target = line.split(" ")
    path, _, query = target.partition("?")
    call = Call("id", datetime(2026, 11, 1, tzinfo=UTC), "Root=1-0-0")
    event = EVENT_SOURCES[source].event(WireRequest(method, path, query, headers, body), call)
    handler = lambda_handler(SERVICE, {"BASE_PATH": base, "LOG_SAMPLE_RATE": "0"})
    response = EVENT_SOURCES[source].response(json.dumps(handler(json.loads(json.dumps(event)), None)).encode())
    return visible(response.status, [(name.lower(), value) for name, value in response.headers], response.body)


ASKED: list[tuple[str, bytes, tuple[tuple[str, str], ...]]] = [
    ("GET /notes/one?page=2", b"", (("x-agent", "test"),)),
    ("GET /notes/caf%C3%A9%20au%20lait", b"", ()),
    ("GET /notes/a%2541", b"", ()),
    ("GET /notes/a+b", b"", ()),
    ("HEAD /notes/one", b"", ()),
    ("POST /notes", b'{"a": "\xc3\xa9"}', (JSON,)),
    ("POST /notes", b"[1]", (("content-type", "application/vnd.shop+json; charset=utf-8"),)),
    ("POST /notes", b"{", (JSON,)),
    ("POST /notes", b"[NaN]", (JSON,)),
    ("POST /notes", b"\xff", (JSON,)),
    ("POST /notes", b"[" * 100, (JSON,)),
    ("POST /notes", b"{}", (("content-type", "text/plain"),)),
    ("POST /notes", b"", ()),
    ("POST /notes", b" " * 101, (JSON,)),
    ("PUT /notes/files/a/b.txt", b"text", (("content-type", "text/plain"),)),
    ("DELETE /notes", b"", ()),
    ("PATCH /notes/one", b"", ()),
    ("OPTIONS /notes/one", b"", ()),
    ("GET /notes/", b"", ()),
    ("GET /notes/1/2", b"", ()),
    ("GET /notes/odd/text", b"", ()),
    ("GET /notes/odd/nothing", b"", ()),
    ("GET /notes/odd/invalid", b"", ()),
    ("GET /notes/odd/gone", b"", ()),
    ("GET /notes/odd/method", b"", ()),
    ("GET /notes/odd/query?q=a%20b", b"", ()),
    ("GET /notes/odd/query?q=%ff", b"", ()),
    ("GET /notes/odd/query", b"", ()),
    ("GET /notes/one?page=1&page=2", b"", ()),
]


OUTSIDE = {
    ("v1", "POST /notes", b"\xff"),
    ("v1", "GET /notes/odd/query?q=%ff", b""),
    ("alb", "GET /notes/one?page=1&page=2", b""),
}
"""What a source does not pass on: bytes that are no UTF-8, and in single-value mode repeated parameters."""


@pytest.mark.parametrize(("line", "body", "headers"), ASKED, ids=lambda value: str(value)[:40])
def test_every_platform_gives_the_same_answer(line: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    expected = over_http(line, body, *headers)
    for source in EVENT_SOURCES:
        if (source, line, body) in OUTSIDE:
            continue
        seen = through(source, line, body, *headers)
        cookies = source == "alb" and "set-cookie" in expected[1]  # one value of a name is all that it takes
        default = {"content-type"} if "content-type" not in expected[1] else set()  # sources add one
        assert seen[0] == expected[0], source
        assert seen[2] == expected[2], source
        if not cookies:
            assert {key: value for key, value in seen[1].items() if key not in default} == expected[1], source


def test_answers_are_what_http_says() -> None:
    assert over_http("GET /notes/a%2Fb%20c") == (
        200,
        {"content-type": ["application/json"]},
        b'{"id":"a/b c","page":"1","agent":""}',
    )
    status, headers, body = over_http("POST /notes", b'{"a":1}', JSON)
    assert (status, headers["location"], headers["set-cookie"], body) == (201, ["/notes/1"], ["a=1", "b=2"], b'{"a":1}')
    assert over_http("DELETE /notes")[:2] == (
        405,
        {"allow": ["POST, OPTIONS"], "content-type": ["application/problem+json"]},
    )
    assert over_http("OPTIONS /notes/one") == (204, {"allow": ["GET, HEAD, OPTIONS"]}, b"")
    assert json.loads(over_http("GET /notes/1/2")[2]) == {
        "title": "Not Found",
        "status": 404,
        "detail": "nothing is at this path",
    }
    refusals = {b"{": 400, b"": 400, b'{"x": 1e': 400}
    assert {body: over_http("POST /notes", body, JSON)[0] for body in refusals} == refusals
    assert over_http("POST /notes", b"{}")[0] == 415
    assert over_http("GET /notes/%ff")[0] == 400
    assert over_http("GET /notes/odd/unavailable")[:2] == (
        503,
        {"retry-after": ["7"], "content-type": ["application/problem+json"]},
    )
    assert over_http("GET /notes/odd/stored")[2] == b'"keykey"'


@pytest.mark.parametrize("what", ["fault", "split", "nan", "none"])
def test_a_fault_of_the_service_is_500_with_an_id_and_a_log_line(what: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert over_http(f"GET /notes/odd/{what}", b"", ("x-request-id", "abc"))[0] == 500
        assert through("url", f"GET /notes/odd/{what}")[0] == 500
    assert [record.service for record in caplog.records] == ["notes", "notes"]  # type: ignore[attr-defined]


def test_bytes_that_are_no_text_leave_lambda_as_base64() -> None:
    assert through("url", "GET /notes/odd/picture") == (200, {"content-type": ["image/jpeg"]}, b"\xff\xd8")
    assert base64.b64decode(through("v1", "GET /notes/odd/picture")[2]) == b"\xff\xd8"


@pytest.mark.parametrize("size", [100, 101])
def test_a_body_is_read_as_it_comes_in_up_to_the_services_bound(size: int) -> None:
    status, _, body = over_http("PUT /notes/files/x", b"x" * size, parts=7)
    assert (status, size <= 100) == (200 if size <= 100 else 413, status == 200)
    assert (body == b'["x",100]') == (status == 200)


def test_a_client_that_goes_away_gets_no_answer_and_is_not_counted() -> None:
    seen: list[Response] = []
    app = ServiceApp(
        [Bound(SERVICE, InlineRunner())],
        Envelope(Identity()),
        observe=lambda _name, response, _s, _h: seen.append(response),
    )

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/notes",
        "raw_path": b"/notes",
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(app(scope, gone, send))
    assert seen == []


def test_answers_are_observed_with_their_status() -> None:
    seen: list[tuple[str, int]] = []

    def observe(name: str, response: Response, _seconds: float, _headers: Headers) -> None:
        seen.append((name, response.status))

    app = ServiceApp([Bound(SERVICE, InlineRunner())], Envelope(Identity()), observe=observe)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(_message: Any) -> None:
        return None

    for path in ("/notes/1", "/notes/1/2"):
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
        }
        asyncio.run(app(scope, receive, send))
    assert seen == [("notes", 200), ("notes", 404)]


def test_a_base_path_goes_before_the_routes() -> None:
    expected = over_http("GET /notes/a%20b")
    assert over_http("GET /prod/notes/a%20b", base="/prod") == expected
    assert through("url", "GET /prod/notes/a%20b", base="/prod") == expected
    assert through("v2", "GET /notes/a%20b", base="/prod") == expected
    assert over_http("GET /elsewhere/x")[0] == 404


def test_a_body_is_taken_on_the_services_paths_alone() -> None:
    app = ServiceApp([Bound(SERVICE, InlineRunner())], Envelope(Identity()), base_path="/prod")
    taken = ["/notes", "/notes/1", "/prod/notes", "/note", "/", "notes", "/prod/other"]
    assert [path for path in taken if app.takes_body(path)] == ["/notes", "/notes/1", "/prod/notes"]
    plain = ServiceApp([Bound(Service("echo", ""), InlineRunner())], Envelope(Identity()))
    assert not plain.takes_body("/echo")


@pytest.mark.parametrize(
    "event", [None, {}, {"requestContext": {}}, {"requestContext": {"http": None}}, {"parameters": {}}]
)
def test_an_event_that_is_no_http_request_is_400(event: Any) -> None:
    answer = lambda_handler(SERVICE, {"LOG_SAMPLE_RATE": "0"})(event, None)
    assert answer["statusCode"] == 400


def test_a_base64_body_that_is_none_is_400() -> None:
    event = {
        "requestContext": {"http": {"method": "POST", "path": "/notes"}},
        "rawPath": "/notes",
        "body": "a",
        "isBase64Encoded": True,
    }
    assert lambda_handler(SERVICE, {"LOG_SAMPLE_RATE": "0"})(event, None)["statusCode"] == 400


@pytest.mark.parametrize(
    "change",
    [
        {"routes": (Route("GET", "/other", note),)},
        {"routes": (Route("GET", "/notesX", note),)},
        {"routes": (Route("get", "/notes", note),)},
        {"max_body_bytes": 2_000_000},
    ],
)
def test_a_service_that_could_not_be_served_is_refused_at_the_start(change: dict[str, Any]) -> None:
    service = Service("notes", "", **{"routes": SERVICE.routes, **change})
    with pytest.raises(ValueError, match=r"/notes|capitals|max_body_bytes"):
        WebService(service, InlineRunner())


@pytest.mark.parametrize("path", ["notes", "/a{b}", "/{a+}/b", "/{a}/{a}", "/{}", "/a%20b", "/a b", "/{a b}"])
def test_a_path_that_is_no_template_is_refused(path: str) -> None:
    with pytest.raises(BadTemplate):
        PathTemplate(path)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/", "/", {}),
        ("/a", "/a", {}),
        ("/a", "/b", None),
        ("/a", "/a/", None),
        ("/{x}", "/", None),
        ("/{x}/b/{y}", "/1/b/2", {"x": "1", "y": "2"}),
        ("/a/{rest+}", "/a", None),
        ("/a/{rest+}", "/a/", None),
        ("/a/{rest+}", "/a/b/c", {"rest": "b/c"}),
    ],
)
def test_a_template_matches_whole_parts(template: str, path: str, values: dict[str, str] | None) -> None:
    assert PathTemplate(template).match(path.split("/")[1:]) == values


def test_cookies_of_an_event_are_one_header_as_they_were() -> None:
    seen = []
    service = Service(
        "echo", "", routes=(Route("GET", "/echo", lambda request: seen.append(request.header("cookie")) or b""),)
    )
    event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": "/echo", "cookies": ["a=1", "b=2"]}
    lambda_handler(service, {"LOG_SAMPLE_RATE": "0"})(event, None)
    assert seen == ["a=1; b=2"]


def test_a_service_of_routes_has_no_single_start() -> None:
    with pytest.raises(LookupError):
        SERVICE.start(Request(b""))
