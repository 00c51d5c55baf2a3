"""The commands that say what things cost: `prices`, `cost`, `crossings`, `audit`, `plan`, `mixed`, `configurations`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from fractions import Fraction

    from local.cost.configuration import Configuration
    from local.cost.workload import Mix

MAX_LINES = 20
REPORT_MIX = "blockchain=24713,qrcode=27691,twitter=4366"
"""Requests/s of the report's mixed live test."""
REPORT_ALONE = "blockchain=46906,qrcode=99059,twitter=5119"
"""Requests/s of its live tests of one service."""
MAX_DIGITS = 25
NUMBER = r"([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,3}|[0-9]{1,3}(_[0-9]{3}){1,3})(\.[0-9]{1,12})?"
"""Digits, or groups of three with one kind of separator: `100,1000` is two numbers, and is refused."""


def today() -> date:
    """Return the day from which the age of prices is counted; the only clock here."""
    return datetime.now(UTC).date()


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    prices_app = typer.Typer(help="List the price book with sources, dates and certainty; renew it.")
    prices_app.callback(invoke_without_command=True)(prices)
    prices_app.command("refresh")(refresh)
    app.add_typer(prices_app, name="prices")
    app.command()(cost)
    app.command("crossings")(crossings)
    app.command("audit")(audit)
    app.command("plan")(plan)
    app.command("mixed")(mixed)
    app.command("configurations")(configurations)


@contextmanager
def _user_errors() -> Iterator[None]:
    from local.cost.errors import CostError

    try:
        yield
    except CostError as problem:
        raise UserError(str(problem)) from None


Work = Annotated[
    str | None,
    typer.Option(
        "--work", help="A workload (name or file), or a mix such as qrcode=3,twitter=1. Default: the configuration's."
    ),
]
Book = Annotated[Path | None, typer.Option("--book", help="A price book in place of the shipped one.")]
Hours = Annotated[str, typer.Option("--hours", help="Hours of a month for which it runs at this rate.")]
Duty = Annotated[str, typer.Option("--duty", help="Share of those hours with load; fleets stand ready in all of them.")]


def prices(context: typer.Context, book: Book = None, json: Json = False) -> None:
    """List the price book with sources, dates and certainty."""
    if context.invoked_subcommand:
        return
    from local.cost import files, tables, views

    with _user_errors():
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
    with _user_errors(), Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:

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


def cost(
    configuration: Annotated[str, typer.Argument(help="A configuration: a shipped name, or a TOML file.")],
    rate: Annotated[list[str], typer.Option(help="Requests/s; several for one line each instead of items.")],
    work: Work = None,
    hours: Hours = "730",
    duty: Duty = "1",
    book: Book = None,
    json: Json = False,
) -> None:
    """Itemise what a configuration costs at a rate: per hour, month and million requests."""
    from local.cost import files, tables, views
    from local.cost.model import Usage, cheapest

    with _user_errors():
        chosen = files.configuration(configuration)
        mix = _mix(work, chosen)
        known, usage = files.price_book(book), Usage(_number(hours, "--hours"), _number(duty, "--duty"))
        bills = [cheapest(chosen, mix, _number(one, "--rate"), known, usage) for one in rate]
    if json:
        found = [views.bill(bill, assumed=mix.assumed) for bill in bills]
        print_json(found if len(found) > 1 else found[0])
    elif len(bills) > 1:
        tables.show(console, tables.bills(bills, assumed=mix.assumed))
    else:
        tables.show(console, tables.bill(bills[0], assumed=mix.assumed))


def crossings(
    names: Annotated[
        list[str],
        typer.Argument(metavar="CONFIGURATION...", help="Two or more; the first is compared with the others."),
    ],
    work: Work = None,
    to: Annotated[str, typer.Option("--to", help="Highest rate to look at, requests/s.")] = "10000",
    hours: Hours = "730",
    duty: Duty = "1",
    book: Book = None,
    json: Json = False,
) -> None:
    """Find where cost lines cross, exactly, and which platform is cheapest at every rate."""
    from rich.progress import Progress

    from local.cost import files, tables, views
    from local.cost.lines import line_of
    from local.cost.model import Usage

    with _user_errors():
        if not 2 <= len(names) <= MAX_LINES:
            raise UserError(f"give from 2 to {MAX_LINES} configurations to compare")
        chosen = [files.configuration(name) for name in names]
        mix = _mix(work, chosen[0])
        known, top = files.price_book(book), _number(to, "--to")
        usage = Usage(_number(hours, "--hours"), _number(duty, "--duty"))
        if not top:
            raise UserError("--to: must be over 0")
        with Progress(console=stderr, transient=True) as progress:
            task = progress.add_task("drawing lines", total=len(chosen))
            lines = []
            for one in chosen:
                lines.append(line_of(one, mix, known, top, usage))
                progress.advance(task)
    if json:
        print_json(views.comparison(lines, workload=mix.name, assumed=mix.assumed))
    else:
        title = f"{mix.name} ({'assumed' if mix.assumed else 'measured'} workload), up to {to} requests/s"
        tables.show(console, tables.comparison(lines, title))


