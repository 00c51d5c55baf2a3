"""The container's log: one JSON object a line on standard error, bounded in length and in number."""

from __future__ import annotations

import json
import logging
import random
from bisect import bisect_right
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from crossover.asgi import ASGIApp, Headers, Observe, Receive, Scope, Send
from crossover.protocol import INVALID_REASON
from crossover.request_id import HEADER, request_id
from crossover.responses import Response

FIELDS = ("service", "request_id", "status", "reason", "bytes", "duration_ms")
"""What a line may have beside its time, level and message, under the names that the log of Lambda has."""
MAX_LINE = 16_384
"""Bytes of a line with its end: container engines split longer ones."""
MAX_TEXT = 6_000
"""Bytes that are kept of a message or an exception as JSON, its first and last ones. JSON makes up to twelve bytes
of a character."""
MAX_FIELD = 512
"""Bytes that are kept of another field."""
LINES_PER_SECOND = 20
"""Warnings and errors that one worker writes in a second: a fault that meets every request must not fill a disk."""

logger = logging.getLogger("crossover")


class JsonLines(logging.Formatter):
    """A record as one line of JSON; what a client sent cannot break out of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "level": record.levelname,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "message": _bounded(record.getMessage()),
        }
        for name in FIELDS:
            if name in record.__dict__:
                value = record.__dict__[name]
                line[name] = _within(MAX_FIELD, value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = _bounded(self.formatException(record.exc_info))
        return json.dumps(line)


def _bounded(text: str) -> str:
    half = MAX_TEXT // 2
    first, last = text[:half], text[-half:]
    if len(text) <= MAX_TEXT and len(json.dumps(text)) <= MAX_TEXT:
        return text
    return f"{_within(half, first)} ... {_within(half, last[::-1])[::-1]}"


def _within(size: int, text: str) -> str:
    """Return the longest beginning of a text that JSON writes in so many bytes."""
    if len(json.dumps(text)) - 2 <= size:
        return text
    return text[: bisect_right(range(len(text)), size, key=lambda end: len(json.dumps(text[:end])) - 2) - 1]


class Bounded(logging.Filter):
    """Lets `LINES_PER_SECOND` warnings and errors pass in a second. Samples, whose number is chosen, all pass."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Callable[[], object] = lambda: None
        """Called for every line that does not pass."""
        self._second = 0.0
        self._passed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is logged."""
        if record.levelno < logging.WARNING:
            return True
        now = monotonic()
        if now - self._second >= 1.0:
            self._second, self._passed = now, 0
        self._passed += 1
        if self._passed > LINES_PER_SECOND:
            self.count()
            return False
        return True


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "container.logs.JsonLines"}},
    "filters": {"bounded": {"()": "container.logs.Bounded"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["bounded"]}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"crossover": {"level": "INFO"}},
}
"""For `logging.config.dictConfig`, which uvicorn calls in every process."""


def count_dropped(count: Callable[[], object]) -> None:
    """Lets `count` be called for every line that the log of this process drops."""
    for handler in logging.getLogger().handlers:
        for bounded in handler.filters:
            if isinstance(bounded, Bounded):
                bounded.count = count


def sampling(share: float, observe: Observe) -> Observe:
    """Return `observe`, which for this share of the answers writes a line in the log too."""
    if not share:
        return observe

    def observe_and_log(service: str, response: Response, seconds: float, headers: Headers) -> None:
        observe(service, response, seconds, headers)
        if random.random() < share:  # noqa: S311 - a sample, not a secret
            about = {
                "service": service,
                "request_id": request_id(headers),
                "status": response.status,
                "reason": dict(response.headers).get(INVALID_REASON, b"").decode(),
                "bytes": len(response.body),
                "duration_ms": round(seconds * 1000, 3),
            }
            logger.info("answered", extra=about)

    return observe_and_log


def log_errors(app: ASGIApp) -> ASGIApp:
    """Return `app`, whose faults are logged and answered 500 with the request's id, as those of the services are."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        named = ""

        async def send_named(message: MutableMapping[str, Any]) -> None:
            nonlocal named
            if message["type"] == "http.response.start" and message["status"] == 500:
                named = request_id(scope["headers"])
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, named.encode())]}
            await send(message)

        try:
            await app(scope, receive, send_named)
        except Exception:
            logger.exception("%s failed at the request %s", scope["path"], named, extra={"request_id": named})
        return None

    return logged
