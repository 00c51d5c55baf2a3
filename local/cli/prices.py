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


def prices(
    context: typer.Context,
    region: Annotated[str, typer.Option(help="Region whose prices are listed; `all`: every region.")] = "us-east-1",
    service: Annotated[str, typer.Option(help="List this service only, such as rds-mysql.")] = "",
    book: Book = None,
    json: Json = False,
) -> None:
    """List the price book with sources, dates and certainty.

    Examples: `crossover prices --region eu-west-1 --service ec2`; `crossover prices --region all --json`.
    """
    if context.invoked_subcommand:
        return
    from local.cost import files, tables, views
    from local.cost.price_book import ALL

    with user_errors():
        known = files.price_book(book)
    if region != "all" and region not in known.regions:
        raise UserError(f"--region: no prices of {region}; {known.remedy(region)}")
    rows = [row for row in known.rows if region == "all" or row.region in (region, ALL)]
    if service and service not in {row.service for row in rows}:
        raise UserError(f"--service: {service} is none of {', '.join(sorted({row.service for row in rows}))}")
    rows = [row for row in rows if service in ("", row.service)]
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
    """Compare the price book with AWS's bulk price list and show what changed.

    In a region that the book does not have, or not wholly, every price of us-east-1 is looked up and added.
    """
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

        known, path = files.price_book(book), files.price_file(region, book)
        changes = compare(known, sources_of(files.toml(files.SOURCES)), price_list(source), region, watch)
    if json:
        print_json([views.change(one) for one in changes])
    else:
        tables.show(console, tables.refresh(changes))
    if write:
        rows = renewed_rows(known, changes, region)
        if not rows:
            raise UserError(f"nothing was found for {region}, so nothing was written")
        _write(path, render(rows))
        stderr.print(f"Wrote {path.name}.")
    elif not json:
        console.print("Nothing was written; --write writes the confirmed, changed and added rows.")


def _write(path: Path, text: str) -> None:
    from local.files import write_atomically

    try:
        write_atomically(path, text)
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None
