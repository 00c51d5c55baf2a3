"""`crossover etl`: load tweets into a store."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from local.cli.etl_package import package
from local.cli.etl_plan import plan
from local.cli.options import Json
from local.console import console, print_json
from local.data.etl.engines import DEFAULT_MASTER, EngineName
from local.errors import UserError


class LoadByDefault(TyperGroup):
    """The group `etl`: what begins with no other command's name, and asks for no help, is a load."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command where it is left out."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["load", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        cls=LoadByDefault, help="Load raw tweets into a store: crossover etl TWEETS... is crossover etl load TWEETS..."
    )
    group.command()(load)
    group.command()(plan)
    group.command()(package)
    app.add_typer(group, name="etl")


def load(
    tweets: Annotated[
        list[str],
        typer.Argument(
            help="Files or globs of tweets (API v1.1), one a line or in arrays; plain, gzip, bzip2, xz or zstd."
        ),
    ],
    popular: Annotated[str, typer.Option(help="The popular tags: UTF-8, one a line; of Spark also a URL.")],
    store: Annotated[
        str,
        typer.Option(
            help="The store's URL: sqlite:///PATH, mysql://USER@HOST:PORT/DATABASE or dynamodb://TABLE?region=REGION;"
            " of several databases, URL|URL|..."
        ),
    ],
    work: Annotated[
        str | None,
        typer.Option(help="A folder for intermediate data, of Spark also a URL; else beside the store."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="A folder that keeps the valid tweets, so that --add can add to them later."),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Load the tweets that --keep kept too; its folder then keeps all of them.")
    ] = False,
    engine: Annotated[
        EngineName, typer.Option(help="duckdb: this machine. spark: PySpark (make spark).")
    ] = EngineName.duckdb,
    master: Annotated[
        str, typer.Option(help="Spark's master: local[N], spark://HOST:PORT, yarn or k8s://URL.")
    ] = DEFAULT_MASTER,
    force: Annotated[
        bool, typer.Option("--force", help="Load the rest even where nearly all lines are dropped.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load raw tweets into a store, in place of what it has.

    A run that fails or is killed leaves the store as it was.
    With --keep the valid tweets are kept, and --add brings a store up to date without the old files.
    """
    from local.data.databases import check_databases
    from local.data.etl.increments import open_kept
    from local.data.etl.pipeline import check_url, run, without_cache
    from local.data.etl.popular import read_popular
    from local.data.etl.progress import Bars
    from local.data.etl.reading import URL, input_files

    store = without_cache(store)
    check_url(store)
    check_databases(store)
    files = input_files(tweets, urls=engine is EngineName.spark)
    tags = popular if URL.match(popular) else read_popular(Path(popular))
    if add and not keep:
        raise UserError("--add needs --keep FOLDER, the folder that a former load kept its tweets in")
    place: Path | str | None = Path(work) if work else None
    if work and URL.match(work):
        if engine is not EngineName.spark:
            raise UserError(f"--work {work} is a URL, which Spark alone works at: give a folder, or --engine spark")
        if keep:
            raise UserError("--keep keeps tweets in a folder that all of Spark shares: give --work one too, not a URL")
        place = work
    with ExitStack() as held:
        kept = held.enter_context(open_kept(keep, add=add)) if keep else None
        bars = held.enter_context(Bars())
        report = run(files, tags, store, place, bars, force=force, kept=kept, add=add, engine=engine, master=master)
    if as_json:
        print_json(report._asdict() | {"loaded": report.version != ""})
    else:
        console.print(_table(report))
    if not report.valid:
        raise UserError(f"there is no valid tweet in the input: {report.refusal()}; the store is as it was")
    if not report.version:
        raise UserError(f"{report.refusal()}; the store is as it was: --force loads the rest all the same")


def _table(report: Any) -> Any:
    from rich.table import Table

    from local.data.etl.parsing import REASONS

    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("files", f"{report.files:,}")
    table.add_row("lines", f"{report.lines:,}")
    for reason, number in report.dropped.items():
        table.add_row(f"  dropped: {REASONS[reason]}", f"{number:,}")
    table.add_row("valid tweets", f"{report.valid:,}")
    table.add_row("users", f"{report.users:,}")
    table.add_row("records", f"{report.records:,}")
    table.add_row("bytes of the store", f"{report.store_bytes:,}")
    for name, figure in report.figures.items():
        table.add_row(name, f"{figure:,.0f}")
    for part, seconds in report.seconds.items():
        table.add_row(f"seconds to {part}", f"{seconds:.1f}")
    return table
