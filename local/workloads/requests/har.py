"""HAR 1.2, as browsers save what they have loaded (W3C, "HTTP Archive (HAR) format")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.errors import UserError
from local.workloads.requests.recorded import Gathered, RecordedRequest, Recording, Unusable, request_of


def read(document: Mapping[str, Any]) -> Recording:
    """Return the requests to the host of the first one: a page also loads from others. Raises `UserError`."""
    log = document.get("log")
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise UserError("the HAR file has no log.entries")
    gathered = Gathered()
    host = None
    for entry in entries:
        request = entry.get("request") if isinstance(entry, Mapping) else None
        if not isinstance(request, Mapping) or not isinstance(request.get("url"), str):
            gathered.leave_out("entries without a request")
            continue
        try:
            netloc = urlsplit(request["url"]).netloc
            host = host or netloc
            if netloc != host:
                gathered.leave_out(f"requests to other hosts than {host[:80]}")
                continue
            gathered.add(_request(request))
        except (Unusable, ValueError) as problem:
            gathered.leave_out(str(problem))
    return gathered.recording()


def _request(request: Mapping[str, Any]) -> RecordedRequest:
    headers = [(str(pair["name"]), str(pair["value"])) for pair in request.get("headers") or () if _is_pair(pair)]
    post = request.get("postData")
    body = b""
    if isinstance(post, Mapping):
        if isinstance(post.get("text"), str):
            body = _bytes(post["text"], str(post.get("encoding") or ""))
        elif isinstance(post.get("params"), list):
            pairs = [(pair["name"], pair["value"]) for pair in post["params"] if _is_pair(pair)]
            body = urlencode(pairs).encode()
        if post.get("mimeType") and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("content-type", str(post["mimeType"])))
    return request_of(str(request.get("method")), request["url"], headers, body)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, Mapping) and isinstance(pair.get("name"), str) and isinstance(pair.get("value"), str)


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Unusable("a body that is no base64") from None
