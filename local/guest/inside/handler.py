"""A guest's application as a Lambda function: imported and started in INIT, called through Mangum.

The lifespan is run once an environment, as a server runs it once a process: Mangum's own way is once an invocation.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from mangum import Mangum
from mangum.protocols import LifespanCycle

from .loading import load

_application = load(os.environ["CROSSOVER_APP"])
_loop = asyncio.new_event_loop()
asyncio.set_event_loop(_loop)
_lifespan = LifespanCycle(_application.asgi, "auto") if _application.kind == "asgi" else None
if _lifespan is not None:
    _lifespan.__enter__()


async def _with_state(scope: Any, receive: Any, send: Any) -> None:
    """Call the application with what its lifespan has left, as a server does."""
    if _lifespan is not None:
        scope["state"] = dict(_lifespan.lifespan_state)
    await _application.asgi(scope, receive, send)


handler = Mangum(_with_state, lifespan="off")
"""The function's handler: `crossover_guest.handler.handler`."""
