"""The command `audit`: a bill as it was printed, line by line beside the price list."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import Book, Region, number, user_errors
from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("audit")(audit)


def audit(
    file: Annotated[str | None, typer.Argument(help="An audit: a shipped name, or a TOML file.")] = None,
    rate: Annotated[str | None, typer.Option(help="Requests/s in place of the file's.")] = None,
    region: Region = None,
    example: Annotated[bool, typer.Option("--example", help="Print an audit file to start from.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a line that cannot be checked.")] = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Check a bill that was printed or computed, line by line, against the price list.

    Begin with: crossover audit --example > bill.toml
    """
    from local.cost import audit_tables, files, tables, views
    from local.cost.audit_file import EXAMPLE, audit_file, in_region, run

    if example:
        print(EXAMPLE.read_text(), end="")  # noqa: T201
        return
    if file is None:
        raise UserError("name an audit file; crossover audit --example prints one to start from")
    with user_errors():
        given = in_region(audit_file(file), region)
        at = None if rate is None else number(rate, "--rate")
        result = run(given, files.price_book(book), at, strict=strict)
    if json:
        print_json(views.audit(result, assumed=given.mix is not None and given.mix.assumed))
    else:
        tables.show(console, audit_tables.table(result))
