"""The command `plan`: the best rate for a budget, the cheapest deployment for a rate."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.cost_options import REPORT_MIX, Book, Region, measured_here, number, say_left_out, user_errors, work_of
from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.cost.chosen import Chosen
    from local.cost.deployment_plan import Plan, Planner

REPORT_CHOICE = "report-eks-nodes"
"""What the report bought for the mix that is the default work."""
CHART_STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
CHART_BEYOND = Fraction(3, 2)
LEAST_DRAWN = Fraction(100)
"""Requests/s that the chart reaches in any case."""


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
            help="A workload (name or file), a mix such as qrcode=3,twitter=1, or a compare.json.",
            show_default=f"the measured one of the application in this folder, or else {REPORT_MIX}",
        ),
    ] = None,
    internet: Annotated[bool, typer.Option("--internet", help="Count what responses to the Internet cost.")] = False,
    chosen: Annotated[
        str | None,
        typer.Option(
            help="A configuration that was chosen, to be compared with the plans for its rate and for its money.",
            show_default=f"{REPORT_CHOICE} with the default work",
        ),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Draw the cheapest deployment at every rate: an .svg, or a page as .html.")
    ] = None,
    region: Region = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Find the best rate under a budget, or the cheapest deployment for a rate, and say why the others lose.

    Every candidate has a spare (N+1) at its utilisation target, addresses for its pods and connections for its
    processes; a mix that reads has a storage tier.
    """
    from local.cost import files, tables, views
    from local.cost.configuration import DEFAULT_REGION
    from local.cost.deployment_plan import Planner, front, front_rates
    from local.report.front import refuse_other_names

    with user_errors():
        if (budget is None) == (rate is None):
            raise UserError("plan: give either --budget in dollars an hour, or --rate in requests/s")
        if chart:
            refuse_other_names(chart)
        dollars = None if budget is None else number(budget, "--budget")
        requests = None if rate is None else number(rate, "--rate")
        works = work or measured_here()
        mix, known = work_of(works or REPORT_MIX), files.price_book(book)
        planner = Planner(mix, known, internet=internet, region=region or DEFAULT_REGION)
        say_left_out(planner.left_out)
        if dollars is not None:
            plans = planner.within(dollars)
        else:
            plans = planner.cheapest(requests or Fraction(0))
            if not plans:
                raise UserError(f"plan: no candidate serves {rate} requests/s")
        steps = list(front(planner, front_rates(plans[0].rate)))
        compared = None
        if chosen or not works:
            compared = _compared(chosen, planner, region, plans[0].rate)
        goal = f"for ${budget} an hour" if budget is not None else f"at {rate} requests/s"
        title = f"{mix.name}, {goal}, {region or DEFAULT_REGION}"
        bought = f"What ${budget} an hour buys" if budget is not None else f"What {rate} requests/s cost"
        said = [
            one
            for one in (tables.speed_note(planner, plans, dollars), *(compared.sentences(dollars) if compared else ()))
            if one
        ]
        if chart:
            _draw(chart, (bought, title), planner, plans, compared, said, dollars)
    if json:
        document = views.plans(plans, steps, workload=mix.name)
        print_json({**document, "chosen": views.chosen(compared) if compared else None})
    else:
        tables.show(console, tables.plans(plans, steps, title, said))
    if chart:
        stderr.print(f"Wrote {chart}.", highlight=False)


def _compared(chosen: str | None, planner: Planner, region: str | None, otherwise: Fraction) -> Chosen | None:
    """Return what was chosen beside the plans. The report's choice is left out where the book cannot price it."""
    from local.cost import files
    from local.cost.chosen import compare_chosen
    from local.cost.configuration import in_region, to_internet
    from local.cost.errors import NoPrice

    configuration = in_region(files.configuration(chosen or REPORT_CHOICE), region)
    try:
        return compare_chosen(to_internet(configuration) if planner.internet else configuration, planner, otherwise)
    except NoPrice as problem:
        if chosen:
            raise
        say_left_out([str(problem)])
        return None


def _draw(
    path: Path,
    titles: tuple[str, str],
    planner: Planner,
    plans: Sequence[Plan],
    compared: Chosen | None,
    said: Sequence[str],
    budget: Fraction | None,
) -> None:
    """Draw the plans up to somewhat more than the highest rate of interest."""
    from local.cost import tables
    from local.cost.deployment_plan import front, front_rates
    from local.report.front import Front, FrontStep, write

    top = max([LEAST_DRAWN, plans[0].rate, *([compared.bill.rate] if compared else [])]) * CHART_BEYOND
    rates = front_rates(Fraction(round(top)), CHART_STEPS)
    steps = [FrontStep(float(plan.rate), float(plan.hour), plan.web.name) for plan in front(planner, rates)]
    lines = [
        [FrontStep(float(at), float(hour), web.name) for at in rates if (hour := planner.hour(web, at)) is not None]
        for web in planner.web
    ]
    marks = [FrontStep(float(compared.bill.rate), float(compared.bill.hour), compared.name)] if compared else []
    drawn = Front(*titles, steps, lines, None if budget is None else float(budget), marks)
    write(drawn, path, [tables.PLAN_HEADS, *tables.plan_rows(plans)], said)
