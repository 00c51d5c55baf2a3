"""`crossover experiment NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.cli.places import DATA
from local.cli.report import Json, UserError, console, print_json


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    group = typer.Typer(help="Run an experiment and print its table.", no_args_is_help=True)

    @group.callback()
    def experiment() -> None:
        """Keeps the experiments a group, however few there are."""

    group.command()(schemas)
    group.command()(tools)
    group.command()(flood)
    app.add_typer(group, name="experiment")


def schemas(
    tweets: Annotated[int, typer.Option(min=1_000, max=10_000_000, help="Valid tweets to generate.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the tweets and of the requests.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")] = 15,
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="CPU to spend on each cell in a round.")] = 0.15,
    result: Annotated[
        Path, typer.Option(help="Where the result goes, as JSON.", show_default=".data/schemas.json")
    ] = DATA / "schemas.json",
    as_json: Json = False,
) -> None:
    """Compare three schemas on a private MySQL server: packed, one wide table, three joined tables."""
    import json

    from local.experiments.schemas import Configuration, run
    from local.experiments.schemas_table import draw

    _check_writable(result)
    found = run(Configuration(tweets, seed, rounds, seconds))
    result.write_text(json.dumps(found, indent=2) + "\n")
    if as_json:
        print_json(found)
    else:
        for part in draw(found):
            console.print(part)
        console.print(f"The result is in {result}.")


def tools(
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds to measure; medians are of these.")] = 15,
    as_json: Json = False,
) -> None:
    """Compare the tools that each step of the blockchain service could be done with: their time and their weight."""
    from rich.progress import track
    from rich.table import Table

    from local.cli.report import stderr
    from local.experiments.tools import rows, run

    *_, found = track(run(rounds), "Measuring", total=rounds, console=stderr, transient=True)
    if as_json:
        return print_json(found)
    table = Table(
        title="Tools for the blockchain service; * is the one in use",
        caption="Median CPU of a call over the real requests, and units of one SHA-256 of 60 bytes;\n"
        "CPU of the first import; MB of the package as it is installed here, and zipped;\n"
        "bytes that an answer has before base64.",
    )
    for heading in ("Step", "Tool"):
        table.add_column(heading, no_wrap=True)
    for heading in ("us", "units", "import", "MB", "zip", "bytes"):
        table.add_column(heading, justify="right")
    for row in rows(found):
        table.add_row(*row)
    console.print(table)
    return None


def flood(
    rate: Annotated[float, typer.Option(min=1, max=10_000, help="QR codes asked for in a second.")] = 100,
    blocks: Annotated[float, typer.Option(min=1, max=1_000, help="Blocks that cannot be mined, in a second.")] = 30,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of each measurement.")] = 4,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")] = 3,
    one_core: Annotated[bool, typer.Option(help="Keep the server on one core, and the load on another.")] = True,
    seed: Annotated[int, typer.Option(help="Which requests.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure what a flood of long computations does to another service, for four ways to compute."""
    from dataclasses import asdict

    from local.experiments.flood import Configuration, measure
    from local.experiments.flood_table import draw
    from local.results.files import Result, write

    configuration = Configuration(rate, blocks, seconds, rounds, one_core, seed)
    with console.status("") as status:
        found = Result(kind="flood", config=asdict(configuration), data=measure(configuration, status.update))
    path = write(found)
    if as_json:
        print_json(found.data)
    else:
        console.print(draw(asdict(configuration), dict(found.data)))
        console.print(f"The result is in {path}.")


def _check_writable(path: Path) -> None:
    """Makes the file's folder, and leaves the file as it is. Raises `UserError` where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as problem:
        raise UserError(f"cannot write the result to {path}: {problem.strerror}; name another file") from None
