"""`crossover reshard`: load a store from another one."""

from __future__ import annotations

from time import monotonic
from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command()
    def reshard(
        source: Annotated[str, typer.Argument(metavar="FROM", help="The URL of the store that is there.")],
        target: Annotated[
            str,
            typer.Argument(
                metavar="TO", help="The URL of the store that is loaded, URL|URL|...: what it holds is replaced."
            ),
        ],
        as_json: Json = False,
    ) -> None:
        """Load a store with the records of another one: over more databases or fewer, or of another kind.

        The store that is read serves until the application's setting names the other one. No raw tweets are needed.
        """
        from local.data.copying import copy
        from local.data.databases import check_databases
        from local.data.etl.pipeline import check_url, without_cache
        from local.data.etl.progress import Bars

        source, target = without_cache(source), without_cache(target)
        for url in (source, target):
            check_url(url)
            check_databases(url)
        began = monotonic()
        with Bars() as bars:
            loaded = copy(source, target, bars.packed, bars.storing)
        seconds = monotonic() - began
        if as_json:
            print_json(loaded._asdict() | {"figures": dict(loaded.figures), "seconds": seconds})
            return

        from rich.table import Table

        table = Table(show_header=False, box=None)
        table.add_column()
        table.add_column(justify="right")
        rows = {"records": loaded.records, "bytes of the store": loaded.size_bytes, **loaded.figures}
        for name, figure in rows.items():
            table.add_row(name, f"{figure:,.0f}")
        table.add_row("seconds", f"{seconds:.1f}")
        console.print(table)
