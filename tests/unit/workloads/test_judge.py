"""What a smoke test accepts as an answer, and what it says of others."""

from __future__ import annotations

import json

import pytest

from local.workloads.judge import ExpectedResult, HttpAnswer, Plain, faults, first_line_of, shown

TEXT = {"content-type": "text/plain; charset=utf-8"}
HEAD = b"Crossover,000000000000\n"
RIGHT = HttpAnswer(200, TEXT, HEAD + b"0x1")
INVALID = HttpAnswer(200, TEXT | {"x-invalid-reason": "hex: no hex"}, HEAD + b"INVALID")


def test_the_result_in_the_services_form_is_right() -> None:
    assert faults(ExpectedResult(b"0x1"), RIGHT, HEAD) == []
    assert faults(ExpectedResult(b"INVALID", "hex: no hex"), INVALID) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (RIGHT._replace(body=HEAD + b"0x2"), "'0x2', not '0x1'"),
        (RIGHT._replace(body=b"Crossover\n0x1"), "the first line is not TEAM,ACCOUNT: 'Crossover\\n0x1'"),
        (RIGHT._replace(body=b"a,b,c\n0x1"), "the first line is not TEAM,ACCOUNT: 'a,b,c\\n0x1'"),
        (RIGHT._replace(body=b""), "the first line is not TEAM,ACCOUNT: ''"),
        (RIGHT._replace(headers={"content-type": "text/html"}), "content-type 'text/html', not"),
        (RIGHT._replace(headers={}), "content-type '', not"),
        (RIGHT._replace(status=500), "status 500, not 200"),
        (RIGHT._replace(status=301, body=b""), "status 301, not 200: ''"),
        (RIGHT._replace(headers=TEXT | {"x-invalid-reason": "hex: why"}), "the reason is 'hex: why', not ''"),
        (RIGHT._replace(body=b"Other,1\n0x1"), "team and account differ from those of the answers before"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_deviation_has_its_words(answer: HttpAnswer, fault: str) -> None:
    assert any(each.startswith(fault) for each in faults(ExpectedResult(b"0x1"), answer, HEAD))


def test_an_invalid_answer_has_exactly_its_reason() -> None:
    assert faults(ExpectedResult(b"INVALID", "hex: another"), INVALID) == [
        "the reason is 'hex: no hex', not 'hex: another'"
    ]
    assert faults(ExpectedResult(b"INVALID", "hex: no hex"), INVALID._replace(headers=TEXT)) == [
        "the reason is '', not 'hex: no hex'"
    ]


def test_a_service_says_itself_which_results_are_the_same() -> None:
    expected = ExpectedResult(b'{"a":1,"b":2}', same=lambda one, other: bool(json.loads(one) == json.loads(other)))
    assert faults(expected, RIGHT._replace(body=HEAD + b'{"b": 2, "a": 1}')) == []
    assert faults(expected, RIGHT._replace(body=HEAD + b'{"b": 3, "a": 1}')) != []


def test_of_a_result_that_nobody_knows_the_form_counts() -> None:
    unknown = ExpectedResult(None, codes=("hex", "length"))
    assert faults(unknown, RIGHT) == []
    assert faults(unknown, INVALID) == []
    assert faults(unknown, INVALID._replace(headers=TEXT)) == [
        "INVALID for the reason '', which the service does not have"
    ]
    assert faults(unknown, RIGHT._replace(headers=TEXT | {"x-invalid-reason": "hex: why"})) == [
        "a reason, 'hex: why', for an answer that is not INVALID"
    ]
    assert faults(unknown, HttpAnswer(503, TEXT, HEAD + b"UNAVAILABLE")) != []


def test_the_platforms_answers_have_a_status_a_body_and_for_405_what_is_allowed() -> None:
    method = Plain((405,), b"method not allowed", "GET")
    assert faults(method, HttpAnswer(405, {"allow": "GET"}, b"method not allowed")) == []
    assert faults(method, HttpAnswer(405, {}, b"method not allowed")) == ["allows '', not 'GET'"]
    assert faults(method, HttpAnswer(200, {}, b"")) == ["status 200, not 405: ''"]
    assert faults(Plain((200,), b"ok"), HttpAnswer(200, {}, b"ready")) == ["'ready', not 'ok'"]
    assert faults(Plain((403, 404)), HttpAnswer(404, {}, b"anything")) == []
    assert faults(Plain((403, 404)), HttpAnswer(500, {}, b"")) == ["status 500, not 403 or 404: ''"]


def test_the_first_line_is_taken_from_a_services_answer_alone() -> None:
    assert first_line_of(RIGHT) == HEAD
    assert first_line_of(HttpAnswer(200, {}, b"ok")) is None


def test_a_long_body_is_cut_and_what_is_no_text_is_shown_nevertheless() -> None:
    assert shown(b"x" * 100) == f"'{'x' * 60}'... (100 bytes)"
    assert shown(b"\xff\x1b[31m") == r"'�\x1b[31m'"
