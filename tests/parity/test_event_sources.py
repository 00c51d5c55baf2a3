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
from crossover.responses import Envelope
from crossover.runner import InlineRunner
from crossover.settings import Identity
from functions.qrcode.handler import SERVICE
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import BadAnswer, Call, EventSource, Fault, HttpRequest
from local.emulator.gateway import route
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


def request(line: str, body: bytes = b"") -> HttpRequest:
    method, target = line.split(" ")
    path, _, query = target.partition("?")
    return HttpRequest(method, path, query, HEADERS, body)


def body_matches(body: bytes, documented: str, kind: str) -> bool:
    return f"<title>{documented}</title>" in body.decode() if "html" in kind else body.decode() == documented


FAULTS = list(tables("what goes wrong"))


@pytest.mark.parametrize("row", FAULTS, ids=named)
def test_an_event_source_answers_each_fault_as_documented(row: Row) -> None:
    fault, _, status, body, source, certainty = row.cells
    answer = row.source.fault(Fault(fault))
    assert answer.status == int(status)
    assert body_matches(answer.body, body, dict(answer.headers)["content-type"])
    assert source
    assert certainty.split(" ")[0] in ("documented", "likely", "assumed", "chosen", "status")


def test_every_fault_of_every_event_source_is_documented() -> None:
    for source in EVENT_SOURCES.values():
        documented = {row.cells[0] for row in FAULTS if row.source is source}
        possible = {fault.value for fault in Fault if fault is not Fault.SOURCE_TIMEOUT or source.timeout is not None}
        assert documented == possible


LIMITED = [row for row in FAULTS if row.cells[0] in ("url too long", "headers too large", "body too large")]


@pytest.mark.parametrize("row", LIMITED, ids=named)
def test_an_event_source_takes_what_its_documented_limit_allows_and_not_a_byte_more(row: Row) -> None:
    limit = int(re.sub(r" MB$", "000000", row.cells[1]).replace(",", "").split(" ")[0])
    if row.cells[1].endswith("MB"):
        limit = limit // 1_000_000 * 1024 * 1024

    def refused(size: int) -> Fault | None:
        match row.cells[0]:
            case "url too long":
                return row.source.refuse(HttpRequest("GET", "/q", "x" * size, ()))
            case "headers too large":
                return row.source.refuse(HttpRequest("GET", "/q", "", (("x", "x" * size),)))
            case _:
                return row.source.refuse(HttpRequest("GET", "/q", "", (), b"x" * size))

    assert refused(limit - 100) is None
    assert refused(limit + 1) is Fault(row.cells[0])
    assert refused(TOO_MUCH) is Fault(row.cells[0])


def test_an_alb_bounds_all_headers_together() -> None:
    many = tuple((f"x-{number}", "x" * 10_000) for number in range(7))
    assert EVENT_SOURCES["alb"].refuse(HttpRequest("GET", "/q", "", many)) is Fault.HEADERS_TOO_LARGE


@pytest.mark.parametrize("row", list(tables("to a route for GET")), ids=named)
def test_an_event_source_minds_the_routes_method_or_not_as_documented(row: Row) -> None:
    line, documented, source, _ = row.cells
    routes = {("GET", "/q"): "Getting", ("ANY", "/any"): "Any"}
    assert route(row.source, routes, request(line)) == {"invoked": "Getting", "no route": None}[documented]
    assert route(row.source, routes, request("GET /q")) == "Getting"
    assert route(row.source, routes, request(line.replace("/q", "/any"))) == "Any"
    assert source


def test_every_event_source_says_whether_it_minds_the_method() -> None:
    assert [row.source for row in tables("to a route for GET")] == list(EVENT_SOURCES.values())


@pytest.mark.parametrize("row", list(tables("request")), ids=named)
def test_a_request_arrives_in_the_event_as_documented(row: Row) -> None:
    line, field, documented, *_ = row.cells
    found: Any = row.source.event(request(line), CALL)
    parts = field.split(".")
    if documented == "absent":
        assert field not in found
        return
    for part in parts:
        found = found[part]
    assert found == json.loads(documented)


@pytest.mark.parametrize("row", list(tables("the function answers")), ids=named)
def test_an_answer_leaves_as_documented(row: Row) -> None:
    answer, status, body, *_ = row.cells
    try:
        response = row.source.response(answer.encode())
    except BadAnswer:
        response = row.source.fault(Fault.BAD_ANSWER)
    assert response.status == int(status)
    assert body_matches(response.body, body, dict(response.headers)["content-type"])


@pytest.mark.parametrize("source", EVENT_SOURCES.values(), ids=lambda source: source.name)
@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"\xff",
     b'{"statusCode":99}', b'{"statusCode":200,"body":1}', b'{"statusCode":200,"headers":"x","multiValueHeaders":"x"}',
     b'{"statusCode":200,"headers":{"a":"b\\nc"},"multiValueHeaders":{"a":["b\\nc"]}}',
     b'{"statusCode":200,"headers":{"a":{}},"multiValueHeaders":{"a":"b"}}'],
)  # fmt: skip
def test_an_answer_of_the_wrong_shape_is_a_bad_answer(source: EventSource, payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        source.response(payload)


def test_format_2_joins_repeated_headers_and_takes_cookies_apart() -> None:
    headers = (*HEADERS, ("X-A", "1"), ("x-a", "2"), ("cookie", "a=1; b=2"))
    event = EVENT_SOURCES["v2"].event(HttpRequest("GET", "/q", "", headers), CALL)
    assert event["headers"]["x-a"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]


def test_format_2_sets_a_header_for_each_cookie_of_the_answer() -> None:
    response = EVENT_SOURCES["url"].response(b'{"statusCode":200,"cookies":["a=1","b=2"]}')
    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_a_body_that_is_no_text_travels_as_base64_and_text_does_not() -> None:
    for name in ("url", "v2", "alb", "alb-multi"):
        binary = HttpRequest("POST", "/q", "", (("content-type", "image/png"),), b"\x89PNG")
        assert EVENT_SOURCES[name].event(binary, CALL)["body"] == "iVBORw=="
        assert EVENT_SOURCES[name].event(binary, CALL)["isBase64Encoded"] is True
        text = HttpRequest("POST", "/q", "", (("content-type", "text/plain"),), b"hi")
        assert EVENT_SOURCES[name].event(text, CALL)["body"] == "hi"


def test_the_client_and_the_trace_are_told_in_headers_that_a_client_cannot_forge() -> None:
    forged = (*HEADERS, ("x-forwarded-for", "192.0.2.9"), ("X-Forwarded-Proto", "gopher"))
    headers = EVENT_SOURCES["alb"].event(HttpRequest("GET", "/q", "", forged, source_ip="198.51.100.7"), CALL)[
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
    event = EVENT_SOURCES[name].event(HttpRequest("GET", "/qrcode", query, HEADERS), CALL)
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


def through(source: EventSource, handler: Callable[..., Any], query: str) -> tuple[int, dict[str, str], bytes]:
    event = json.loads(json.dumps(source.event(HttpRequest("GET", "/qrcode", query, HEADERS), CALL)))
    response = source.response(json.dumps(handler(event, None)).encode())
    return response.status, dict(response.headers), response.body


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
