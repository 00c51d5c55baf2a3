"""Requests out of an application's own OpenAPI document, as a file to be edited."""

from __future__ import annotations

from local.guest.own_requests import text_of
from local.workloads.requests import json_lines
from local.workloads.requests.recorded import RecordedRequest, Recording


def test_what_is_written_is_read_again() -> None:
    requests = (
        RecordedRequest("GET", "/items?page=1"),
        RecordedRequest("POST", "/orders", (("content-type", "application/json"),), b'{"item": "caf\xc3\xa9"}'),
        RecordedRequest("PUT", "/note", (("content-type", "text/plain"), ("x-id", "5")), b"hello"),
    )
    assert json_lines.read(text_of(Recording(requests))).requests == requests
