"""An OpenAPI 3 document: one request for each operation whose parameters and body have examples or defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from local.errors import UserError
from local.workloads.requests.recorded import Gathered, Recording, Unusable, request_of

VERBS = ("get", "head", "post", "put", "patch", "delete", "options")
MAX_DEPTH = 12
"""Of nested schemas and references."""
MISSING = object()


def read(document: Mapping[str, Any]) -> Recording:
    """Return the requests. Raises `UserError` where there is none."""
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        raise UserError("the OpenAPI document has no paths")
    gathered = Gathered()
    base = _base(document)
    for path, item in paths.items():
        item = _resolved(item, document)
        for verb in VERBS:
            operation = item.get(verb) if isinstance(item, Mapping) else None
            if not isinstance(operation, Mapping):
                continue
            parameters = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
            try:
                _add(gathered, document, verb, base + str(path), parameters, operation)
            except Unusable as problem:
                gathered.leave_out(str(problem))
    return gathered.recording()


def _add(  # noqa: PLR0913 (one operation, with what its path and document say)
    gathered: Gathered, document: Mapping[str, Any], verb: str, path: str, parameters: list[Any], operation: Any
) -> None:
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    for parameter in parameters:
        parameter = _resolved(parameter, document)
        if not isinstance(parameter, Mapping):
            continue
        name, place = str(parameter.get("name")), parameter.get("in")
        value = _example(parameter, document)
        if value is MISSING:
            if parameter.get("required") or place == "path":
                raise Unusable(f"{verb.upper()} {path[:80]}: {name[:40]} is required and has no example")
            continue
        text = _text(value)
        if place == "path":
            path = path.replace("{" + name + "}", quote(text, safe=""))
        elif place == "query":
            query += [(name, _text(item)) for item in value] if isinstance(value, list) else [(name, text)]
        elif place == "header":
            headers.append((name, text))
    url = path + (f"?{urlencode(query)}" if query else "")
    if "{" in path:
        raise Unusable(f"{verb.upper()} {path[:80]}: a part of the path has no parameter")
    for body in _bodies(_resolved(operation.get("requestBody"), document), document, f"{verb.upper()} {path[:80]}"):
        extra = [("content-type", "application/json")] if body else []
        gathered.add(request_of(verb, url, [*headers, *extra], body))


def _bodies(request_body: Any, document: Mapping[str, Any], where: str) -> Iterator[bytes]:
    if not isinstance(request_body, Mapping):
        yield b""
        return
    content = request_body.get("content")
    media = content.get("application/json") if isinstance(content, Mapping) else None
    if not isinstance(media, Mapping):
        raise Unusable(f"{where}: its body is not application/json")
    values = [example.get("value", MISSING) for example in _examples(media, document)] or [_example(media, document)]
    for value in values:
        if value is MISSING:
            raise Unusable(f"{where}: its body has no example")
        yield json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _examples(holder: Mapping[str, Any], document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    examples = holder.get("examples")
    examples_resolved = (
        [_resolved(example, document) for example in examples.values()] if isinstance(examples, Mapping) else []
    )
    return [each for each in examples_resolved if isinstance(each, Mapping)]


def _example(holder: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    if "example" in holder:
        return holder["example"]
    for example in _examples(holder, document):
        if "value" in example:
            return example["value"]
    return _of_schema(holder.get("schema"), document, MAX_DEPTH)


def _of_schema(schema: Any, document: Mapping[str, Any], depth: int) -> Any:
    """Return the example of a schema, its default, its only value, or an object of its properties' examples."""
    schema = _resolved(schema, document)
    if not isinstance(schema, Mapping) or not depth:
        return MISSING
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        values = schema.get(key)
        if isinstance(values, list) and values:
            return values[0]
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return MISSING
    made = {name: _of_schema(property_, document, depth - 1) for name, property_ in properties.items()}
    if any(made.get(name, MISSING) is MISSING for name in _list(schema.get("required"))):
        return MISSING
    return {name: value for name, value in made.items() if value is not MISSING}


def _resolved(value: Any, document: Mapping[str, Any]) -> Any:
    """Follow references within the document."""
    for _ in range(MAX_DEPTH):
        if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
            return value
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        value = found
    return None


def _base(document: Mapping[str, Any]) -> str:
    servers = _list(document.get("servers"))
    url = servers[0].get("url") if servers and isinstance(servers[0], Mapping) else ""
    return urlsplit(str(url or "")).path.rstrip("/")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
