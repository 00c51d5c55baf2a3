"""`crossover experiment NAME`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

ResultFile = Annotated[
    Path | None,
    typer.Option("--result", help="Where the result goes, as JSON.", show_default="report/results/NAME.json"),
]
Quick = Annotated[bool, typer.Option("--quick", help="In about a minute: fewer rounds and variants.")]
Rounds = Annotated[int | None, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")]
Seed = Annotated[int, typer.Option(help="Which requests.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Run an experiment, print its tables and keep its result.", no_args_is_help=True)
    group.command("web-tier")(web_tier)
    group.command("cold-start")(cold_start)
    group.command()(ramp)
    group.command()(schemas)
    group.command()(tools)
    group.command()(flood)
    group.command()(connections)
    group.command("storage-tier")(storage_tier)
    group.command("dynamodb-clients")(dynamodb_clients)
    group.command()(storage)
    app.add_typer(group, name="experiment")


def web_tier(
    service: Annotated[str, typer.Option(help="The service to load.")] = "qrcode",
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, max=60, help="Of each load.")] = None,
    connections: Annotated[int | None, typer.Option(min=2, max=5_000, help="Of each load.")] = None,
    low_limit: Annotated[int | None, typer.Option(min=1, max=5_000, help="The low concurrency limit.")] = None,
    seed: Seed = 1,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Change one thing of the web tier at a time: workers, the concurrency limit, keep-alive."""
    from dataclasses import replace

    from functions.registry import SERVICES
    from local.measure.experiments import tables
    from local.measure.experiments.web_tier import QUICK, WebTierConfig, measure
    from local.serve.demo import with_demo_store

    if service not in SERVICES:
        raise UserError(f"the bundle has {', '.join(SERVICES)}")
    options = _given(rounds=rounds, seconds=seconds, connections=connections, low_limit=low_limit)
    configuration = replace(QUICK if quick else WebTierConfig(), service=service, seed=seed, **options)
    with _saving("web-tier", result, tables.web_tier, as_json) as save, _progress() as step:
        save(configuration.as_data(), measure(configuration, with_demo_store(os.environ, [service]), step))


def ramp(
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Annotated[float | None, typer.Option(min=1, max=60, help="Of each load.")] = None,
    seed: Seed = 1,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Load one worker of the container step by step, for `crossover simulate --validate` to compare its queue with."""
    from dataclasses import replace

    from local.measure.experiments import tables
    from local.measure.experiments.ramp import QUICK, RampConfig, measure

    configuration = replace(QUICK if quick else RampConfig(), seed=seed, **_given(rounds=rounds, seconds=seconds))
    with _saving("ramp", result, tables.ramp, as_json) as save, _progress() as step:
        save(configuration.as_data(), measure(configuration, os.environ, step))


def cold_start(
    quick: Quick = False,
    rounds: Rounds = None,
    idle_seconds: Annotated[
        float | None, typer.Option(min=1, max=86_400, help="How long an idle environment is kept; 600.")
    ] = None,
    ping_seconds: Annotated[
        float | None, typer.Option(min=1, max=86_400, help="How often a keep-warm ping comes; 300.")
    ] = None,
    provisioned: Annotated[int | None, typer.Option(min=1, max=100, help="Provisioned concurrency; 1.")] = None,
    seed: Seed = 1,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Take cold starts apart: package, memory, keep-warm pings, provisioned concurrency."""
    from dataclasses import replace

    from local.emulator.artifacts import BuildError
    from local.emulator.runtime_files import Missing
    from local.emulator.spec import BadSpec
    from local.measure.experiments import tables
    from local.measure.experiments.cold_start import QUICK, ColdStartConfig, measure
    from local.serve.demo import with_demo_store

    options = _given(rounds=rounds, idle_seconds=idle_seconds, ping_seconds=ping_seconds, provisioned=provisioned)
    configuration = replace(QUICK if quick else ColdStartConfig(), seed=seed, **options)
    with _saving("cold-start", result, tables.cold_start, as_json) as save, _progress() as step:
        environ = with_demo_store(os.environ, configuration.services)
        try:
            save(configuration.as_data(), measure(configuration, environ, step))
        except (BadSpec, BuildError, Missing) as problem:
            raise UserError(str(problem)) from None


def schemas(
    tweets: Annotated[int, typer.Option(min=1_000, max=10_000_000, help="Valid tweets to generate.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the tweets and of the requests.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")] = 15,
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="CPU to spend on each cell in a round.")] = 0.15,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Compare three schemas on a private MySQL server: packed, one wide table, three joined tables."""
    from dataclasses import asdict

    from local.measure.experiments.schemas import SchemaTrial, run
    from local.measure.experiments.schemas_table import draw

    configuration = SchemaTrial(tweets, seed, rounds, seconds)
    with _saving("schemas", result, draw, as_json) as save:
        save(asdict(configuration), run(configuration))


def tools(
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds to measure; medians are of these.")] = 15,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Compare the tools that each step of the blockchain service could be done with: their time and their weight."""
    from local.measure.experiments import tables
    from local.measure.experiments.tools import run

    with _saving("tools", result, tables.tools, as_json) as save, _progress() as step:
        for number, figures in enumerate(run(rounds), 1):  # noqa: B007 - those of the last round count
            step(f"round {number} of {rounds} is done")
        save({"rounds": rounds}, figures)


