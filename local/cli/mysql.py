"""`crossover mysql` and `crossover mysql check`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError
from local.paths import DATA

FOLDER = DATA / "mysql"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(serve)
    group.command()(check)
    group.command()(status)
    app.add_typer(group, name="mysql")


def serve(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1; if not given, the last or a free one.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the data live.", show_default=".data/mysql")] = FOLDER,
) -> None:
    """Run a private MariaDB or MySQL server in the foreground, and print its store URL; Ctrl-C ends it.

    It is found on this machine, or installed with apt where root may.
    """
    if context.invoked_subcommand:
        return
    from local.data.mysql.server import PrivateServer

    server = PrivateServer(folder, port=port)
    try:
        with console.status("starting the database server"):
            server.start()
        # Flushed at once, for a reader at the other end of a pipe.
        print(server.url(), flush=True)  # noqa: T201
        status = server.wait()
        raise UserError(f"the database server ended by itself (status {status}); see {server.folder / 'log'}")
    finally:
        server.stop()


def check(
    store: Annotated[str, typer.Option(help="The store's URL, with the pool's size: mysql://...?size=2")],
    pods: Annotated[int, typer.Option(min=1, help="Pods at most.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes of a pod (WORKERS).")] = 1,
    percent: Annotated[
        int, typer.Option(min=1, max=100, help="RDS Proxy's MaxConnectionsPercent; 100 without it.")
    ] = 100,
    json: Json = False,
) -> int:
    """Check that what a fleet may open fits the database: pods * workers * the pool's size. Exit status 1 if not."""
    from crossover.runner import Unavailable
    from crossover_mysql.store import open_store

    try:
        with closing(open_store(store)) as reader:
            connections = reader.budget(pods, workers, percent)
    except (ValueError, Unavailable) as problem:
        raise UserError(str(problem)) from None
    if json:
        print_json({**connections._asdict(), "fits": connections.fits})
    else:
        console.print(
            f"{pods} pods * {workers} workers * a pool of {reader.threads} may open {connections.needed} connections: "
            f"that {'fits' if connections.fits else 'does NOT fit'} the {connections.allowed} of {percent} % of "
            "max_connections"
        )
    return 0 if connections.fits else 1


def status(
    store: Annotated[str, typer.Option(help="The database's URL: mysql://...")],
    as_json: Json = False,
) -> None:
    """Show a database's state in one screen: connections, buffer pool, row operations, waits, statements."""
    from local.data.mysql.status import read_status, tables

    state = read_status(store)
    if as_json:
        print_json(state.as_data())
        return
    for part in tables(state):
        console.print(part, highlight=False)
