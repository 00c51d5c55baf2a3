"""Which route a request takes, and what its path's parameters are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from crossover.path_template import PathTemplate
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import Call, EventSource, WireRequest
from local.emulator.template import ANY, DEFAULT_ROUTE

Key = tuple[str, str]
"""A method, `ANY` for all of them, and a path, `$default` for every one that no other route takes."""
Routes = Mapping[Key, str]
"""The names of the functions that answer on each route."""


class Door(NamedTuple):
    """What one event source of a template answers."""

    shape: str
    """The event source's name."""
    routes: Routes
    host: str = ""
    """Of a Function URL: the first label of the host's name."""


def behind(doors: Sequence[Door], request: WireRequest) -> tuple[EventSource, Routes, Key | None]:
    """Return the event source that a request comes to, its routes, and the one that the request takes, if any.

    A host's name leads to a Function URL; the only one also answers where no API has a route.
    """
    label = request.header("host").partition(".")[0].lower()
    urls = [door for door in doors if door.host]
    named = [door for door in urls if door.host == label]
    for door in named or [*(door for door in doors if not door.host), *(urls if len(urls) == 1 else ())]:
        source = EVENT_SOURCES[door.shape]
        key = route(source, door.routes, request)
        if key is not None:
            return source, door.routes, key
    return EVENT_SOURCES[doors[0].shape], {}, None


def called(source: EventSource, key: Key, request: WireRequest, call: Call) -> Call:
    """Return the call with the route that it takes and the parameters of its path."""
    named = key[1] if key[1] == DEFAULT_ROUTE else " ".join(key)
    return call._replace(route=named, parameters=parameters(source, key, request.path))


_template = lru_cache(maxsize=1_024)(PathTemplate)


def route(source: EventSource, routes: Routes, request: WireRequest) -> Key | None:
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
