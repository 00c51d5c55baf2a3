"""Requests that an application's own OpenAPI document gives examples of."""

from __future__ import annotations

import json
import subprocess

from local.errors import UserError
from local.guest.application import Guest
from local.guest.process import run
from local.workloads.requests import openapi
from local.workloads.requests.recorded import RecordedRequest, Recording

NAME = "requests.jsonl"
SECONDS = 60


def own_requests(guest: Guest) -> Recording | None:
    """Return the requests; None where the application has no such document, or none of its operations can be sent."""
    try:
        done = run(guest, "openapi", seconds=SECONDS)
        document = json.loads(done.report)
        return openapi.read(document) if isinstance(document, dict) and "openapi" in document else None
    except (subprocess.TimeoutExpired, ValueError, RecursionError, UserError):
        return None


def text_of(recording: Recording) -> str:
    """Return a file of JSON lines, to be edited."""
    return "".join(json.dumps(_line(request), ensure_ascii=False) + "\n" for request in recording.requests)


def _line(request: RecordedRequest) -> dict[str, object]:
    line: dict[str, object] = {"method": request.method, "path": request.target}
    headers = {name: value for name, value in request.headers if name != "content-type"}
    if request.body and dict(request.headers).get("content-type") == "application/json":
        line["json"] = json.loads(request.body)
    elif request.body:
        line["body"] = request.body.decode()
        headers = dict(request.headers)
    return line | ({"headers": headers} if headers else {})
