"""The command `crossings`: where cost lines cross."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import Book, Duty, Hours, Region, Work, mix_of, number, say_left_out, user_errors
from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

MAX_LINES = 20


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("crossings")(crossings)


def crossings(
    names: Annotated[
        list[str],
        typer.Argument(metavar="CONFIGURATION...", help="Two or more; the first is compared with the others."),
    ],
    work: Work = None,
    to: Annotated[str, typer.Option("--to", help="Highest rate to look at, requests/s.")] = "10000",
    hours: Hours = "730",
    duty: Duty = "1",
    region: Region = None,
    book: Book = None,
    json: Json = False,
) -> None:
    """Find where cost lines cross, exactly, and which platform is cheapest at every rate."""
    from rich.progress import Progress

    from local.cost import files, tables, views
    from local.cost.configuration import in_region
    from local.cost.errors import NoPrice
    from local.cost.lines import line_of
    from local.cost.model import Usage

    with user_errors():
        if not 2 <= len(names) <= MAX_LINES:
            raise UserError(f"give from 2 to {MAX_LINES} configurations to compare")
        chosen = [in_region(files.configuration(name), region) for name in names]
        mix = mix_of(work, chosen[0])
        known, top = files.price_book(book), number(to, "--to")
        usage = Usage(number(hours, "--hours"), number(duty, "--duty"))
        if not top:
            raise UserError("--to: must be over 0")
        with Progress(console=stderr, transient=True) as progress:
            task = progress.add_task("drawing lines", total=len(chosen))
            lines, left_out = [], []
            for one in chosen:
                try:
                    lines.append(line_of(one, mix, known, top, usage))
                except NoPrice as problem:
                    left_out.append(str(problem))
                progress.advance(task)
        if len(lines) < 2:
            raise UserError(f"fewer than two of them can be priced: {'; '.join(left_out)}")
        say_left_out([*left_out, *(one for line in lines for one in line.left_out)])
    if json:
        print_json(views.comparison(lines, workload=mix.name, assumed=mix.assumed))
    else:
        kind, where = "assumed" if mix.assumed else "measured", region or chosen[0].heading.region
        title = f"{mix.name} ({kind} workload), up to {to} requests/s, {where}"
        tables.show(console, tables.comparison(lines, title))
