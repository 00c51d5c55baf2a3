"""`crossover smoke`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.load.smoke.client import CaseOutcome


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(smoke)


def smoke(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a running bundle, http://HOST:PORT.")],
    service: Annotated[
        list[str] | None, typer.Option(help="A service to ask; give it again for another. All of them by default.")
    ] = None,
    functions_only: Annotated[
        bool, typer.Option("--functions-only", help="An event source of functions: no /healthz, no /readyz.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="Time that one request may take.")] = 10,
    as_json: Json = False,
) -> None:
    """Ask a running bundle what it has to know, and compare every answer; exit status 1 where one is wrong.

    NAME_STORE (TWITTER_STORE) has to name the store that the server reads; answers from another one, or from none, are
    judged by their form alone.
    """
    import asyncio
    import math

    from rich.progress import Progress

    from local.load.smoke.client import address_of, ask_all
    from local.load.smoke.selection import chosen_cases

    address = address_of(url)
    if math.isnan(seconds):
        raise UserError("--seconds takes a number of seconds from 0.1 to 600")
    cases = chosen_cases(service or [], functions_only)
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task("asking", total=len(cases))
        outcomes = asyncio.run(ask_all(address, cases, seconds, lambda: progress.advance(task)))
    print_json([_row(outcome) for outcome in outcomes]) if as_json else _tell(address, outcomes)
    if not all(outcome.good for outcome in outcomes):
        raise typer.Exit(1)


def _row(outcome: CaseOutcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "service": case.service,
        "asked": case.asked,
        "method": case.method,
        "path": case.path,
        "verdict": outcome.verdict,
        "problem": outcome.problem,
        "status": outcome.status,
        "milliseconds": None if outcome.milliseconds is None else round(outcome.milliseconds, 2),
    }


SHORT = 500
"""Characters of a path that is shown whole, to be asked again by hand."""
COLOURS = {"right": "green", "in form": "yellow", "wrong": "bold red", "no answer": "bold red", "not asked": "dim"}


def _tell(address: str, outcomes: list[CaseOutcome]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("service", "asked", "verdict", "status", "ms", "problem")
    for each in (outcome for outcome in outcomes if outcome.verdict != "not asked"):
        table.add_row(
            each.case.service or "platform",
            Text(each.case.asked),
            Text(each.verdict, COLOURS[each.verdict]),
            str(each.status or ""),
            "" if each.milliseconds is None else f"{each.milliseconds:.1f}",
            Text(each.problem, overflow="fold"),
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.verdict == "wrong" and len(outcome.case.path) < SHORT:
            method = "" if outcome.case.method == "GET" else f" -X {outcome.case.method}"
            console.print(
                f"curl -i{method} '{address}{outcome.case.path}'", highlight=False, markup=False, soft_wrap=True
            )
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    console.print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()), highlight=False)
    for name in sorted({outcome.case.service for outcome in outcomes if outcome.verdict == "in form"}):
        console.print(
            f"{name}: what comes from its store was judged by its form alone; "
            f"name the store that the server reads in {name.upper()}_STORE to compare it",
            highlight=False,
            soft_wrap=True,
        )
