"""Which route a request takes, and what its path's parameters are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

from crossover.path_template import PathTemplate
from local.emulator.event_sources.base import EventSource, HttpRequest
from local.emulator.template import ANY, DEFAULT_ROUTE

Key = tuple[str, str]
"""A method, `ANY` for all of them, and a path, `$default` for every one that no other route takes."""
Routes = Mapping[Key, str]
"""The names of the functions that answer on each route."""

_template = lru_cache(maxsize=1_024)(PathTemplate)


def route(source: EventSource, routes: Routes, request: HttpRequest) -> Key | None:
    """Return the key of the route that a request takes; only some event sources look at the method.

    A path without parameters goes first, then the most specific template, then `$default` (API Gateway guide, "Working
    with routes for HTTP APIs").
    """
    methods = (request.method, ANY) if source.by_method else dict.fromkeys(method for method, _ in routes)
    for path in _candidates(source, routes, request.path):
        for method in methods:
            if (method, path) in routes:
                return method, path
    return None


def parameters(source: EventSource, key: Key, path: str) -> dict[str, str]:
    """Return the parameters of a request's path on the route that it takes, as the source passes them on."""
    if "{" not in key[1]:
        return {}
    return _template(key[1]).match(_segments(source, path)) or {}


def _candidates(source: EventSource, routes: Routes, path: str) -> Iterator[str]:
    yield unquote(path) if source.decodes_path else path
    templates = {_template(known) for _, known in routes if "{" in known}
    segments = _segments(source, path) if templates else []
    matching = (template for template in templates if template.match(segments) is not None)
    for template in sorted(matching, key=lambda template: template.order):
        yield template.path
    yield DEFAULT_ROUTE


def _segments(source: EventSource, path: str) -> list[str]:
    return (unquote(path) if source.decodes_path else path).split("/")[1:]
