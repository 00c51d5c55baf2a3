"""The command `audit`: a bill that was claimed, item by item beside the model's."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import Book, Region, number, user_errors
from local.cli.options import Json
from local.console import console, print_json


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("audit")(audit)


def audit(
    file: Annotated[str, typer.Argument(help="An audit: a shipped name, or a TOML file.")],
    rate: Annotated[str | None, typer.Option(help="Requests/s in place of the file's.")] = None,
    region: Region = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Compare a claimed bill with the true one, item by item."""
    from dataclasses import replace

    from local.cost import files, tables, views
    from local.cost.audit import audit as audited
    from local.cost.configuration import in_region, to_internet
    from local.cost.model import Usage, cheapest

    with user_errors():
        given = files.audit_file(file)
        known = files.price_book(book)
        at = given.rate if rate is None else number(rate, "--rate")
        audited_in = in_region(given.configuration, region)
        bill = cheapest(audited_in, given.mix, at, known, Usage(given.hours))
        result = audited(given.name, bill, given.claims, given.total, known)
        sent = cheapest(to_internet(audited_in), given.mix, at, known, Usage(given.hours))
        result = replace(result, internet=sent.hour - bill.hour)
    if json:
        print_json(views.audit(result, assumed=given.mix.assumed))
    else:
        tables.show(console, tables.audit(result))
