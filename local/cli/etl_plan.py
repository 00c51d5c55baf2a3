"""The command `etl plan`: what a load of a size that was not run would take, by engine and place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.cost_options import Book, user_errors
from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError

if TYPE_CHECKING:
    from local.cost.etl_plan import EngineOfLoad, LoadWork

MAX_TWEETS = 10**12
LAMBDA_TMP_BYTES = 10 * 2**30
"""What a function's /tmp holds at most."""
ENGINES: tuple[EngineOfLoad, ...] = ("duckdb", "spark")


def plan(
    tweets: Annotated[float, typer.Option(help="Valid tweets to load, such as 1e9.")],
    hours: Annotated[float, typer.Option(help="In which it should be done: decides on the number of workers.")] = 1.0,
    region: Annotated[str, typer.Option(help="AWS region whose prices are taken.")] = "us-east-1",
    book: Book = None,
    as_json: Json = False,
) -> None:
    """Compute what a load would take: memory, disk, shuffles, the store's size, hours and dollars by engine.

    The coefficients are measured: of the last run of make bench-etl here, or else those that come with the project.
    """
    from local.cost.etl_plan import MAX_HOURS, PLACES, LoadPlanner
    from local.cost.files import price_book
    from local.cost.price_book import region_named

    with user_errors():
        if not 1 <= tweets <= MAX_TWEETS:
            raise UserError(f"--tweets {tweets:g} is not between 1 and {MAX_TWEETS:,}")
        if not 0 < hours <= MAX_HOURS:
            raise UserError(f"--hours {hours:g} is not above 0 and up to {MAX_HOURS:,}")
        count = int(tweets)
        planner = LoadPlanner(price_book(book), region_named(region))
        works = {engine: _work(engine) for engine in ENGINES}
        rows = [planner.plan(works[place.engine], place, count, hours) for place in PLACES]
    sizes = {engine: _sizes(work, count) for engine, work in works.items()}
    if as_json:
        print_json({"tweets": count, "bytes": sizes, "loads": [row._asdict() for row in rows]})
        return
    console.print(_bytes_table(sizes))
    console.print(_loads_table(rows))
    for row in rows:
        if row.note:
            console.print(f"{row.place}: {row.note}", highlight=False)
    for work in works.values():
        if count > work.measured_tweets:
            console.print(
                f"{work.engine}: measured up to {work.measured_tweets:,} tweets; beyond that computed, not run",
                highlight=False,
            )
    if sizes["duckdb"]["store"] > LAMBDA_TMP_BYTES:
        console.print(
            "a SQLite store of this size fits no function's /tmp (10 GiB): use MySQL or DynamoDB", highlight=False
        )


def _work(engine: EngineOfLoad) -> LoadWork:
    """Return the work of an engine from its measured loads of everything."""
    from local.cost.etl_plan import MeasuredLoad, work_of
    from local.measure import results

    measured = results.latest(f"etl-{engine}")
    if measured is None:
        raise UserError(f"no load was measured: make bench-etl ENGINE={engine} measures some")
    try:
        loads = [
            MeasuredLoad(**{name: load[name] for name in MeasuredLoad._fields})
            for load in measured.data["loads"]
            if not load["added"]
        ]
    except (KeyError, TypeError):
        raise UserError(
            f"the result etl-{engine} cannot be used; measure again with make bench-etl ENGINE={engine}"
        ) from None
    return work_of(engine, loads)


def _sizes(work: LoadWork, tweets: int) -> dict[str, float]:
    return {
        "input": work.input_bytes_a_tweet * tweets,
        "intermediate": work.work_bytes_a_tweet * tweets,
        "shuffled": work.shuffle_bytes_a_tweet * tweets,
        "store": work.store_bytes_a_tweet * tweets,
    }


def _bytes_table(sizes: dict[EngineOfLoad, dict[str, float]]) -> Any:
    from rich.table import Column, Table

    names = ("input", "intermediate", "shuffled", "store")
    table = Table("engine", *(Column(f"{name} GB", justify="right") for name in names))
    for engine, parts in sizes.items():
        table.add_row(engine, *(f"{parts[name] / 1e9:,.4g}" for name in names))
    return table


def _loads_table(rows: list[Any]) -> Any:
    from rich.table import Column, Table

    names = ("workers", "vCPUs", "memory GB", "hours", "dollars")
    table = Table(Column("place", no_wrap=True), *(Column(name, justify="right") for name in names))
    for row in rows:
        dollars = "-" if row.dollars is None else f"{row.dollars:,.2f}"
        numbers = (f"{row.workers:,}", f"{row.vcpus:,}", f"{row.memory_gb:,.4g}", f"{row.hours:,.3g}", dollars)
        table.add_row(row.place, *numbers)
    return table
