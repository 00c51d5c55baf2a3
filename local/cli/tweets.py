"""`crossover tweets`: make synthetic tweets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

MAX_COUNT = 1_000_000_000


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command()
    def tweets(
        count: Annotated[int, typer.Option(min=1, max=MAX_COUNT, help="Valid tweets; noise comes on top.")],
        out: Annotated[Path, typer.Option(help="The file to write; gzip where its name ends in .gz.")],
        popular: Annotated[
            Path,
            typer.Option(
                help="The popular tags that the tweets use; written, with the project's own, where it is not there."
            ),
        ],
        seed: Annotated[int, typer.Option(help="The same seed makes the same tweets.")] = 1,
        as_json: Json = False,
    ) -> None:
        """Make synthetic tweets, as messy as real ones: API v1.1, one JSON object a line.

        Between the valid ones comes noise, about one line in five: other languages, copies, damage of every kind.
        """
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        from local.data.tweets.files import popular_tags, write_tweets

        try:
            tags = popular_tags(popular)
            columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
            with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
                task = bar.add_task("tweets", total=count)
                size = write_tweets(count, seed, tags, out, lambda amount: bar.advance(task, amount))
        except OSError as problem:
            raise UserError(f"cannot write {problem.filename or out}: {problem.strerror}") from None
        if as_json:
            print_json({"tweets": count, "seed": seed, "file": str(out), "bytes": size, "popular": len(tags)})
        else:
            console.print(
                f"{count:,} valid tweets and their noise in {out} ({size:,} bytes), popular tags in {popular}"
            )
