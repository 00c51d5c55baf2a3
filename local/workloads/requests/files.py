"""A file of requests in any of the formats, recognised by its content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from local.errors import UserError
from local.files import read_bounded
from local.workloads.requests import access_log, curl, har, json_lines, openapi
from local.workloads.requests.recorded import MAX_FILE_BYTES, Recording


def read(path: Path) -> Recording:
    """Return the requests of a HAR file, an OpenAPI document, JSON lines, curl lines or an access log.

    Raises:
        UserError: in one line, where the file cannot be read or holds no request.
    """
    try:
        content = read_bounded(path, MAX_FILE_BYTES)
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    try:
        return of_text(content.decode("utf-8-sig", "surrogateescape"), path.suffix.lower())
    except UserError as problem:
        raise UserError(f"{path}: {problem}") from None


def of_text(text: str, suffix: str = "") -> Recording:
    """Return the requests in a text; the suffix of its file decides only between JSON and YAML. Raises `UserError`."""
    start = text.lstrip()[:4096]
    if start.startswith(("curl ", "$ curl ", "#")) and suffix not in (".yaml", ".yml"):
        return curl.read(text)
    document = _document(text, suffix) if start.startswith("{") or suffix in (".yaml", ".yml") else None
    if isinstance(document, dict):
        if "log" in document:
            return har.read(document)
        if "openapi" in document:
            return openapi.read(document)
        if "method" not in document and "path" not in document and "url" not in document:
            raise UserError("it is neither a HAR file (log) nor an OpenAPI 3 document (openapi)")
    if start.startswith("{"):
        return json_lines.read(text)
    return access_log.read(text)


def _document(text: str, suffix: str) -> Any:
    """Return the one JSON or YAML value that a text is; None where it is several lines of JSON."""
    if suffix in (".yaml", ".yml"):
        try:
            return yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError) as problem:
            raise UserError(f"it is no YAML: {str(problem).splitlines()[0]}") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
