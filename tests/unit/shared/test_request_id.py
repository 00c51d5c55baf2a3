"""The id of a request: the one that it came with, or a new one."""

from __future__ import annotations

import re

import pytest

from crossover.request_id import request_id

TRACE = b"Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"


def test_a_request_keeps_the_id_that_it_came_with() -> None:
    assert request_id([(b"host", b"a"), (b"x-request-id", b"checkout-42")]) == "checkout-42"


def test_the_trace_of_a_load_balancer_serves_where_there_is_no_id() -> None:
    assert request_id([(b"x-amzn-trace-id", TRACE)]) == TRACE.decode()
    assert request_id([(b"x-amzn-trace-id", TRACE), (b"x-request-id", b"mine")]) == "mine"


def test_a_request_without_an_id_gets_one_of_its_own() -> None:
    made = {request_id([]) for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)


@pytest.mark.parametrize(
    "unusable", [b"", b"a b", b"a\r\nset-cookie: x", b'"}', b"\xff", b"<script>", b"-a", b"x" * 129]
)
def test_an_id_that_is_too_long_or_could_break_a_line_is_replaced(unusable: bytes) -> None:
    assert re.fullmatch("[0-9a-f]{32}", request_id([(b"x-request-id", unusable)]))
    assert request_id([(b"x-request-id", unusable), (b"x-request-id", b"second")]) == "second"


def test_an_id_may_have_128_characters() -> None:
    assert request_id([(b"x-request-id", b"x" * 128)]) == "x" * 128
