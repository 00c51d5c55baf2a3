"""The direct path and the parser's way: the same bytes, the same counts, the same fate of the connection."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httptools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from container.http.direct import REQUEST, DirectProtocol, DirectServices, headers_of
from container.http.protocol import BoundedProtocol
from container.metrics.recorder import Metrics
from container.settings import ContainerSettings
from crossover.asgi import Bound, ServiceApp
from crossover.protocol import Envelope
from tests.integration.http.exchange import ECHO, Exchange, SlowRunner

GET = b"GET /echo?say=%b HTTP/1.1\r\n%b\r\n"
HOST = b"Host: a.example\r\n"
LOAD_BALANCER = (
    b"X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
    b"Host: a.example\r\nX-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\n"
)
DIRECT = {
    "plain": GET % (b"hi", HOST),
    "no query": b"GET /echo HTTP/1.1\r\n" + HOST + b"\r\n",
    "empty query": b"GET /echo? HTTP/1.1\r\n" + HOST + b"\r\n",
    "every character of a query": GET % (bytes(set(range(0x21, 0x7F)) - set(b"#&+%")), HOST),
    "percent": GET % (b"%00%ff%25+b", HOST),
    "a load balancer's": GET % (b"hi", LOAD_BALANCER),
    "keep-alive": GET % (b"hi", HOST + b"Connection: keep-alive\r\n"),
    "Keep-Alive": GET % (b"hi", b"cOnnection:Keep-Alive\r\n" + HOST + b"Keep-Alive: timeout=5\r\n"),
    "empty values": GET % (b"hi", b"Host:\r\nA:\r\nB: \r\nC: \t \r\n"),
    "invalid": GET % (b"invalid", HOST),
    "unavailable": GET % (b"unavailable", HOST),
    "fault": GET % (b"fault", HOST + b"X-Request-Id: me\r\n"),
    "fault with spaces": GET % (b"fault", HOST + b"x-request-ID:  \t me \t\r\n"),
    "fault by trace": GET % (b"fault", LOAD_BALANCER),
    "fault without an id": GET % (b"fault", HOST),
    "fetched": GET % (b"now", HOST),
    "waits": GET % (b"later", HOST),
    "waits for a fault": GET % (b"late-fault", HOST + b"X-Request-Id: me\r\n"),
    "waits to be invalid": GET % (b"late-invalid", HOST),
    "as many bytes as allowed": GET % (b"x" * (2_000 - len(GET % (b"", HOST))), HOST),
}
OTHERWISE = {
    "HEAD": b"HEAD /echo?say=hi HTTP/1.1\r\n" + HOST + b"\r\n",
    "POST": b"POST /echo?say=hi HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
    "another path": b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n",
    "a longer path": b"GET /echo/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped path": b"GET /ech%6f?say=hi HTTP/1.1\r\n" + HOST + b"\r\n",
    "health": b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "an absolute URL": b"GET http://a/echo?say=hi HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": GET % (b"hi#there", HOST),
    "a space": GET % (b"hi there", HOST),
    "no ASCII": GET % (b"\xff", HOST),
    "a control character": GET % (b"\x01", HOST),
    "a value that is no ASCII": GET % (b"hi", HOST + b"A: \xff\r\n"),
    "a value with a control character": GET % (b"hi", HOST + b"A: \x01\r\n"),
    "a folded header": GET % (b"hi", HOST + b"A: b\r\n c\r\n"),
    "a space before the colon": GET % (b"hi", HOST + b"A : b\r\n"),
    "no name": GET % (b"hi", HOST + b": b\r\n"),
    "no colon": GET % (b"hi", HOST + b"A\r\n"),
    "line feeds": (GET % (b"hi", HOST)).replace(b"\r\n", b"\n"),
    "a lone carriage return": GET % (b"hi", HOST + b"A: b\rc\r\n"),
    "HTTP/1.0": b"GET /echo?say=hi HTTP/1.0\r\n" + HOST + b"\r\n",
    "HTTP/1.0, keep-alive": b"GET /echo?say=hi HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n",
    "HTTP/2.0": b"GET /echo?say=hi HTTP/2.0\r\n" + HOST + b"\r\n",
    "close": GET % (b"hi", HOST + b"Connection: close\r\n"),
    "close among others": GET % (b"hi", HOST + b"Connection: keep-alive, close\r\n"),
    "close after keep-alive": GET % (b"hi", HOST + b"Connection: keep-alive\r\nConnection: close\r\n"),
    "a proxy's close": GET % (b"hi", HOST + b"Proxy-Connection: close\r\n"),
    "a body": GET % (b"hi", HOST + b"Content-Length: 3\r\n") + b"abc",
    "an empty body": GET % (b"hi", HOST + b"Content-Length: 0\r\n"),
    "chunks": GET % (b"hi", HOST + b"Transfer-Encoding: chunked\r\n") + b"3\r\nabc\r\n0\r\n\r\n",
    "length and chunks": GET % (b"hi", HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "two lengths": GET % (b"hi", HOST + b"Content-Length: 0\r\nContent-Length: 3\r\n"),
    "a huge length": GET % (b"hi", HOST + b"Content-Length: 99999999999999999999999\r\n"),
    "a body too large": GET % (b"hi", HOST + b"Content-Length: 2000000\r\n"),
    "expects": GET % (b"hi", HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n"),
    "upgrade": GET % (b"hi", HOST + b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
    "upgrade without its token": GET % (b"hi", HOST + b"Upgrade: h2c\r\n"),
    "no host": GET % (b"hi", b""),
    "two hosts": GET % (b"hi", HOST + HOST),
    "one byte too many": GET % (b"x" * (2_001 - len(GET % (b"", HOST))), HOST),
    "a line before it": b"\r\n" + GET % (b"hi", HOST),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "CONNECT": b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "lower case": GET[:0] + b"get /echo?say=hi HTTP/1.1\r\n" + HOST + b"\r\n",
}
CORPUS = {**DIRECT, **OTHERWISE}
NEXT = GET % (b"next", HOST)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def direct() -> Iterator[Exchange]:
    exchange = Exchange(DirectProtocol)
    yield exchange
    exchange.close()


@pytest.fixture(scope="module")
def parsed() -> Iterator[Exchange]:
    exchange = Exchange(BoundedProtocol)
    yield exchange
    exchange.close()


@pytest.fixture(scope="module")
def uvicorn() -> Iterator[Exchange]:
    exchange = Exchange(HttpToolsProtocol)
    yield exchange
    exchange.close()


@pytest.mark.parametrize("request_bytes", DIRECT.values(), ids=DIRECT)
def test_a_plain_get_is_answered_directly_as_uvicorn_answers_it(
    direct: Exchange, parsed: Exchange, uvicorn: Exchange, request_bytes: bytes
) -> None:
    before = direct.direct
    fate = direct([request_bytes, NEXT])
    assert direct.direct == before + 2
    assert fate == parsed([request_bytes, NEXT]) == uvicorn([request_bytes, NEXT])
    assert fate.received.count(b"HTTP/1.1 ") == 2
    assert not fate.closed


@pytest.mark.parametrize("request_bytes", OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_else_is_left_to_the_parser(direct: Exchange, parsed: Exchange, request_bytes: bytes) -> None:
    before = direct.direct
    assert direct([request_bytes]) == parsed([request_bytes])
    assert direct.direct == before
    assert direct([NEXT, request_bytes, NEXT]) == parsed([NEXT, request_bytes, NEXT])
    assert direct([request_bytes], half_close=True) == parsed([request_bytes], half_close=True)


@pytest.mark.no_cover
@pytest.mark.parametrize("request_bytes", CORPUS.values(), ids=CORPUS)
def test_a_request_that_is_split_anywhere_is_the_same(direct: Exchange, parsed: Exchange, request_bytes: bytes) -> None:
    step = 1 if len(request_bytes) < 300 else 97
    for cut in range(1, len(request_bytes), step):
        pieces = [request_bytes[:cut], request_bytes[cut:], NEXT]
        assert direct(pieces) == parsed(pieces), cut


@pytest.mark.parametrize("distance", [1, 2, 3, 5, *(pytest.param(n, marks=pytest.mark.heavy) for n in range(7, 70))])
def test_two_requests_may_come_in_one_read(direct: Exchange, parsed: Exchange, distance: int) -> None:
    requests = list(CORPUS.values())
    for first, second in zip(requests, requests[distance:] + requests[:distance], strict=True):
        assert direct([first + second, NEXT]) == parsed([first + second, NEXT]), (first, second)


def test_a_server_that_drains_answers_nothing_directly(direct: Exchange, parsed: Exchange) -> None:
    before = direct.direct
    for request_bytes in CORPUS.values():
        assert direct([request_bytes], draining=True) == parsed([request_bytes], draining=True)
    assert direct.direct == before
    assert b"connection: close" in direct([NEXT], draining=True).received


def test_a_request_behind_one_that_waits_keeps_its_place(direct: Exchange, parsed: Exchange) -> None:
    waits = DIRECT["waits"]
    for pieces in ([waits + NEXT], [waits + NEXT + waits + NEXT], [waits, NEXT], [waits[:-1], b"\n" + NEXT]):
        fate = direct(pieces)
        assert fate == parsed(pieces)
        assert fate.received.index(b"laterlater") < fate.received.index(b"\nnext")


NAMES = st.one_of(
    st.sampled_from([
        *(b"Host", b"host", b"Connection", b"Proxy-Connection", b"Content-Length", b"Transfer-Encoding", b"Upgrade"),
        *(b"Expect", b"Keep-Alive", b"X-Request-Id", b"X-Amzn-Trace-Id", b"Accept", b"TE", b"Trailer", b"Cookie"),
    ]),
    st.text("abcHTPUEC-!#$%&'*+.^_`|~019 :\t\xe9", max_size=8).map(lambda text: text.encode("latin-1")),
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([
        *(b"a", b"", b"close", b"keep-alive", b"Keep-Alive", b"upgrade", b"keep-alive, close", b"0", b"3", b"chunked"),
        *(b"gzip, chunked", b"identity", b"h2c", b"100-continue", b"me", b" me ", b"\tme\t"),
    ]),
    st.binary(max_size=12),
    st.text(max_size=12).map(str.encode),
)  # fmt: skip
HEADERS = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    NAMES,
    st.sampled_from([b": "] * 6 + [b":", b" :", b":  ", b""]),
    VALUES,
    st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n ", b""]),
)
QUERIES = st.one_of(
    st.sampled_from([b"?say=hi", b"?say=later", b"?say=fault", b"?say=invalid", b"", b"?", b"?say=hi&say=ho"]),
    st.text("say=?&%+#/\\\"<>|{}^`'[]@:;,hi01 \t\x7f\xe9", max_size=20).map(lambda text: b"?" + text.encode("latin-1")),
)
REQUESTS = st.builds(
    lambda method, path, query, version, before, host, after, end: (
        method + path + query + version + b"".join(before) + host + b"".join(after) + end
    ),
    st.sampled_from([b"GET "] * 12 + [b"HEAD ", b"POST ", b"get ", b"GET  ", b"CONNECT ", b"\r\nGET "]),
    st.sampled_from([b"/echo"] * 12 + [b"/healthz", b"/", b"echo", b"//echo", b"/echo/", b"*", b"http://a/echo"]),
    QUERIES,
    st.sampled_from([b" HTTP/1.1\r\n"] * 12 + [b" HTTP/1.0\r\n", b" HTTP/1.1\n", b"\r\n", b" HTTP/1.10\r\n"]),
    st.lists(HEADERS, max_size=3),
    st.sampled_from([HOST] * 8 + [b"", HOST + HOST]),
    st.lists(HEADERS, max_size=3),
    st.sampled_from([b"\r\n"] * 12 + [b"\n", b"", b"\r\nabc", b"\r\n3\r\nabc\r\n0\r\n\r\n"]),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A request of the corpus with one change anywhere."""
    request_bytes = draw(st.sampled_from(sorted(CORPUS.values())))
    place = draw(st.integers(0, len(request_bytes)))
    inserted = draw(st.one_of(st.binary(max_size=2), st.sampled_from([b"\r\n", b"\r", b"\n", b":", b" ", b"\0"])))
    return request_bytes[:place] + inserted + request_bytes[place + draw(st.integers(0, 2)) :]


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Some requests, good and bad, cut into pieces."""
    stream = b"".join(draw(st.lists(st.one_of(REQUESTS, mutated(), st.just(NEXT)), min_size=1, max_size=4)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    return [piece for piece in pieces if piece]


many = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(request_bytes=st.one_of(REQUESTS, mutated()))
def test_any_request_has_the_same_bytes_and_the_same_fate_both_ways(
    direct: Exchange, parsed: Exchange, request_bytes: bytes
) -> None:
    assert direct([request_bytes, NEXT]) == parsed([request_bytes, NEXT])


@many
@given(pieces=conversations(), half_close=st.booleans())
def test_any_conversation_has_the_same_bytes_and_the_same_fate_both_ways(
    direct: Exchange, parsed: Exchange, pieces: list[bytes], half_close: bool
) -> None:
    assert direct(pieces, half_close=half_close) == parsed(pieces, half_close=half_close)


@pytest.mark.heavy
@settings(many, max_examples=20_000)
@given(pieces=conversations(), half_close=st.booleans())
def test_twenty_thousand_conversations_have_the_same_fate_both_ways(
    direct: Exchange, parsed: Exchange, pieces: list[bytes], half_close: bool
) -> None:
    assert direct(pieces, half_close=half_close) == parsed(pieces, half_close=half_close)


class Parsed:
    """What the parser reads in a head."""

    def __init__(self, head: bytes) -> None:
        self.url, self.headers, self.complete = b"", list[tuple[bytes, bytes]](), 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(head)
        self.line = parser.get_method(), parser.get_http_version()
        self.kept = parser.should_keep_alive()
        self.upgraded = parser.should_upgrade()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.complete += 1


def read_alike(head: bytes) -> None:
    """Compares the pattern with the parser, where the pattern accepts a head."""
    request = REQUEST(head)
    if request is not None:
        parsed = Parsed(head)
        url = httptools.parse_url(parsed.url)
        assert (parsed.line, parsed.kept, parsed.upgraded, parsed.complete) == ((b"GET", "1.1"), True, False, 1)
        assert (url.path, url.query or b"") == (request[1], request[2] or b"")
        assert parsed.headers == headers_of(head)


@many
@given(head=st.one_of(REQUESTS, mutated()))
def test_what_the_pattern_accepts_the_parser_reads_alike(head: bytes) -> None:
    read_alike(head)


@pytest.mark.heavy
@settings(many, max_examples=20_000)
@given(head=st.one_of(REQUESTS, mutated()))
def test_of_twenty_thousand_heads_the_parser_reads_alike_what_the_pattern_accepts(head: bytes) -> None:
    read_alike(head)


def test_answers_of_the_direct_path_are_counted_and_sampled_as_all_are() -> None:
    metrics = Metrics([ECHO])
    app = ServiceApp([Bound(ECHO, SlowRunner())], Envelope(ContainerSettings()), observe=metrics.observe)
    exchange = Exchange(DirectProtocol)
    exchange._state["direct"] = DirectServices(app, metrics, sampled=False)
    for say in (b"hi", b"now", b"invalid", b"fault"):
        exchange([GET % (say, HOST)])
    exchange.close()
    text = metrics.text().decode()
    assert 'crossover_requests_total{service="echo",status="200"} 3.0' in text
    assert 'crossover_requests_total{service="echo",status="500"} 1.0' in text
    assert 'crossover_invalid_total{code="parameter",service="echo"} 1.0' in text
    assert 'crossover_request_duration_seconds_count{service="echo"} 4.0' in text


def test_the_internals_of_uvicorn_that_are_leaned_on_are_there() -> None:
    """What `BoundedProtocol` and `DirectProtocol` override, call or read. Its version is bounded in pyproject.toml."""
    overridden = (
        *("connection_made", "connection_lost", "eof_received", "data_received", "pause_writing", "resume_writing"),
        *("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete"),
        *("_start_asgi_task", "_unset_keepalive_if_required", "timeout_keep_alive_handler"),
    )
    assert [name for name in overridden if name not in vars(HttpToolsProtocol)] == []
    made: dict[str, Any] = {}

    class Remembered(HttpToolsProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            made.update(vars(self), cycle_attributes=set(vars(self.cycle)))
            super().connection_lost(exc)

    exchange = Exchange(Remembered, ContainerSettings())
    exchange([NEXT])
    exchange.close()
    attributes = {"parser", "url", "headers", "cycle", "flow", "pipeline", "transport", "connections", "loop"}
    assert attributes | {"timeout_keep_alive", "timeout_keep_alive_task"} <= set(made)
    assert {"response_complete", "keep_alive", "disconnected"} <= made["cycle_attributes"]
    assert hasattr(made["flow"], "write_paused")
