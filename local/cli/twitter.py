"""`crossover twitter`: looking into the Twitter service."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Register `crossover twitter explain`."""
    twitter = typer.Typer(help="Look into the Twitter service.", no_args_is_help=True)
    twitter.command()(explain)

    @twitter.callback()
    def group() -> None:
        """Keep it a group, with one command only."""

    app.add_typer(twitter, name="twitter")


def explain(
    query: Annotated[str, typer.Argument(help="A query string: user_id=...&type=...&phrase=...&hashtag=...")],
    store: Annotated[str, typer.Option(envvar="TWITTER_STORE", help="The store's URL, sqlite:///PATH for instance.")],
    as_json: Json = False,
) -> None:
    """Print every contact of an answer with its counts and its scores, multiplied out."""
    from crossover.explaining import explained_here
    from crossover.runner import InlineRunner, Unavailable
    from crossover.stores import open_store
    from functions.twitter.handler import SERVICE
    from functions.twitter.record import CorruptRecord

    try:
        records = open_store(store)
        try:
            explanation = explained_here(SERVICE, query.encode(), InlineRunner(records))
        finally:
            records.close()
    except ValueError as problem:
        raise UserError(str(problem)) from None
    except (Unavailable, CorruptRecord) as problem:
        raise UserError(f"{problem}; make a store with crossover etl") from None
    if explanation["problem"]:
        raise UserError(explanation["problem"])
    contacts = explanation["contacts"]
    if as_json:
        print_json(contacts)
        return

    from rich.table import Table

    table = Table(
        title="final = interaction x hashtag x keywords, rounded half up to 5 decimals", box=None, padding=(0, 1, 0, 0)
    )
    for heading in ("contact", "replies", "RTs", "tags", "matches", "inter-\naction", "hashtag", "keywords", "final"):
        table.add_column(heading, justify="right", no_wrap=True)
    for contact in contacts:
        table.add_row(
            *(str(contact[name]) for name in ("user_id", "replies", "retweets", "shared_tags", "matches")),
            *(f"{contact[name]:.5f}" for name in ("interaction", "hashtag", "keywords", "final")),
        )
    console.print(table)
