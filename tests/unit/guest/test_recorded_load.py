"""An application's requests as a load, each with the answer that it has to get."""

from __future__ import annotations

import json

import pytest

from local.errors import UserError
from local.load.tally import MAX_DIFFERENCES, Tally
from local.measure.guests import recorded_load
from local.measure.guests.recorded_load import of_answers
from local.workloads.requests.answers import Expected, RecordedAnswer
from local.workloads.requests.recorded import RecordedRequest

JSON = ("content-type", "application/json")
GET = RecordedRequest("GET", "/a")


def answer(value: object, status: int = 200, *headers: tuple[str, str]) -> RecordedAnswer:
    return RecordedAnswer(status, (JSON, *headers), json.dumps(value).encode())


def expected_of(first: RecordedAnswer, second: RecordedAnswer, *ignored: str) -> Expected:
    (asked,), _ = of_answers("shop", [GET], ([first], [second]), ignored)
    assert asked.message is not None
    assert asked.message.expected is not None
    return asked.message.expected


def test_what_differed_between_two_answers_may_differ_under_load() -> None:
    expected = expected_of(answer({"now": 1, "name": "tea"}), answer({"now": 2, "name": "tea"}))
    assert expected.differing(answer({"now": 3, "name": "tea"})) == []
    assert expected.differing(answer({"now": 3, "name": "cup"})) == ["""body.name: '"tea"', '"cup"'"""]


def test_headers_count_but_for_those_that_every_answer_writes_again() -> None:
    expected = expected_of(*(answer(1, 200, ("etag", "x"), ("date", "today")),) * 2)
    assert expected.differing(answer(1, 200, ("etag", "x"), ("date", "tomorrow"))) == []
    assert expected.differing(answer(1, 200, ("etag", "y"))) == ["header etag: 'x', 'y'"]


def test_the_caller_names_what_may_differ() -> None:
    expected = expected_of(answer({"id": 1}), answer({"id": 1}), "id")
    assert expected.differing(answer({"id": 2})) == []


def test_requests_whose_status_changes_are_left_out_and_counted() -> None:
    requests = [GET, RecordedRequest("DELETE", "/a"), RecordedRequest("HEAD", "/a")]
    first, second = [answer(1), answer(1, 204), answer(1)], [answer(1), answer(1, 404), answer(1)]
    asked, notes = of_answers("shop", requests, (first, second), ())
    assert [(each.service, each.path, each.message and each.message.method) for each in asked] == [
        ("shop", "/a", "GET")
    ]
    assert notes == ["2 of 3 requests left out: HEAD, another status the second time, or 5xx"]


def test_a_load_of_nothing_says_what_was_answered() -> None:
    with pytest.raises(UserError, match="GET /a got 500 and refused"):
        of_answers("shop", [GET], ([answer(1, 500)], [RecordedAnswer(0, error="refused")]), ())


def test_bodies_beyond_the_bound_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_load, "MAX_BYTES", 10)
    expected = expected_of(*(answer("a" * 20),) * 2)
    assert expected.differing(answer("b" * 20)) == []
    assert expected.differing(answer("b" * 20, 200, ("etag", "x"))) == ["header etag: missing, 'x'"]


def test_kinds_of_wrong_answers_are_counted_and_bounded() -> None:
    tally = Tally()
    tally.compared("GET /a", [])
    for number in range(MAX_DIFFERENCES + 5):
        tally.compared("GET /a", [f"body: '{number}', 'x'"])
        tally.compared("GET /a", ["body: '0', 'x'"])
    assert (tally.right, tally.wrong, len(tally.differences)) == (1, 50, MAX_DIFFERENCES)
    assert tally.differences["GET /a: body: '0', 'x'"] == 26
