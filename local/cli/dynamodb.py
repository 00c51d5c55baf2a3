"""`crossover dynamodb`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from local.console import console
from local.errors import UserError
from local.paths import DATA

FOLDER = DATA / "dynamodb"
TABLE = "twitter"
DEFAULT_PORT = 8000
"""As other local servers of DynamoDB have it; a URL in a shell's history stays good."""


class Engine(StrEnum):
    """What serves."""

    AUTO = "auto"
    MOTO = "moto"
    DYNALITE = "dynalite"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("dynamodb")(serve)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = DEFAULT_PORT,
    table: Annotated[str, typer.Option(help="The table, which is made where it is not there.")] = TABLE,
    engine: Annotated[
        Engine,
        typer.Option(
            help="moto needs nothing beside this tool; dynalite needs Node.js and counts read units right; "
            "auto takes dynalite where it can."
        ),
    ] = Engine.AUTO,
    folder: Annotated[
        Path | None, typer.Option(help="Where dynalite keeps the data; else they end with it, as moto's always do.")
    ] = None,
) -> None:
    """Run a server of DynamoDB's interface on this machine and print its store URL; Ctrl-C ends it.

    Examples: crossover dynamodb; crossover dynamodb --engine moto --port 0. Load it with crossover etl --store URL.
    """
    from crossover.runner import Unavailable
    from local.data.dynamodb.dynalite import have_node
    from local.data.dynamodb.tables import create_table

    if engine is Engine.AUTO:
        engine = Engine.DYNALITE if have_node() else Engine.MOTO
    if engine is Engine.MOTO and folder is not None:
        raise UserError("moto keeps nothing on disk: leave --folder away, or take --engine dynalite")
    with _running(engine, port, folder) as (address, wait):
        url = f"dynamodb://{table}?region=us-east-1&endpoint={address}"
        try:
            create_table(url)
        except ValueError as problem:
            raise UserError(f"--table: {problem}") from None
        except Unavailable as problem:
            raise UserError(f"the table cannot be made: {problem}") from None
        console.print(f"DynamoDB's interface ({engine.value}); Ctrl-C ends it", highlight=False, soft_wrap=True)
        # Flushed at once, for a reader at the other end of a pipe.
        print(url, flush=True)  # noqa: T201
        wait()


@contextmanager
def _running(engine: Engine, port: int, folder: Path | None) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the address of a server, and what waits for its end."""
    if engine is Engine.DYNALITE:
        from local.data.dynamodb import dynalite

        with dynalite.serve(port, folder) as (address, child):
            yield address, lambda: _ended(child.wait())
        return
    from local.emulator import aws_services

    try:
        with aws_services.serve(port=port) as services:
            yield services.address, services.wait
    except OSError as problem:
        raise UserError(f"cannot listen on port {port} ({problem.strerror}); give another --port") from None


def _ended(status: int) -> None:
    raise UserError(f"dynalite ended by itself (status {status})")
