"""Answers of two platforms compared, and what is said of an application."""

from __future__ import annotations

import json
from typing import Any

from local.measure.comparison.result import Finding
from local.measure.guests.findings import of_answers, of_inspection, of_left_out, of_memory, of_store, steady
from local.measure.guests.inspection import Inspection, imports_of
from local.workloads.requests.answers import RecordedAnswer, differences, volatile
from local.workloads.requests.recorded import RecordedRequest

GET = RecordedRequest("GET", "/a")


def answer(body: Any, status: int = 200, **headers: str) -> RecordedAnswer:
    named = (("content-type", "application/json"), *headers.items())
    return RecordedAnswer(status, named, json.dumps(body).encode())


def test_equal_json_in_another_order_and_form_is_no_difference() -> None:
    left = RecordedAnswer(200, (("content-type", "application/json"), ("date", "today")), b'{"a": 1, "b": [2]}')
    right = RecordedAnswer(
        200, (("date", "tomorrow"), ("expires", "never"), ("content-type", "application/json")), b'{"b":[2],"a":1}'
    )
    assert differences(left, right, ()) == []


def test_a_difference_names_the_field_and_both_values() -> None:
    left, right = answer({"a": {"b": [1, 2]}}, etag="x"), answer({"a": {"b": [1, 3]}}, 201)
    assert differences(left, right, ()) == [
        "status: '200', '201'",
        "header etag: 'x', missing",
        "body.a.b.1: '2', '3'",
    ]


def test_what_the_caller_names_may_differ() -> None:
    left, right = answer({"a": {"id": 1}, "b": 1}, etag="x"), answer({"a": {"id": 2}, "b": 2}, etag="y")
    assert differences(left, right, {"etag", "id", "body.b"}) == []
    assert differences(left, right, {"etag", "body.a"}) == ["body.b: '1', '2'"]


def test_what_changes_when_it_is_asked_twice_may_differ() -> None:
    container = ([answer({"now": 1, "name": "tea"})], [answer({"now": 2, "name": "tea"})])
    on_lambda = ([answer({"now": 3, "name": "cup"})], [answer({"now": 4, "name": "cup"})])
    assert volatile(container[0][0], container[1][0]) == {"body.now"}
    found = of_answers([GET], container, on_lambda, ())
    assert found == [Finding("answers differ", """GET /a: body.name: '"tea"', '"cup"' (container, Lambda)""")]


def test_an_error_of_one_platform_is_a_difference() -> None:
    failed = [RecordedAnswer(0, error="timeout: Task timed out")]
    (found,) = of_answers([GET], ([answer(1)], [answer(1)]), (failed, failed), ())
    assert "no answer: 200, 'timeout: Task timed out'" in found.detail


def test_only_requests_with_one_status_everywhere_are_measured() -> None:
    good, created, conflict, broken = answer(1), answer(1, 201), answer(1, 409), answer(1, 500)
    once, again = [good, created, broken, good], [good, conflict, broken, good]
    on_lambda = [good, created, broken, created]
    assert steady([GET] * 4, (once, again), (on_lambda, on_lambda)) == [0]


def inspection(**given: Any) -> Inspection:
    defaults: dict[str, Any] = {"import_seconds": 0.1, "streamed": [], "after_answer_ms": [], "tasks": 0, "threads": 0}
    return Inspection(**{**defaults, "written": [], **given})


def test_an_application_that_only_answers_has_no_findings() -> None:
    assert of_inspection([GET], inspection(after_answer_ms=[(0, 0.2)])) == []
    assert of_memory(60, 128) == []


def test_each_thing_that_lambda_does_otherwise_is_one_line() -> None:
    seen = inspection(
        import_seconds=2.1,
        imports=[("boto3", 1.2), ("small", 0.01)],
        streamed=[0],
        after_answer_ms=[(0, 250.0)],
        tasks=1,
        threads=2,
        written=["/srv/app/shop.db"],
    )
    assert [finding.detail for finding in of_inspection([GET], seen)] == [
        "import takes 2.1 s: boto3 1.2 s; INIT pays for it",
        "GET /a answers in parts; Lambda sends it whole",
        "GET /a: works 250 ms after the answer; on Lambda the caller waits for it",
        "tasks left between requests: 1; Lambda freezes them meanwhile",
        "threads left between requests: 2; Lambda freezes them meanwhile",
        "writes /srv/app/shop.db; on Lambda only /tmp can be written, for one environment",
    ]
    assert of_memory(700, 1024)[0].detail == "needs 700 MB; smaller functions than 1,024 MB are left out"


def test_import_times_are_summed_by_package() -> None:
    text = "import time: self [us] | cumulative | imported package\n"
    text += "import time:       400 |       400 |     boto3.session\nimport time:       600 |      1000 |   boto3\n"
    text += "said by the application\nimport time:       300 |       300 | json\n"
    assert imports_of(text) == [("boto3", 0.001), ("json", 0.0003)]


def test_a_store_is_named_without_its_password() -> None:
    (found,) = of_store("mysql+pymysql://shop:secret@db.example:3306/shop")
    assert found.detail.startswith("mysql+pymysql://db.example: its price is not included")
    assert "a file of its own" in of_store("sqlite:///shop.db")[0].detail
    assert "its database" in of_store("mysql://[")[0].detail
    assert of_store("") == []


def test_requests_that_are_not_measured_are_named_with_their_reason() -> None:
    requests = [GET, RecordedRequest("HEAD", "/b"), RecordedRequest("POST", "/c"), RecordedRequest("GET", "/d")]
    first, second = (
        [answer(1), answer(1), answer(1, 201), answer(1, 500)],
        [answer(1), answer(1), answer(1, 409), answer(1, 500)],
    )
    failed = [*first[:3], RecordedAnswer(0, error="timeout")]
    assert [finding.detail for finding in of_left_out(requests, (first, second), (failed, failed))] == [
        "HEAD /b is not measured: HEAD",
        "POST /c is not measured: 201, then 409 in the container, 201 on Lambda",
        "GET /d is not measured: 500 in the container, timeout on Lambda",
    ]


def test_long_values_are_shown_from_where_they_differ() -> None:
    text = "<html>" + "a" * 100
    left, right = (
        RecordedAnswer(200, (), (text + "left").encode()),
        RecordedAnswer(200, (), (text + "right" * 20).encode()),
    )
    (said,) = differences(left, right, ())
    assert said.startswith("body at 86: '...aaaaaaaaaaaaaaaaaaaaleft', '...aaaaaaaaaaaaaaaaaaaarightright")
    assert said.endswith("...'")


def test_a_header_with_several_values_may_be_joined_in_either_way() -> None:
    left = RecordedAnswer(200, (("x-a", "1"), ("x-a", "2")))
    assert differences(left, RecordedAnswer(200, (("x-a", "1,2"),)), ()) == []
