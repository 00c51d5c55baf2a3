"""The command `plan`: the best rate for a budget, the cheapest deployment for a rate."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import REPORT_MIX, Book, Region, measured_here, number, say_left_out, user_errors, weights
from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("plan")(plan)


def plan(
    budget: Annotated[str | None, typer.Option(help="Dollars an hour; the best rate under it is found.")] = None,
    rate: Annotated[str | None, typer.Option(help="Requests/s; the cheapest deployment for it is found.")] = None,
    work: Annotated[
        str | None,
        typer.Option(
            "--work",
            help="A workload (name or file), or a mix such as qrcode=3,twitter=1.",
            show_default=f"the measured one of the application in this folder, or else {REPORT_MIX}",
        ),
    ] = None,
    internet: Annotated[bool, typer.Option("--internet", help="Count what responses to the Internet cost.")] = False,
    region: Region = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Find the best rate under a budget, or the cheapest deployment for a rate, and say why the others lose.

    Every candidate has a spare (N+1) at its utilisation target; a mix that reads has a storage tier.
    """
    from local.cost import files, tables, views
    from local.cost.configuration import DEFAULT_REGION
    from local.cost.plan import Planner, front, front_rates

    with user_errors():
        if (budget is None) == (rate is None):
            raise UserError("plan: give either --budget in dollars an hour, or --rate in requests/s")
        mix = files.mix(weights(work or measured_here() or REPORT_MIX))
        planner = Planner(mix, files.price_book(book), internet=internet, region=region or DEFAULT_REGION)
        say_left_out(planner.left_out)
        if budget is not None:
            plans = planner.within(number(budget, "--budget"))
        else:
            plans = planner.cheapest(number(rate or "", "--rate"))
            if not plans:
                raise UserError(f"plan: no candidate serves {rate} requests/s")
        steps = list(front(planner, front_rates(plans[0].rate)))
    if json:
        print_json(views.plans(plans, steps, workload=mix.name))
    else:
        goal = f"for ${budget} an hour" if budget is not None else f"at {rate} requests/s"
        tables.show(console, tables.plans(plans, steps, f"{mix.name}, {goal}, {region or DEFAULT_REGION}"))
