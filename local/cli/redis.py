"""`crossover redis`."""

from __future__ import annotations

from typing import Annotated

import typer

from local.console import console
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("redis")(serve)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 6380,
    memory: Annotated[int, typer.Option(min=1, max=65_536, help="MB that it keeps at most.")] = 64,
) -> None:
    """Run a private Redis or Valkey server as a cache, and print what `cache=` takes; Ctrl-C ends it.

    It is found on this machine, or installed with apt where root may. Example: a store's URL with
    ?cache=redis://127.0.0.1:6380.
    """
    from local.data.redis.server import PrivateRedis

    with PrivateRedis(port=port, memory_mb=memory) as server:
        console.print("A cache for a store's URL, ?cache=ADDRESS; Ctrl-C ends it:", highlight=False, soft_wrap=True)
        # Flushed at once, for a reader at the other end of a pipe.
        print(server.address, flush=True)  # noqa: T201
        raise UserError(f"the server ended by itself (status {server.wait()})")
