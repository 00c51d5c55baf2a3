"""The command `cost`: what a configuration costs at a rate."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import Book, Duty, Hours, Region, Work, mix_of, number, say_left_out, user_errors
from local.cli.options import Json
from local.console import console, print_json


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(cost)


def cost(
    configuration: Annotated[str, typer.Argument(help="A configuration: a shipped name, or a TOML file.")],
    rate: Annotated[list[str], typer.Option(help="Requests/s; several for one line each instead of items.")],
    work: Work = None,
    hours: Hours = "730",
    duty: Duty = "1",
    region: Region = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Itemise what a configuration costs at a rate: per hour, month and million requests."""
    from local.cost import files, tables, views
    from local.cost.configuration import in_region
    from local.cost.model import Usage, cheapest, price_all

    with user_errors():
        chosen = in_region(files.configuration(configuration), region)
        mix = mix_of(work, chosen)
        known, usage = files.price_book(book), Usage(number(hours, "--hours"), number(duty, "--duty"))
        bills = [cheapest(chosen, mix, number(one, "--rate"), known, usage) for one in rate]
        say_left_out(price_all(chosen, mix, known).left_out)
    if json:
        shown = [views.bill(bill, assumed=mix.assumed) for bill in bills]
        print_json(shown if len(shown) > 1 else shown[0])
    elif len(bills) > 1:
        tables.show(console, tables.bills(bills, assumed=mix.assumed))
    else:
        tables.show(console, tables.bill(bills[0], assumed=mix.assumed))
