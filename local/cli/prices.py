"""The commands `prices` and `prices refresh`: the price book, and its renewal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from local.cli.cost_options import Book, user_errors
from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    prices_app = typer.Typer(help="List the price book with sources, dates and certainty; renew it.")
    prices_app.callback(invoke_without_command=True)(prices)
    prices_app.command("refresh")(refresh)
    app.add_typer(prices_app, name="prices")


def today() -> date:
    """Return the day from which the age of prices is counted; the only clock here."""
    return datetime.now(UTC).date()


def prices(context: typer.Context, book: Book = None, json: Json = False) -> None:
    """List the price book with sources, dates and certainty."""
    if context.invoked_subcommand:
        return
    from local.cost import files, tables, views

    with user_errors():
        rows = files.price_book(book).rows
    if json:
        print_json([views.dated_price(row, today()) for row in rows])
    else:
        tables.show(console, tables.prices(rows, today()))


def refresh(
    source: Annotated[
        str | None, typer.Option("--from", help="Folder, file or address of the bulk list. Default: AWS's public one.")
    ] = None,
    region: Annotated[str, typer.Option(help="Region whose prices are read.")] = "us-east-1",
    book: Book = None,
    write: Annotated[bool, typer.Option("--write", help="Write the book. Without it nothing is changed.")] = False,
    json: Json = False,
) -> None:
    """Compare the price book with AWS's bulk price list and show what changed."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from local.cost import files, tables, views
    from local.cost.price_file import render
    from local.cost.refresh.compare import compare, renewed_rows, sources_of
    from local.cost.refresh.port import price_list

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with user_errors(), Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:

        def watch(offer: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
            task = progress.add_task(offer, total=None)
            for chunk in chunks:
                progress.advance(task, len(chunk))
                yield chunk

        known = files.price_book(book)
        changes = compare(known, sources_of(files.toml(files.SOURCES)), price_list(source), region, watch)
    if json:
        print_json([views.change(one) for one in changes])
    else:
        tables.show(console, tables.refresh(changes))
    if write:
        path = book or files.PRICES
        _write(path, render(renewed_rows(known, changes)))
        stderr.print(f"Wrote {path.name}.")
    elif not json:
        console.print("Nothing was written; --write writes the confirmed and changed rows.")


def _write(path: Path, text: str) -> None:
    from local.files import write_atomically

    try:
        write_atomically(path, text)
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None
