"""The container's log: JSON lines that a person can find, and that no client can break or flood."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.config
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from container import logs
from container.logs import (
    CONFIGURATION,
    FIELDS,
    LINES_PER_SECOND,
    MAX_LINE,
    MAX_TEXT,
    Bounded,
    JsonLines,
    count_dropped,
    log_errors,
    sampling,
)
from crossover.asgi import Headers, Receive, Scope, Send
from crossover.protocol import Envelope
from crossover.responses import Response
from crossover.seam import Invalid
from crossover.settings import Identity

SCOPE: Scope = {"type": "http", "path": "/page", "headers": [(b"x-request-id", b"me")]}


def line(message: str, *arguments: object, level: int = logging.ERROR, **extra: object) -> dict[str, Any]:
    record = logging.getLogger("crossover").makeRecord(
        "crossover", level, "file", 1, message, arguments, None, extra=extra
    )
    text = JsonLines().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_has_time_level_message_service_and_request() -> None:
    found = line("the %s service failed", "qrcode", service="qrcode", request_id="me")
    assert found.pop("timestamp").endswith("+00:00")
    assert found == {
        "level": "ERROR",
        "message": "the qrcode service failed",
        "service": "qrcode",
        "request_id": "me",
    }


def test_what_a_client_sent_stays_within_its_line() -> None:
    assert line("%s failed", '/a\n{"level": "ERROR"}\x1b[2J\u2028')["message"].startswith('/a\n{"level')


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    message = line("begin" + "x" * 100_000 + "end")["message"]
    assert message.startswith("begin")
    assert message.endswith("end")
    assert len(message) <= MAX_TEXT + 5


@pytest.mark.parametrize("character", ["x", "\x00", '"', "\u2028", "\U0001f600", "\ud800"])
def test_no_line_is_so_long_that_a_container_engine_splits_it(character: str) -> None:
    try:
        raise ValueError(character * 100_000)
    except ValueError:
        raised = sys.exc_info()
    fields = dict.fromkeys(FIELDS, character * 1000)
    written = JsonLines().format(
        logging.getLogger("crossover").makeRecord(
            "crossover", logging.CRITICAL, "file", 1, "begin%send", (character * 100_000,), raised, extra=fields
        )
    )
    assert len(written.encode()) + 1 <= MAX_LINE
    message = json.loads(written)["message"]
    assert message.startswith("begin" + character * 100)
    assert message.endswith(character * 100 + "end")


def test_a_text_that_only_json_makes_too_long_is_shortened() -> None:
    found = line("\x00" * (MAX_TEXT // 2))["message"]
    assert len(json.dumps(found)) <= MAX_TEXT + 7
    assert line("\x00" * 900)["message"] == "\x00" * 900


def record(level: int) -> logging.LogRecord:
    return logging.LogRecord("crossover", level, "file", 1, "text", None, None)


def test_a_fault_at_every_request_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(logs, "monotonic", lambda: now)
    bounded, dropped = Bounded(), []
    bounded.count = lambda: dropped.append(1)
    assert sum(bounded.filter(record(logging.ERROR)) for _ in range(1000)) == LINES_PER_SECOND
    assert len(dropped) == 1000 - LINES_PER_SECOND
    now += 1.0
    assert bounded.filter(record(logging.WARNING))


def test_lines_of_a_sample_are_never_dropped() -> None:
    bounded = Bounded()
    assert all(bounded.filter(record(logging.INFO)) for _ in range(1000))


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the container's logging writes; as it was before when the test is over."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logging.config.dictConfig(CONFIGURATION)
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written := StringIO())
    yield written
    root.handlers, root.level = before, level
    logging.getLogger("crossover").setLevel(logging.NOTSET)


def test_dropped_lines_are_counted(written: StringIO) -> None:
    dropped = []
    count_dropped(lambda: dropped.append(1))
    for _ in range(LINES_PER_SECOND * 3):
        logging.getLogger("crossover").warning("again")
    assert len(dropped) >= 1
    lines = [json.loads(text) for text in written.getvalue().splitlines()]
    assert len(lines) + len(dropped) == LINES_PER_SECOND * 3


class Seen:
    def __init__(self) -> None:
        self.answers: list[int] = []

    def __call__(self, service: str, response: Response, seconds: float, headers: Headers) -> None:
        self.answers.append(response.status)


def test_without_a_share_observing_is_all_there_is() -> None:
    seen = Seen()
    assert sampling(0, seen) is seen


def test_a_sampled_answer_writes_one_line_with_its_request_and_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    response = Envelope(Identity()).invalid(Invalid("length", "too long"))
    with caplog.at_level(logging.INFO):
        sampling(1, seen)("qrcode", response, 0.25, SCOPE["headers"])
    (written,) = caplog.records
    found = json.loads(JsonLines().format(written))
    assert (found["service"], found["request_id"], found["status"]) == ("qrcode", "me", 200)
    assert (found["reason"], found["bytes"]) == ("length: too long", len(response.body))
    assert found["duration_ms"] == 250
    assert seen.answers == [200]


def ask(app: Any, scope: Scope = SCOPE) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(log_errors(app)(scope, None, send))  # type: ignore[arg-type]
    return sent


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    """As Starlette does it: answers first, and then raises what happened."""
    await send({"type": "http.response.start", "status": 500, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b"Internal Server Error"})
    raise ZeroDivisionError


def test_a_fault_behind_the_services_is_answered_and_logged_with_the_requests_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent = ask(failing)
    assert sent[0]["headers"] == [(b"a", b"b"), (b"x-request-id", b"me")]
    (written,) = caplog.records
    assert json.loads(JsonLines().format(written))["request_id"] == "me"
    assert "ZeroDivisionError" in json.loads(JsonLines().format(written))["exception"]


def test_other_answers_and_protocols_pass_as_they_are() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})

    assert ask(app)[0]["headers"] == []
    assert ask(app, {"type": "lifespan"})[0]["headers"] == []
