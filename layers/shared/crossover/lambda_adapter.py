"""Mangum without an event loop: every HTTP event that `crossover.lambda_events` does not read by itself.

Mangum knows each event's shape and the answer that its source takes. Here an application never waits, so the loop, half
of a call's cost, is left out: `_setup_event_loop` does nothing, and `HTTPCycle.run` is advanced once. A test names the
parts of Mangum that this leans on.
"""

from __future__ import annotations

import logging
from typing import Any

from mangum import Mangum
from mangum.protocols import HTTPCycle

from crossover.asgi import ASGIApp
from crossover.runner import at_once

UNREAD = ("host", "x-forwarded-port")
"""Headers that no service reads, and that Mangum cannot split where they are `[::1]`, `x:` or `a:b:c`."""

logging.getLogger("mangum").setLevel(logging.WARNING)


class LooplessMangum(Mangum):
    """Calls an application that never waits."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, lifespan="off")  # type: ignore[arg-type]

    def _setup_event_loop(self) -> None:
        """Set up none."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer an HTTP event of any shape that Mangum knows."""
        shape = self.infer(_without_unread(event), context)
        cycle = HTTPCycle(shape.scope, shape.body)
        at_once(cycle.run(self.app))
        return shape({"status": cycle.status, "headers": cycle.headers, "body": cycle.body})


def _without_unread(event: dict[str, Any]) -> dict[str, Any]:
    maps = {key: event[key] or {} for key in ("headers", "multiValueHeaders") if key in event}
    return event | {
        key: {name: value for name, value in headers.items() if name.lower() not in UNREAD}
        for key, headers in maps.items()
    }
