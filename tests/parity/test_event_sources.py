"""Event sources: they answer as docs/reference/event-sources.md says, and within their limits as HTTP does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.asgi import Bound, ServiceApp
from crossover.lambda_entry import lambda_handler
from crossover.protocol import Envelope
from crossover.runner import InlineRunner
from crossover.settings import Identity
from functions.qrcode.handler import SERVICE
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import BadAnswer, Call, EventSource, Headers, SourceFault, WireRequest
from local.emulator.routing import Routes, parameters, route
from tests.support.events import SHAPES, Pairs

DOCS = (Path(__file__).parents[2] / "docs/reference/event-sources.md").read_text()
CALL = Call(
    "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    datetime(2026, 11, 1, 12, tzinfo=UTC),
    "Root=1-67891233-abcdef012345678912345678",
)
HEADERS = (("host", "localhost"), ("user-agent", "test"))
TOO_MUCH = 20 * 1024 * 1024


class Row(NamedTuple):
    source: EventSource
    cells: tuple[str, ...]


def tables(first_column: str) -> Iterator[Row]:
    """The rows of every table of the docs whose first column has this heading."""
    source, wanted = None, False
    for line in DOCS.splitlines():
        heading = re.match(r"## ([a-z0-9-]+): (.*)", line)
        if heading:
            source = EVENT_SOURCES[heading[1]]
            assert source.title == heading[2]
        cells = tuple(cell.strip().removeprefix("`").removesuffix("`") for cell in line.strip("|").split(" | "))
        if not line.startswith("|"):
            wanted = False
        elif cells[0] == first_column:
            wanted = True
        elif wanted and source and not cells[0].startswith("---"):
            yield Row(source, cells)


def named(row: Row) -> str:
    return f"{row.source.name}: {row.cells[0]}"


def request(line: str, body: bytes = b"") -> WireRequest:
    method, target = line.split(" ")
    path, _, query = target.partition("?")
    return WireRequest(method, path, query, HEADERS, body)


def body_matches(body: bytes, documented: str, kind: str) -> bool:
    return f"<title>{documented}</title>" in body.decode() if "html" in kind else body.decode() == documented


A_BODY = "a POST of `hi` with the content type"
PARAMETERS = "a request where `GET /notes/{id}` and `ANY /files/{proxy+}` are routes"
HEADINGS = ("what goes wrong", "to a route for GET", "request", PARAMETERS, A_BODY, "the function answers")
FAULTS = list(tables("what goes wrong"))


@pytest.mark.parametrize("row", FAULTS, ids=named)
def test_an_event_source_answers_each_fault_as_documented(row: Row) -> None:
    fault, _, status, body, *_ = row.cells
    answer = row.source.fault(SourceFault(fault))
    assert answer.status == int(status)
    assert body_matches(answer.body, body, dict(answer.headers)["content-type"])


def test_every_fault_of_every_event_source_is_documented() -> None:
    for source in EVENT_SOURCES.values():
        documented = {row.cells[0] for row in FAULTS if row.source is source}
        impossible = set() if source.timeout is not None else {SourceFault.SOURCE_TIMEOUT}
        impossible |= set() if source.name.startswith("alb") else {SourceFault.UPGRADE}
        assert documented == {fault.value for fault in SourceFault if fault not in impossible}


CERTAINTIES = ("documented", "likely", "assumed", "chosen")
SOURCES = set(re.findall(r"^\| ([a-z0-9-]+) \| .+ \|$", DOCS.partition("## url:")[0], re.MULTILINE)) - {"source", "---"}
ROWS = [row for heading in HEADINGS for row in tables(heading)]


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_every_row_has_a_source_that_was_read_or_says_that_it_is_assumed(row: Row) -> None:
    *_, source, certainty = row.cells
    words = [word for word in re.split(r"[ ,]+", certainty) if word in CERTAINTIES]
    assert words
    if {"documented", "likely"} & set(words):
        assert source.split(" ")[0].rstrip(":;,") in SOURCES


def test_every_source_is_used() -> None:
    used = {word.strip(":;,") for row in ROWS for word in row.cells[-2].split(" ")} | {"apigw-notes"}
    assert not SOURCES - used


LIMITED = [row for row in FAULTS if row.cells[0] in ("url too long", "headers too large", "body too large")]


@pytest.mark.parametrize("row", LIMITED, ids=named)
def test_an_event_source_takes_what_its_documented_limit_allows_and_not_a_byte_more(row: Row) -> None:
    limit = int(re.sub(r" MB$", "000000", row.cells[1]).replace(",", "").split(" ")[0])
    if row.cells[1].endswith("MB"):
        limit = limit // 1_000_000 * 1024 * 1024

    def refused(size: int) -> SourceFault | None:
        match row.cells[0]:
            case "url too long":
                return row.source.refuse(WireRequest("GET", "/q", "x" * size, ()))
            case "headers too large":
                return row.source.refuse(WireRequest("GET", "/q", "", (("x", "x" * size),)))
            case _:
                return row.source.refuse(WireRequest("GET", "/q", "", (), b"x" * size))

    assert refused(limit - 100) is None
    assert refused(limit + 1) is SourceFault(row.cells[0])
    assert refused(TOO_MUCH) is SourceFault(row.cells[0])


def test_an_alb_bounds_all_headers_together() -> None:
    many = tuple((f"x-{number}", "x" * 10_000) for number in range(7))
    assert EVENT_SOURCES["alb"].refuse(WireRequest("GET", "/q", "", many)) is SourceFault.HEADERS_TOO_LARGE


@pytest.mark.parametrize("row", list(tables("to a route for GET")), ids=named)
def test_an_event_source_minds_the_routes_method_or_not_as_documented(row: Row) -> None:
    line, documented, *_ = row.cells
    routes = {("GET", "/q"): "Getting", ("ANY", "/any"): "Any"}
    assert route(row.source, routes, request(line)) == {"invoked": ("GET", "/q"), "no route": None}[documented]
    assert route(row.source, routes, request("GET /q")) == ("GET", "/q")
    assert route(row.source, routes, request(line.replace("/q", "/any"))) == ("ANY", "/any")
    catching = {**routes, ("ANY", "$default"): "Rest"}
    assert route(row.source, catching, request("GET /elsewhere")) == ("ANY", "$default")


def test_every_event_source_says_whether_it_minds_the_method() -> None:
    assert [row.source for row in tables("to a route for GET")] == list(EVENT_SOURCES.values())


@pytest.mark.parametrize("row", list(tables("request")), ids=named)
def test_a_request_arrives_in_the_event_as_documented(row: Row) -> None:
    line, field, documented, *_ = row.cells
    found: Any = row.source.event(request(line), CALL._replace(route=line.partition("?")[0]))
    parts = field.split(".")
    if documented == "absent":
        assert field not in found
        return
    for part in parts:
        found = found[part]
    assert found == json.loads(documented)


WITH_PARAMETERS: Routes = {
    ("GET", "/notes/{id}"): "Notes",
    ("ANY", "/files/{proxy+}"): "Files",
    ("GET", "/notes/new"): "New",
}


@pytest.mark.parametrize("row", list(tables(PARAMETERS)), ids=named)
def test_the_parameters_of_a_path_arrive_as_documented(row: Row) -> None:
    line, field, documented, *_ = row.cells
    asked = request(line)
    key = route(row.source, WITH_PARAMETERS, asked)
    if field == "no route":
        assert key is None
        return
    assert key is not None
    found: Any = row.source.event(
        asked, CALL._replace(route=" ".join(key), parameters=parameters(row.source, key, asked.path))
    )
    for part in field.split("."):
        if documented == "absent":
            assert part not in found
            return
        found = found[part]
    assert found == json.loads(documented)


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_the_most_specific_route_is_taken(name: str) -> None:
    source = EVENT_SOURCES[name]
    routes = {**WITH_PARAMETERS, ("GET", "/{proxy+}"): "Any", ("POST", "/notes/{other}"): "Other"}
    asked = (
        "GET /notes/new",
        "GET /notes/1",
        "POST /notes/1",
        "GET /notes/1/2",
        "GET /files/a/b",
        "GET /files/",
        "PUT /x",
    )
    taken = [routes[key] if (key := route(source, routes, request(line))) else None for line in asked]
    assert taken == ["New", "Notes", "Other", "Any", "Files", "Any", None]


@pytest.mark.parametrize("row", list(tables(A_BODY)), ids=named)
def test_a_body_is_text_or_base64_as_documented(row: Row) -> None:
    kind, body, encoded, *_ = row.cells
    kind, *encoding = kind.replace("`", "").split(", content-encoding: ")
    headers = [] if kind == "none" else [("content-type", kind)]
    headers += [("content-encoding", value) for value in encoding]
    event = row.source.event(WireRequest("POST", "/q", "", tuple(headers), b"hi"), CALL)
    assert (event["body"], event["isBase64Encoded"]) == (body.strip("`"), json.loads(encoded))


@pytest.mark.parametrize("row", list(tables("the function answers")), ids=named)
def test_an_answer_leaves_as_documented(row: Row) -> None:
    answer, status, body, *_ = row.cells
    try:
        response = row.source.response(answer.encode())
    except BadAnswer:
        response = row.source.fault(SourceFault.BAD_ANSWER)
    assert response.status == int(status)
    assert body_matches(response.body, body, dict(response.headers)["content-type"])


@pytest.mark.parametrize("source", EVENT_SOURCES.values(), ids=lambda source: source.name)
@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff",
     b'{"statusCode":99}', b'{"statusCode":200,"body":1}', b'{"statusCode":200,"headers":"x","multiValueHeaders":"x"}',
     b'{"statusCode":200,"headers":{"a":"b\\nc"},"multiValueHeaders":{"a":["b\\nc"]}}',
     b'{"statusCode":200,"headers":{"a":{}},"multiValueHeaders":{"a":"b"}}',
     b"[" * 100_000 + b"]" * 100_000, b'{"statusCode":100}', b'{"statusCode":101}',
     b'{"statusCode":200,"headers":{"a b":"c"},"multiValueHeaders":{"a b":["c"]}}',
     '{"statusCode":200,"headers":{"é":"c"},"multiValueHeaders":{"é":["c"]}}'.encode(),
     b'{"statusCode":200,"headers":{"a":"\\ud800"},"multiValueHeaders":{"a":["\\ud800"]}}'],
)  # fmt: skip
def test_an_answer_of_the_wrong_shape_is_a_bad_answer(source: EventSource, payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        source.response(payload)


def test_format_2_joins_repeated_headers_and_takes_cookies_apart() -> None:
    headers = (*HEADERS, ("X-A", "1"), ("x-a", "2"), ("cookie", "a=1; b=2"))
    event = EVENT_SOURCES["v2"].event(WireRequest("GET", "/q", "", headers), CALL)
    assert event["headers"]["x-a"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_format_2_sets_a_header_for_each_cookie_of_the_answer() -> None:
    response = EVENT_SOURCES["url"].response(b'{"statusCode":200,"cookies":["a=1","b=2"]}')
    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize("cookies", ['"a=1"', '["a\\nb"]', "[{}]", '["\\ud800"]'])
def test_cookies_that_http_cannot_carry_are_a_bad_answer(cookies: str) -> None:
    with pytest.raises(BadAnswer):
        EVENT_SOURCES["v2"].response(f'{{"statusCode":200,"cookies":{cookies}}}'.encode())


def test_a_rest_api_gives_the_functions_own_framing_headers_another_name() -> None:
    response = EVENT_SOURCES["v1"].response(b'{"statusCode":200,"headers":{"Content-Length":"1","Date":"x","x":"y"}}')
    assert {name for name, _ in response.headers} >= {"x-amzn-remapped-Content-Length", "x-amzn-remapped-Date", "x"}


def test_a_load_balancer_refuses_an_upgrade_and_the_others_ignore_it() -> None:
    upgrade = WireRequest("GET", "/q", "", (("upgrade", "h2c"), ("connection", "upgrade")))
    assert {name for name, source in EVENT_SOURCES.items() if source.refuse(upgrade)} == {"alb", "alb-multi"}
    assert EVENT_SOURCES["alb"].fault(SourceFault.UPGRADE).status == 400


def test_a_text_type_whose_bytes_are_no_utf_8_travels_as_base64() -> None:
    for name in ("url", "v2", "alb", "alb-multi"):
        request = WireRequest("POST", "/q", "", (("content-type", "text/plain"),), b"\xff")
        event = EVENT_SOURCES[name].event(request, CALL)
        assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


def test_the_client_and_the_trace_are_told_in_headers_that_a_client_cannot_forge() -> None:
    forged = (*HEADERS, ("x-forwarded-for", "192.0.2.9"), ("X-Forwarded-Proto", "gopher"))
    headers = EVENT_SOURCES["alb"].event(WireRequest("GET", "/q", "", forged, source_ip="198.51.100.7"), CALL)[
        "headers"
    ]
    assert headers["x-forwarded-for"] == "192.0.2.9, 198.51.100.7"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-amzn-trace-id"] == CALL.trace


# --- against events written by hand from AWS's samples ---

INDEPENDENT = {
    "url": ("function url", quote),
    "v2": ("http api v2", quote_plus),
    "v1": ("rest api v1", quote_plus),
    "alb": ("alb single-value", quote),
    "alb-multi": ("alb multi-value", quote),
}
QUERY_FIELDS = ("rawPath", "rawQueryString", "path", "queryStringParameters", "multiValueQueryStringParameters")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(["type", "data", "timestamp"])


@pytest.mark.parametrize("name", EVENT_SOURCES)
@given(pairs=st.lists(st.tuples(NAMES, TEXT), max_size=4))
def test_an_event_source_makes_the_event_that_aws_would_make(name: str, pairs: Pairs) -> None:
    shape, quoted = INDEPENDENT[name]
    query = "&".join(f"{quoted(key, safe='')}={quoted(value, safe='')}" for key, value in pairs)
    if name.startswith("alb"):
        query = "&".join(f"{quoted(key)}={quoted(value)}" for key, value in pairs)
    expected = SHAPES[shape]("/qrcode", pairs)
    event = EVENT_SOURCES[name].event(WireRequest("GET", "/qrcode", query, HEADERS), CALL)
    for field in QUERY_FIELDS:
        if field in expected:
            assert event[field] == expected[field]
    assert set(event["requestContext"]) >= {"http" if name in ("url", "v2") else "elb" if "alb" in name else "stage"}


# --- parity with HTTP ---

Ask = Callable[[str], tuple[int, dict[str, str], bytes]]


def over_http(query: str) -> tuple[int, dict[str, str], bytes]:
    """The application asked directly, as the container asks it."""
    app = ServiceApp([Bound(SERVICE, InlineRunner())], Envelope(Identity()))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/qrcode", "query_string": query.encode(), "headers": []}
    with pytest.raises(StopIteration):
        app(scope, None, send).send(None)  # type: ignore[arg-type, attr-defined]
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, sent[1]["body"]


@pytest.fixture(scope="module")
def handler() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    return lambda_handler(SERVICE, {"LOG_SAMPLE_RATE": "0"})


def through(
    source: EventSource, handler: Callable[..., Any], query: str, path: str = "/qrcode", headers: Headers = HEADERS
) -> tuple[int, dict[str, str], bytes]:
    event = json.loads(json.dumps(source.event(WireRequest("GET", path, query, headers), CALL)))
    response = source.response(json.dumps(handler(event, None)).encode())
    headers_sent = {name.removeprefix("x-amzn-remapped-"): value for name, value in response.headers}
    return response.status, headers_sent, response.body


ENCODINGS = st.sampled_from([quote, quote_plus, lambda text: "".join(f"%{byte:02x}" for byte in text.encode())])


@given(
    pairs=st.lists(st.tuples(NAMES, TEXT | st.sampled_from(["encode", "decode", "CC Team"])), max_size=5),
    encoding=ENCODINGS,
    stray=st.sampled_from(["", "&", "&&type", "&=", "&data"]),
)
def test_every_event_source_gives_the_bytes_that_http_gives(
    handler: Callable[..., Any], pairs: Pairs, encoding: Callable[[str], str], stray: str
) -> None:
    query = "&".join(f"{key}={encoding(value)}" for key, value in pairs) + stray
    names = [pair.partition("=")[0] for pair in query.split("&") if pair]
    expected = over_http(query)
    for source in EVENT_SOURCES.values():
        if source.name != "alb" or len(names) == len(set(names)):
            assert through(source, handler, query) == expected, source.name


@given(st.text(st.sampled_from("abc 012XYZ%+&=/?"), max_size=22))
def test_every_text_that_can_be_encoded_is_encoded_alike_behind_every_door(
    handler: Callable[..., Any], text: str
) -> None:
    expected = over_http(f"type=encode&data={quote(text)}")
    assert expected[0] == 200
    for source in EVENT_SOURCES.values():
        assert through(source, handler, f"type=encode&data={quote(text)}") == expected


HOSTS = st.sampled_from(["[::1]", "[::1]:8081", "x:", "x:abc", "a:b:c", "", "localhost", "localhost:80", "ä"])
NAMES_OF_HEADERS = st.sampled_from(["Host", "x-forwarded-port", "x-forwarded-proto", "cookie", "X-A", "accept"])
VALUES = HOSTS | st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=9)


@given(
    headers=st.lists(st.tuples(NAMES_OF_HEADERS, VALUES), max_size=5),
    path=st.sampled_from(["/qrcode", "/healthz", "/nowhere"]),
)
def test_no_header_changes_an_answer(handler: Callable[..., Any], headers: list[tuple[str, str]], path: str) -> None:
    for source in EVENT_SOURCES.values():
        plain = through(source, handler, "type=encode&data=a", path)
        assert through(source, handler, "type=encode&data=a", path, tuple(headers)) == plain, source.name
