"""Events read without an adapter: the same answers as through Mangum, and everything unusual left to it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.lambda_adapter import LooplessMangum
from crossover.lambda_events import answer_to, headers_of, query_of_get, query_of_plain
from crossover.responses import Response, text_response
from tests.support.events import SHAPES, Pairs, alb_multi, alb_single, function_url, rest_api_v1, visible

PATHS = frozenset({"/q"})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def pairs_of(query: bytes) -> list[tuple[bytes, bytes]]:
    from urllib.parse import unquote_to_bytes

    pairs = [pair.partition(b"=") for pair in query.replace(b"+", b" ").split(b"&") if pair]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def through_mangum(event: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    queries: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        queries.append(scope["query_string"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    LooplessMangum(app)(event, None)
    return pairs_of(queries[0])


@pytest.mark.parametrize("shape", SHAPES)
@given(pairs=st.lists(st.tuples(st.sampled_from(["type", "a b", "é"]), TEXT), max_size=4))
def test_a_query_is_read_as_mangum_reads_it(shape: str, pairs: Pairs) -> None:
    event = SHAPES[shape]("/q", pairs)
    query = query_of_get(event, PATHS)
    assert query is not None
    assert pairs_of(query) == through_mangum(event)


def test_bytes_that_are_no_utf_8_arrive_behind_a_load_balancer_as_they_were_sent() -> None:
    event = alb_single("/q", []) | {"queryStringParameters": {"a": "%ff"}}
    assert query_of_get(event, PATHS) == b"a=%ff"


@pytest.mark.parametrize("shape", SHAPES)
def test_another_path_or_method_is_left_to_mangum(shape: str) -> None:
    assert query_of_get(SHAPES[shape]("/q", []), PATHS) == b""
    assert query_of_get(SHAPES[shape]("/healthz", []), PATHS) is None
    post = SHAPES[shape]("/q", [])
    (post["requestContext"]["http"] if "version" in post else post).update({"method": "POST", "httpMethod": "POST"})
    assert query_of_get(post, PATHS) is None


@pytest.mark.parametrize(
    "change",
    [
        {"requestContext": {}},
        {"requestContext": {"http": None}},
        {"requestContext": {"http": {"path": []}}},
        {"version": "9"},
        {"rawQueryString": None},
    ],
)
def test_an_event_of_another_shape_is_left_to_mangum(change: dict[str, Any]) -> None:
    assert query_of_get(function_url("/q", []) | change, PATHS) is None
    assert query_of_get(rest_api_v1("/q", []) | {"queryStringParameters": 5}, PATHS) is None


def test_a_lone_surrogate_reaches_the_service_as_bytes_that_are_no_text() -> None:
    assert query_of_plain({"data": "\ud800"}) == b"data=%ED%A0%80"
    assert query_of_get(rest_api_v1("/q", [("data", "\ud800")]), PATHS) == b"data=%ED%A0%80"
    assert query_of_get(function_url("/q", []) | {"rawQueryString": "a=\ud800"}, PATHS) == b"a=\xed\xa0\x80"


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"a": None}, b""),
        ({"a": [None, "x"]}, b"a=x"),
        ({"a": True, "b": 5, "c": 1.5}, b"a=true&b=5&c=1.5"),
        ({"a": ["x", "y"]}, b"a=x&a=y"),
        ({"a": {"b": 1}}, b"a=%7B%22b%22%3A+1%7D"),
        (None, b""),
        ([1], b""),
    ],
)
def test_a_plain_events_values_are_written_as_json_writes_them(parameters: Any, query: bytes) -> None:
    assert query_of_plain(parameters) == query


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_has_the_form_that_its_source_takes(shape: str) -> None:
    event = SHAPES[shape]("/q", [])
    answer = answer_to(text_response(200, b"hi", (b"x-invalid-reason", b"no: way")), event)
    assert visible(answer) == (200, "text/plain; charset=utf-8", "no: way", b"hi")
    assert ("multiValueHeaders" in answer) == (shape == "alb multi-value")


def test_an_answer_that_is_no_text_is_base64() -> None:
    answer = answer_to(Response(200, [], b"\xff"), {})
    assert (answer["isBase64Encoded"], base64.b64decode(answer["body"])) == (True, b"\xff")


def test_headers_are_bytes_with_names_in_lower_case() -> None:
    assert list(headers_of({"headers": {"X-A": "1", "x-b": None}})) == [(b"x-a", b"1")]
    assert list(headers_of(alb_multi("/q", []) | {"multiValueHeaders": {"X-A": ["1", "2"]}})) == [(b"x-a", b"2")]
    assert list(headers_of({})) == []