def flood(
    rate: Annotated[float, typer.Option(min=1, max=10_000, help="QR codes asked for in a second.")] = 100,
    blocks: Annotated[float, typer.Option(min=1, max=1_000, help="Blocks that cannot be mined, in a second.")] = 30,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Of each measurement.")] = 4,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")] = 3,
    one_core: Annotated[bool, typer.Option(help="Keep the server on one core, and the load on the others.")] = True,
    seed: Seed = 1,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Measure what a flood of long computations does to another service, for four ways to compute."""
    from dataclasses import asdict
    from functools import partial

    from local.measure.experiments import tables
    from local.measure.experiments.flood import FloodConfig, measure

    configuration = asdict(config := FloodConfig(rate, blocks, seconds, rounds, one_core, seed))
    with _saving("flood", result, partial(tables.flood, configuration), as_json) as save, _progress() as step:
        save(configuration, measure(config, os.environ, step))


def connections(
    environments: Annotated[int, typer.Option(min=1, max=1_000, help="Lambda environments.")] = 200,
    pods: Annotated[int, typer.Option(min=0, max=100, help="Pods, each with a pool of two.")] = 4,
    database_connections: Annotated[int, typer.Option(min=10, max=1_000, help="The database's max_connections.")] = 30,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="Of each steady load.")] = 5,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Measure a fleet against a database of few connections, straight and through RDS Proxy (emulated)."""
    from dataclasses import asdict

    from local.measure.experiments import tables
    from local.measure.experiments.connections import ConnectionsConfig, measure

    configuration = ConnectionsConfig(environments, pods, database_connections, seconds)
    with _saving("connections", result, tables.connections, as_json) as save, _progress() as step:
        save(asdict(configuration), measure(configuration, step))


def storage_tier(
    quick: Quick = False,
    seconds: Annotated[float | None, typer.Option(min=0.5, max=60, help="Of each load.")] = None,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Change one thing of the storage tier at a time: proxy pool, buffer pool, max_connections, batching."""
    from dataclasses import asdict, replace

    from local.measure.experiments import tables
    from local.measure.experiments.storage_tier import StorageTierConfig, measure

    base = StorageTierConfig(records=10_000, seconds=1.5) if quick else StorageTierConfig()
    configuration = replace(base, **_given(seconds=seconds))
    with _saving("storage-tier", result, tables.storage_tier, as_json) as save, _progress() as step:
        save(asdict(configuration), measure(configuration, step))


def dynamodb_clients(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; the median of them counts.")] = 5,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Compare clients of DynamoDB: CPU of a start and of a read, memory, weight."""
    from local.measure.experiments import tables
    from local.measure.experiments.dynamodb_clients import measure

    with _saving("dynamodb-clients", result, tables.dynamodb_clients, as_json) as save, _progress() as step:
        save({"rounds": rounds}, measure(rounds, step))


def storage(
    quick: Quick = False,
    tweets: Annotated[int | None, typer.Option(min=1_000, max=1_000_000, help="Tweets to generate; 20,000.")] = None,
    requests: Annotated[
        int | None, typer.Option(min=100, max=1_000_000, help="Of each store and cache; 3,000.")
    ] = None,
    exponent: Annotated[float | None, typer.Option(min=0, max=5, help="Zipf's, of the users asked for; 0.9.")] = None,
    seed: Seed = 1,
    result: ResultFile = None,
    as_json: Json = False,
) -> None:
    """Compare SQLite, MySQL, RDS Proxy and DynamoDB, bare and cached, and price the storage tier at six rates."""
    from dataclasses import asdict, replace

    from local.measure.experiments import tables
    from local.measure.experiments.storage import StorageConfig, measure

    base = StorageConfig(tweets=5_000, requests=500) if quick else StorageConfig()
    configuration = replace(base, seed=seed, **_given(tweets=tweets, requests=requests, exponent=exponent))
    with _saving("storage", result, tables.storage, as_json) as save, _progress() as step:
        save(asdict(configuration), measure(configuration, step))


Save = Callable[[Mapping[str, Any], Any], None]


@contextmanager
def _saving(kind: str, path: Path | None, draw: Callable[[Any], Iterable[Any]], as_json: bool) -> Iterator[Save]:
    """Yield `save(configuration, data)`: written and printed at the end of the block, unless it is interrupted."""
    from dataclasses import asdict

    import msgspec

    from local.measure.results import LOCAL_RESULTS, Result, write
    from local.signals import reporting_interruption

    path = path or LOCAL_RESULTS / f"{kind}.json"
    _check_writable(path)
    saved: list[tuple[Result, Any]] = []
    with reporting_interruption("the experiment"):
        yield lambda configuration, data: saved.append(
            (Result(kind=kind, config=configuration, data=msgspec.to_builtins(data)), data)
        )
        for result, _ in saved:
            write(result, path)
    for result, data in saved:
        if as_json:
            print_json(asdict(result))
            continue
        for part in draw(data):
            console.print(part, highlight=False, soft_wrap=isinstance(part, str))
        console.print(f"The result is in {path}.", soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Says what is done now. It draws when that changes: a thread that draws would disturb what is measured."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda text: progress.update(task, description=text, refresh=True)


def _given(**options: float | None) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_writable(path: Path) -> None:
    """Make the file's folder, and leave the file as it is. Raises `UserError` where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as problem:
        raise UserError(f"cannot write the result to {path}: {problem.strerror}; name another file") from None
