"""Requests read from files: one reader for each format, told apart by content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.errors import UserError
from local.workloads.requests import recorded
from local.workloads.requests.files import of_text, read
from local.workloads.requests.recorded import RecordedRequest

ORDER = RecordedRequest("POST", "/orders", (("content-type", "application/json"),), b'{"item": 1}')


def entry(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url, **more}}


def test_a_har_file_gives_the_requests_to_its_first_host_and_counts_the_others() -> None:
    headers = [
        {"name": ":authority", "value": "shop.test"},
        {"name": "Accept-Encoding", "value": "gzip, br"},
        {"name": "Cookie", "value": "a=b"},
        {"name": "sec-ch-ua", "value": "x"},
    ]
    entries = [
        entry("https://shop.test/items/1?q=a%20b", headers=headers),
        entry("https://cdn.test/font.woff"),
        entry("https://shop.test/orders", "POST", postData={"mimeType": "application/json", "text": '{"item": 1}'}),
        entry("https://shop.test/form", "POST", postData={"params": [{"name": "a", "value": "b c"}]}),
        {"no": "request"},
    ]
    recording = of_text(json.dumps({"log": {"entries": entries}}))
    assert recording.requests == (
        RecordedRequest("GET", "/items/1?q=a%20b", (("cookie", "a=b"),)),
        ORDER,
        RecordedRequest("POST", "/form", (), b"a=b+c"),
    )
    assert recording.notes == (
        "1 left out: requests to other hosts than shop.test",
        "1 left out: entries without a request",
    )


def test_json_lines_take_a_body_as_text_or_as_json() -> None:
    text = '{"path": "/a"}\n\n{"path": "/orders", "json": {"item": 1}}\n'
    text += '{"method": "put", "url": "http://x/b", "body": "c"}'
    assert of_text(text).requests == (
        RecordedRequest("GET", "/a"),
        ORDER,
        RecordedRequest("PUT", "/b", (), b"c"),
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"method": "GET"}', "no path"),
        ('{"path": "/", "bdy": ""}', "an unknown field, 'bdy'"),
        ('{"path": "/", "method": "BREW"}', "the method 'BREW'"),
        ('{"path": "/", "headers": {"a b": "c"}}', "the header 'a b'"),
        ('{"path": "/", "headers": {"a": "b\\r\\nc: d"}}', "the header 'a'"),
    ],
)
def test_a_line_that_is_no_request_is_named_by_its_number(line: str, why: str) -> None:
    with pytest.raises(UserError, match=r"^line 2 is no request: ") as problem:
        of_text('{"path": "/"}\n' + line)
    assert why in str(problem.value)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("curl http://localhost:8000/items/1", RecordedRequest("GET", "/items/1")),
        ("curl -s shop.test", RecordedRequest("GET", "/")),
        ("curl -I 'https://shop.test/a'", RecordedRequest("HEAD", "/a")),
        ("curl -XDELETE https://shop.test/a --compressed", RecordedRequest("DELETE", "/a")),
        (
            "curl https://shop.test/orders \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{\"item\": 1}'",
            ORDER,
        ),
        ("curl -G https://shop.test/a?b=c -d d=e", RecordedRequest("GET", "/a?b=c&d=e")),
        (
            "curl -u ann:secret --url https://shop.test/ -o out",
            RecordedRequest("GET", "/", (("authorization", "Basic YW5uOnNlY3JldA=="),)),
        ),
        (
            "curl --data=a=b https://shop.test/f",
            RecordedRequest("POST", "/f", (("content-type", "application/x-www-form-urlencoded"),), b"a=b"),
        ),
    ],
)
def test_a_call_of_curl_is_the_request_that_curl_would_send(line: str, request_: RecordedRequest) -> None:
    assert of_text(f"{line}\n").requests == (request_,)


@pytest.mark.parametrize(
    "line", ["curl", "curl -d @body.json http://x/", "curl -F a=b http://x/", "curl -H", "curl 'a"]
)
def test_a_call_of_curl_that_cannot_be_sent_is_named_by_its_line(line: str) -> None:
    with pytest.raises(UserError, match=r"^line 2 is no call of curl that can be sent: "):
        of_text(f"# calls\n{line}\n" if line != "curl" else "# calls\ncurl -s\n")


def test_an_access_log_gives_what_has_no_body() -> None:
    text = (
        '10.0.0.1 - ann [27/Nov/2026:07:00 +0000] "GET /items/1?a=b HTTP/1.1" 200 12 "https://shop.test/" "Fox/5"\n'
        'INFO:     127.0.0.1:5000 - "GET /now HTTP/1.1" 200 OK\n'
        '10.0.0.1 - - [27/Nov/2026:07:00:00 +0000] "POST /orders HTTP/2.0" 201 2 "-" "-"\n'
        "nonsense\n"
    )
    recording = of_text(text)
    assert recording.requests == (
        RecordedRequest("GET", "/items/1?a=b", (("referer", "https://shop.test/"), ("user-agent", "Fox/5"))),
        RecordedRequest("GET", "/now"),
    )
    assert recording.notes == (
        "1 left out: POST, whose body a log does not have",
        "1 left out: lines of another format",
    )


OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://shop.test/v1"}],
    "paths": {
        "/items/{item}": {
            "parameters": [{"name": "item", "in": "path", "required": True, "example": 7}],
            "get": {"parameters": [{"name": "tags", "in": "query", "schema": {"default": ["a", "b c"]}}]},
            "delete": {},
        },
        "/orders": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
            }
        },
        "/users/{user}": {"get": {"parameters": [{"name": "user", "in": "path", "required": True}]}},
    },
    "components": {"schemas": {"Order": {"properties": {"item": {"examples": [1]}, "note": {}}, "required": ["item"]}}},
}


@pytest.mark.parametrize(("write", "suffix"), [(json.dumps, ".json"), (yaml.safe_dump, ".yaml")])
def test_an_openapi_document_gives_operations_whose_parameters_have_examples(write: Any, suffix: str) -> None:
    recording = of_text(write(OPENAPI), suffix)
    assert set(recording.requests) == {
        RecordedRequest("GET", "/v1/items/7?tags=a&tags=b+c"),
        RecordedRequest("DELETE", "/v1/items/7"),
        RecordedRequest("POST", "/v1/orders", (("content-type", "application/json"),), b'{"item": 1}'),
    }
    assert recording.notes == ("1 left out: GET /v1/users/{user}: user is required and has no example",)


def test_a_schema_that_contains_itself_has_no_example() -> None:
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}}, "required": ["next"]}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    document = {"openapi": "3.0.0", "paths": {"/a": {"post": {"requestBody": body}, "get": {}}}}
    recording = of_text(json.dumps({**document, "components": {"schemas": {"Node": node}}}))
    assert [request.method for request in recording.requests] == ["GET"]


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"log": {}}', '{"openapi": "3.0"}', '{"a": 1}', "[" * 100_000])
def test_a_file_without_requests_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "requests"
    file.write_text(text)
    with pytest.raises(UserError) as problem:
        read(file)
    assert str(problem.value).startswith(f"{file}: ")
    assert "\n" not in str(problem.value)


def test_a_file_is_bounded_in_bytes_and_in_requests(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text('{"path": "/"}\n' * (recorded.MAX_REQUESTS + 1))
    with pytest.raises(UserError, match="more than 10,000 requests"):
        read(file)
    with file.open("wb") as sparse:
        sparse.truncate(recorded.MAX_FILE_BYTES + 1)
    with pytest.raises(UserError, match="more than 67,108,864 bytes"):
        read(file)
    with pytest.raises(UserError, match="cannot read"):
        read(tmp_path / "missing")