def audit(
    file: Annotated[str, typer.Argument(help="An audit: a shipped name, or a TOML file.")],
    rate: Annotated[str | None, typer.Option(help="Requests/s in place of the file's.")] = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Compare a claimed bill with the true one, item by item."""
    from dataclasses import replace

    from local.cost import files, tables, views
    from local.cost.audit import audit as audited
    from local.cost.configuration import to_internet
    from local.cost.model import Usage, cheapest

    with _user_errors():
        given = files.audit_file(file)
        known = files.price_book(book)
        at = given.rate if rate is None else _number(rate, "--rate")
        bill = cheapest(given.configuration, given.mix, at, known, Usage(given.hours))
        result = audited(given.name, bill, given.claims, given.total, known)
        sent = cheapest(to_internet(given.configuration), given.mix, at, known, Usage(given.hours))
        result = replace(result, internet=sent.hour - bill.hour)
    if json:
        print_json(views.audit(result, assumed=given.mix.assumed))
    else:
        tables.show(console, tables.audit(result))


def plan(
    budget: Annotated[str | None, typer.Option(help="Dollars an hour; the best rate under it is found.")] = None,
    rate: Annotated[str | None, typer.Option(help="Requests/s; the cheapest deployment for it is found.")] = None,
    work: Annotated[str, typer.Option("--work", help="A workload, or a mix such as qrcode=3,twitter=1.")] = REPORT_MIX,
    internet: Annotated[bool, typer.Option("--internet", help="Count what responses to the Internet cost.")] = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Find the best rate under a budget, or the cheapest deployment for a rate, and say why the others lose.

    Every candidate has a spare (N+1) at its utilisation target; a mix that reads has a storage tier.
    """
    from local.cost import files, tables, views
    from local.cost.plan import Planner, front, front_rates

    with _user_errors():
        if (budget is None) == (rate is None):
            raise UserError("plan: give either --budget in dollars an hour, or --rate in requests/s")
        mix = files.mix(_weights(work))
        planner = Planner(mix, files.price_book(book), internet=internet)
        if budget is not None:
            plans = planner.within(_number(budget, "--budget"))
        else:
            plans = planner.cheapest(_number(rate or "", "--rate"))
            if not plans:
                raise UserError(f"plan: no candidate serves {rate} requests/s")
        steps = list(front(planner, front_rates(plans[0].rate)))
    if json:
        print_json(views.plans(plans, steps, workload=mix.name))
    else:
        goal = f"for ${budget} an hour" if budget is not None else f"at {rate} requests/s"
        tables.show(console, tables.plans(plans, steps, f"{mix.name}, {goal}"))


def mixed(
    alone: Annotated[str, typer.Option(help="Highest rate of each service alone, requests/s.")] = REPORT_ALONE,
    work: Annotated[str, typer.Option("--work", help="The mix.")] = REPORT_MIX,
    database: Annotated[str, typer.Option(help="Services whose rate alone was bound by the database.")] = "twitter",
    cpu: Annotated[str, typer.Option(help="For those, the rate that the web tier's CPU alone would bear.")] = "",
    measured: Annotated[str, typer.Option(help="The mixed rate that was measured, to compare with.")] = "56770",
    json: Json = False,
) -> None:
    """Predict a mixed load from loads of one service at a time; by default the report's, beside what it measured."""
    from local.cost.exact import plain
    from local.cost.mixed import predict

    with _user_errors():
        found = predict(
            _weights(alone, "--alone"),
            _weights(work),
            database_bound=set(filter(None, database.split(","))),
            cpu_alone=_weights(cpu, "--cpu") if cpu else None,
            measured=_number(measured, "--measured"),
        )
    rate, error = plain(found.rate, 5), None if found.error is None else round(float(found.error) * 100, 1)
    if json:
        print_json({"rate": float(found.rate), "bound_by": found.bound_by, "error_percent": error})
        return
    beside = "" if error is None else f", {error:+} % of the measured {plain(found.measured or found.rate)}"
    console.print(f"{rate} requests/s, bound by the {found.bound_by}{beside}.", highlight=False)
    if not cpu and database:
        console.print(f"An upper bound: {database} is taken to need no CPU; --cpu has its rate.", highlight=False)


def configurations(json: Json = False) -> None:
    """List the configurations, workloads and audits that come with the project."""
    from local.cost import files

    with _user_errors():
        listed = {
            "configurations": {
                name: files.configuration(name).heading.about for name in files.shipped(files.CONFIGURATIONS)
            },
            "workloads": {name: files.workload(name).source for name in files.shipped(files.WORKLOADS)},
            "audits": {name: files.audit_file(name).name for name in files.shipped(files.AUDITS)},
        }
    if json:
        print_json(listed)
        return
    for kind, entries in listed.items():
        console.print(kind, style="bold")
        for name, about in entries.items():
            console.print(f"  {name}: {about}", highlight=False, markup=False, soft_wrap=True)


def _mix(work: str | None, configuration: Configuration) -> Mix:
    """Return the workload asked for, or else the configuration's."""
    from local.cost import files

    if work is None:
        if not configuration.workload:
            raise UserError(
                f"say for which workload with --work; known are {', '.join(files.shipped(files.WORKLOADS))}"
            )
        return files.mix(configuration.workload)
    return files.mix(_weights(work))


def _weights(text: str, option: str = "--work") -> dict[str, Fraction]:
    """Return the numbers of a list such as `qrcode=3,twitter=1`; 1 where none is given."""
    weights: dict[str, Fraction] = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        if name in weights:
            raise UserError(f"{option}: {name} is given twice")
        weights[name] = _number(weight or "1", option)
    return weights


def _write(path: Path, text: str) -> None:
    from local.files import write_atomically

    try:
        write_atomically(path, text)
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None


def _number(text: str, option: str) -> Fraction:
    """Return an exact number that is not negative, as decimals write it."""
    import re

    from local.cost.exact import exact

    if not re.fullmatch(NUMBER, text) or len(text) > MAX_DIGITS:
        raise UserError(f"{option}: {text[:40]!r} is not one number such as 5000, 5,000 or 0.5")
    return exact(text.replace("_", "").replace(",", ""))
