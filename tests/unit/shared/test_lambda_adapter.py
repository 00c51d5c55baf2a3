"""The parts of Mangum that `crossover.lambda_adapter` leans on, and what it adds to them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from mangum import Mangum
from mangum.protocols import HTTPCycle

from crossover.asgi import respond
from crossover.lambda_adapter import LooplessMangum
from crossover.responses import text_response
from tests.support.events import SHAPES, alb_multi, alb_single, visible


async def app(scope: Any, receive: Any, send: Any) -> None:
    await respond(text_response(200, f"{scope['method']} {scope['path']}".encode()), send)


def test_mangum_has_the_parts_that_are_used() -> None:
    assert list(inspect.signature(Mangum.infer).parameters) == ["self", "event", "context"]
    assert list(inspect.signature(Mangum._setup_event_loop).parameters) == ["self"]
    assert list(inspect.signature(HTTPCycle.__init__).parameters) == ["self", "scope", "body"]
    assert list(inspect.signature(HTTPCycle.run).parameters) == ["self", "app"]
    source = inspect.getsource(HTTPCycle)
    assert all(f"self.{name}" in source for name in ("status", "headers", "body"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("host", ["[::1]", "[::1]:8081", "x:", "x:abc", "a:b:c", ""])
def test_any_host_header_is_served_at_every_event_source(shape: str, host: str) -> None:
    event = SHAPES[shape]("/q", [])
    for key, value in (("headers", host), ("multiValueHeaders", [host])):
        if key in event:
            event[key] = {"Host" if "host" not in event[key] else "host": value}
    assert visible(LooplessMangum(app)(event, None))[3] == b"GET /q"


def test_headers_that_are_null_are_none_and_the_event_stays_as_it_was() -> None:
    for event in (alb_single("/q", []), alb_multi("/q", [])):
        before = repr(event)
        assert visible(LooplessMangum(app)(event, None))[3] == b"GET /q"
        assert repr(event) == before
    assert visible(LooplessMangum(app)(alb_single("/q", []) | {"headers": None}, None))[0] == 200


def test_an_event_of_no_known_shape_is_an_error_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="unable to infer a handler"):
        LooplessMangum(app)({"requestContext": {}}, None)
