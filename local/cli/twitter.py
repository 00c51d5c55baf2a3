"""`crossover twitter`: looking into the Twitter service."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Registers `crossover twitter explain`."""
    twitter = typer.Typer(help="Look into the Twitter service.", no_args_is_help=True)
    twitter.command()(explain)

    @twitter.callback()
    def group() -> None:
        """Keeps it a group, with one command only."""

    app.add_typer(twitter, name="twitter")


def explain(
    query: Annotated[str, typer.Argument(help="A query string: user_id=...&type=...&phrase=...&hashtag=...")],
    store: Annotated[str, typer.Option(envvar="TWITTER_STORE", help="The store's URL, sqlite:///PATH for instance.")],
    as_json: Json = False,
) -> None:
    """Print every contact of an answer with its counts and its scores, multiplied out."""
    from crossover.runner import Unavailable
    from crossover.seam import Invalid, Request
    from crossover.stores import open_store
    from functions.twitter.explain import explain as explained
    from functions.twitter.handler import start
    from functions.twitter.record import CorruptRecord

    try:
        request = Request(query.encode())
        need = start(request)
        records = open_store(store)
        try:
            record = records.fetch(need.key)
        finally:
            records.close()
        need.then(record)
        phrase, hashtag = request.one(b"phrase").decode(), request.one(b"hashtag").decode()
        contacts = explained(record or b"", phrase, hashtag)
    except (Invalid, ValueError) as problem:
        raise UserError(str(problem)) from None
    except (Unavailable, CorruptRecord) as problem:
        raise UserError(f"{problem}; make a store with crossover etl") from None
    if as_json:
        print_json([{**one._asdict(), "tweets": [tweet._asdict() for tweet in one.tweets]} for one in contacts])
        return

    from rich.table import Table

    table = Table(
        title="final = interaction x hashtag x keywords, rounded half up to 5 decimals", box=None, padding=(0, 1, 0, 0)
    )
    for heading in ("contact", "replies", "RTs", "tags", "matches", "inter-\naction", "hashtag", "keywords", "final"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in contacts:
        table.add_row(
            *map(str, (one.user_id, one.replies, one.retweets, one.shared_tags, one.matches)),
            *(f"{score:.5f}" for score in (one.interaction, one.hashtag, one.keywords, one.final)),
        )
    console.print(table)
