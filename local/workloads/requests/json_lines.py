"""JSON lines: `{"method": "POST", "path": "/orders", "headers": {...}, "json": {...}}`, one request a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.errors import UserError
from local.workloads.requests.recorded import Gathered, RecordedRequest, Recording, Unusable, request_of

FIELDS = ("method", "path", "url", "headers", "body", "json")


def read(text: str) -> Recording:
    """Return the requests. Raises `UserError` with the number of the line that is at fault."""
    gathered = Gathered()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            gathered.add(_request(json.loads(line)))
        except (ValueError, RecursionError) as problem:
            said = str(problem) if isinstance(problem, Unusable) else "no JSON"
            raise UserError(f"line {number} is no request: {said}; {FORM}") from None
    return gathered.recording()


FORM = 'write {"method": "POST", "path": "/orders", "headers": {}, "json": {}}'


def _request(line: Any) -> RecordedRequest:
    if not isinstance(line, Mapping):
        raise Unusable("no object")
    unknown = [str(name)[:40] for name in line if name not in FIELDS]
    if unknown:
        raise Unusable(f"an unknown field, {unknown[0]!r}")
    address = line.get("path", line.get("url"))
    headers = line.get("headers") or {}
    if not isinstance(address, str) or not isinstance(headers, Mapping):
        raise Unusable("no path")
    pairs = [(str(name), str(value)) for name, value in headers.items()]
    if "json" in line:
        body = json.dumps(line["json"], ensure_ascii=False).encode("utf-8", "surrogatepass")
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("content-type", "application/json"))
    else:
        body = str(line.get("body") or "").encode("utf-8", "surrogatepass")
    return request_of(str(line.get("method") or ("POST" if body else "GET")), address, pairs, body)
