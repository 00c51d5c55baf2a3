"""`crossover load` and `crossover profile`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.report import Json, UserError, console, print_json

if TYPE_CHECKING:
    from local.load.mix import Asked
    from local.load.run import Outcome


def _in_the_bundle(name: str) -> str:
    from functions.registry import SERVICES

    if name not in SERVICES:
        raise typer.BadParameter(f"the bundle has {', '.join(SERVICES)}")
    return name


ServiceName = Annotated[
    str, typer.Argument(metavar="SERVICE", help="A service of the bundle.", callback=_in_the_bundle)
]


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(load)
    app.command()(profile)


def load(
    service: ServiceName,
    url: Annotated[
        str | None, typer.Option(help="Address of a running server; by default one is started, and its CPU told.")
    ] = None,
    requests: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many requests to send.")] = 100_000,
    connections: Annotated[int, typer.Option(min=1, max=20_000, help="Connections that stay open.")] = 100,
    seed: Annotated[int, typer.Option(help="Which requests.")] = 1,
    as_json: Json = False,
) -> None:
    """Send a service its usual requests, good and bad mixed, and check every answer."""
    from local.load.run import check_address

    server_cpu = {}
    if url is None:
        asked = _asked_of_own_server(service, requests, seed)
        outcome, seconds = _served_and_loaded(asked, service, requests, connections)
        server_cpu["server_cpu_us_per_request"] = round(seconds / requests * 1e6, 1)
    else:
        address = check_address(url)
        outcome = _loaded(_asked(service, requests, seed), address, requests, connections)
    report: dict[str, Any] = {
        "requests": requests,
        "right": outcome.right,
        "wrong": outcome.wrong,
        "errors": dict(outcome.errors),
        "seconds": round(outcome.seconds, 2),
        "requests_per_second": round(outcome.answered / outcome.seconds),
        "p50_ms": round(outcome.percentile(0.5), 2),
        "p99_ms": round(outcome.percentile(0.99), 2),
        **server_cpu,
    }
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            console.print(f"{name.replace('_', ' '):>20}  {value}", highlight=False)
    if outcome.right != requests:
        raise typer.Exit(1)


def profile(
    service: ServiceName,
    requests: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many requests to send.")] = 20_000,
    top: Annotated[int, typer.Option(min=1, max=200, help="How many functions to show.")] = 25,
    as_json: Json = False,
) -> None:
    """Show the hottest functions of the server while a service is under load."""
    from rich.table import Table

    from local.load.profiler import profiled

    asked = _asked_of_own_server(service, requests, seed=1)
    hottest = profiled(service, lambda address: _loaded(asked, address, requests, 50), requests * 9 // 10)
    if as_json:
        return print_json([each._asdict() for each in hottest[:top]])
    table = Table("share", "us a request", "calls a request", "function", title=f"{service}: {requests:,} requests")
    total = sum(each.own_seconds for each in hottest)
    for each in hottest[:top]:
        per_request = each.own_seconds / requests * 1e6
        table.add_row(
            f"{each.own_seconds / total:.1%}", f"{per_request:.2f}", f"{each.calls / requests:.2f}", each.function
        )
    return console.print(table)


def _served_and_loaded(asked: list[Asked], name: str, requests: int, connections: int) -> tuple[Outcome, float]:
    """Starts a server of one service for the load; the CPU time of its requests is what a start alone does not take."""
    from local.serve.process import served

    settings = {"CROSSOVER_SERVICES": name, "WORKERS": "1"}
    with served(settings) as idle:
        pass
    with served(settings) as busy:
        outcome = _loaded(asked, busy.address, requests, connections)
    return outcome, busy.cpu_seconds - idle.cpu_seconds


def _asked_of_own_server(name: str, requests: int, seed: int) -> list[Asked]:
    """Requests for a server that is yet to be started; it has a demo store where none is named."""
    from local.serve.demo import use_demo_store

    os.environ.update(use_demo_store([name]))
    return _asked(name, requests, seed)


def _asked(name: str, requests: int, seed: int) -> list[Asked]:
    """Requests with right answers, from the store that is named in the environment. Raises `UserError`."""
    from crossover.runner import InlineRunner, Unavailable
    from crossover.stores.lazy import store_of
    from functions import registry
    from local.load.mix import mixed

    (service,) = registry.load([name])
    store = store_of(service, os.environ)
    variable = f"{name.upper()}_STORE"
    try:
        if store:
            store.version()
        return mixed(service, min(requests, 10_000), seed, InlineRunner(store), os.environ.get(variable, ""))
    except (Unavailable, ValueError) as problem:
        raise UserError(
            f"{problem}; right answers come from the store that the server reads: name it in {variable}"
        ) from None
    finally:
        if store:
            store.close()


def _loaded(asked: list[Asked], address: str, requests: int, connections: int) -> Outcome:
    from rich.progress import Progress

    from local.load.run import send

    with Progress(transient=True) as progress:
        task = progress.add_task(f"{requests:,} requests", total=requests)
        return asyncio.run(
            send(address, asked, requests, connections, lambda done: progress.update(task, completed=done))
        )
