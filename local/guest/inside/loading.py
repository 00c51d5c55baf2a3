"""Import a guest's application; a failure is one line with the last frame of its traceback."""

from __future__ import annotations

import inspect
import sys
import traceback
from importlib import import_module
from typing import Any, NamedTuple

ATTRIBUTES = ("app", "application", "api")
"""Names that are tried, in this order, where none is given."""


class Application(NamedTuple):
    """An application as an ASGI callable."""

    asgi: Any
    kind: str
    """`asgi` or `wsgi`: what it is by itself."""


class LoadError(Exception):
    """The application cannot be used. The message is one line."""


def load(reference: str) -> Application:
    """Import `MODULE[:ATTRIBUTE[()]]`; a WSGI application is wrapped. Raises `LoadError`."""
    module_name, _, attribute = reference.partition(":")
    try:
        module = import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:
        raise LoadError(f"{module_name} cannot be imported: {described(problem)}") from problem
    application = _attribute(module, module_name, attribute)
    if attribute.endswith("()"):
        try:
            application = application()
        except Exception as problem:
            raise LoadError(f"{reference} failed: {described(problem)}") from problem
    return as_asgi(application, reference)


def as_asgi(application: Any, reference: str) -> Application:
    """Return the application as ASGI, by how it can be called. Raises `LoadError`."""
    if not callable(application):
        raise LoadError(f"{reference} is no application: a {type(application).__name__} cannot be called")
    function = application if inspect.isroutine(application) else application.__call__
    if not inspect.isclass(application) and inspect.iscoroutinefunction(function):
        return Application(application, "asgi")
    try:
        count = len(inspect.signature(application).parameters)
    except (TypeError, ValueError):
        count = 3
    if count == 2:
        from a2wsgi import WSGIMiddleware

        return Application(WSGIMiddleware(application), "wsgi")
    if count == 3 and not inspect.isclass(application):
        return Application(application, "asgi")
    raise LoadError(
        f"{reference} takes {count} arguments: it is neither an ASGI application (scope, receive, send) nor a WSGI "
        f"application (environ, start_response); for a function that makes one give {reference}()"
    )


def described(problem: BaseException) -> str:
    """Return an exception as one line: its type, its message and the last frame outside the import machinery."""
    message = " ".join(str(problem).split())[:500]
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if not frame.filename.startswith("<frozen") and "importlib" not in frame.filename and frame.filename != __file__
    ]
    where = f' (File "{frames[-1].filename}", line {frames[-1].lineno}, in {frames[-1].name})' if frames else ""
    return f"{type(problem).__name__}{': ' if message else ''}{message}{where}"


def load_or_exit(reference: str) -> Application:
    """Return the application, or end the process with status 2 after one line on standard error."""
    try:
        return load(reference)
    except LoadError as problem:
        print(f"crossover: {problem}", file=sys.stderr, flush=True)  # noqa: T201
        raise SystemExit(2) from None


def _attribute(module: Any, module_name: str, attribute: str) -> Any:
    names = (attribute.removesuffix("()"),) if attribute else ATTRIBUTES
    for name in names:
        value = module
        for part in name.split("."):
            value = getattr(value, part, None)
        if value is not None:
            return value
    raise LoadError(f"{module_name} has no {' or '.join(names)}; give --app {module_name}:NAME")
