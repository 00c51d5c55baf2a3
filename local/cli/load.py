"""`crossover load` and `crossover profile`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.options import App, Directory, Env, Ignore, Json, Python, recording_of
from local.console import console, error_line, print_json, stderr
from local.errors import UserError
from local.load.load_plan import Arrivals, LoadPlan

if TYPE_CHECKING:
    from local.guest.application import Guest
    from local.load.outcome import LoadOutcome
    from local.workloads.mix import PreparedRequest

CLOSED_REQUESTS = 100_000
"""Requests of a closed loop without --seconds and --requests."""
OPEN_SECONDS = 10.0
"""Length of an open loop without --seconds, in seconds."""
PROFILE_CONNECTIONS = 50
NOT_RIGHT, DISCARDED = 1, 3
"""Exit statuses: an answer was wrong or is missing; all were right, but rates and latencies mean nothing."""


def _in_the_bundle(name: str | None) -> str | None:
    from functions.registry import SERVICES

    if name is not None and name not in SERVICES:
        raise typer.BadParameter(f"the bundle has {', '.join(SERVICES)}")
    return name


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(load)
    app.command()(profile)


def load(
    url: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="A running server; without it one is started, and its CPU time reported."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="The service to ask.", callback=_in_the_bundle)] = None,
    mix: Annotated[str | None, typer.Option(help="Several by weight: qrcode=2,twitter=1.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests/s that arrive whatever the server does; without it, a closed loop.")
    ] = None,
    arrivals: Annotated[Arrivals, typer.Option(help="poisson: independent users; fixed: evenly.")] = "poisson",
    seconds: Annotated[float | None, typer.Option(help="How long to send; 10 with a rate.")] = None,
    requests: Annotated[int | None, typer.Option(help="How many to send instead; 100,000 without a rate.")] = None,
    warmup: Annotated[float, typer.Option(help="Seconds of the same load before, not counted.")] = 0,
    connections: Annotated[int, typer.Option(help="Connections, at most; in a closed loop all are in use.")] = 100,
    processes: Annotated[int, typer.Option(help="Generator processes that share the load.")] = 1,
    cores: Annotated[str, typer.Option(help="Cores to pin them to, as 1 or 2,3.")] = "",
    keep_alive: Annotated[bool, typer.Option(help="Whether connections are used again.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds after which a request is given up.")] = 10,
    backlog: Annotated[int, typer.Option(help="Arrivals that wait for a connection, at most.")] = 10_000,
    behaviour: Annotated[
        bool, typer.Option("--behaviour", help="Only answers are wanted: no rates, no latencies.")
    ] = False,
    remote: Annotated[
        bool, typer.Option("--remote", help="Allow a server on another machine. It must be yours.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Which requests, and which moments.")] = 1,
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    request_file: Annotated[
        Path | None,
        typer.Option(help="With --app: its requests, as compare reads them.", show_default="crossover.toml's"),
    ] = None,
    ignore: Ignore = None,
    as_json: Json = False,
) -> None:
    """Load a server with a service's usual requests, good and bad mixed, and check every answer.

    With --app the requests are those of a file: each is asked twice first, and every answer under load is checked
    against the first one; what differed between the two may differ.

    With --rate the requests arrive at planned moments and waiting counts (open loop); without it every connection asks
    as soon as it was answered (closed loop). The exit status is 0 if every answer was right, 1 if one was wrong or is
    missing, 2 for bad input, and 3 if all were right but rates and latencies are discarded: the generator was too
    busy or too late for them to mean anything.
    """
    from local.guest.options import named_guest
    from local.workloads.mix import parse

    guest = named_guest(app, directory, python, env) if app or directory or (service is None and mix is None) else None
    if [guest, service, mix].count(None) != 2:
        raise UserError("name what to ask: one of --service twitter, --mix qrcode=2,twitter=1, --app MODULE:NAME")
    if seconds is None and requests is None:
        seconds, requests = (OPEN_SECONDS, None) if rate is not None or guest else (None, CLOSED_REQUESTS)
    plan = LoadPlan(
        mix={guest.name: 1} if guest else {service: 1} if service else parse(mix or ""),
        rate=rate,
        arrivals=arrivals,
        seconds=seconds,
        requests=requests,
        warmup=warmup,
        connections=connections,
        processes=processes,
        cores=_cores(cores),
        seed=seed,
        keep_alive=keep_alive,
        timeout=timeout,
        backlog=backlog,
        behaviour=behaviour,
        remote=remote,
    )
    if guest:
        outcome, server_cpu_us = _guest_loaded(guest, plan, url, request_file, ignore)
    else:
        outcome, server_cpu_us = _own_server_loaded(plan) if url is None else (_loaded(plan, url), None)
    if as_json:
        own = {} if server_cpu_us is None else {"server_cpu_us_per_request": server_cpu_us}
        print_json({"plan": plan.as_data(), **outcome.as_data(), **own})
    else:
        from local.load.show import show

        show(outcome, server_cpu_us)
    raise typer.Exit(exit_status(outcome))


def exit_status(outcome: LoadOutcome) -> int:
    """Return how `crossover load` ends: first whether all was right, then whether rates and latencies count."""
    return NOT_RIGHT if not outcome.all_right else DISCARDED if outcome.discarded else 0


def profile(
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="A service of the bundle.", callback=_in_the_bundle)
    ],
    requests: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many requests to send.")] = 20_000,
    top: Annotated[int, typer.Option(min=1, max=200, help="How many functions to show.")] = 25,
    as_json: Json = False,
) -> None:
    """Show the hottest functions of the server while a service is under load."""
    from rich.table import Table

    from local.measure.profiler import profiled

    plan = LoadPlan(mix={service: 1}, requests=requests, connections=PROFILE_CONNECTIONS, behaviour=True)
    environ = _own_environ(plan)
    prepared = _prepared(plan, environ)
    hottest = profiled(service, environ, lambda address: _sent(plan, address, prepared), requests * 9 // 10)
    if as_json:
        return print_json([function._asdict() for function in hottest[:top]])
    table = Table("share", "us a request", "calls a request", "function", title=f"{service}: {requests:,} requests")
    total = sum(function.own_seconds for function in hottest)
    for function in hottest[:top]:
        per_request = function.own_seconds / requests * 1e6
        table.add_row(
            f"{function.own_seconds / total:.1%}",
            f"{per_request:.2f}",
            f"{function.calls / requests:.2f}",
            function.function,
        )
    return console.print(table)


def _cores(text: str) -> tuple[int, ...]:
    """Return the cores in `2,3`. Raises `UserError`."""
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise UserError("--cores takes the numbers of cores, as 1 or 2,3")
    return tuple(int(part) for part in parts)


def _loaded(plan: LoadPlan, url: str) -> LoadOutcome:
    from local.load.address import find

    find(url, remote=plan.remote)  # Before the requests are made, which takes a while.
    return _sent(plan, url, _prepared(plan))


def _own_server_loaded(plan: LoadPlan) -> tuple[LoadOutcome, float]:
    """Start a server for the load; log too how many us of CPU its processes used for a request."""
    from local.load.server_cpu import cpu_seconds
    from local.serve.process import served

    environ = _own_environ(plan)
    requests = _prepared(plan, environ)
    with served(environ | {"CROSSOVER_SERVICES": ",".join(plan.mix), "WORKERS": "1"}) as server:
        outcome = _sent(plan, server.address, requests, lambda: cpu_seconds(server.process.pid))
    return outcome, _cpu_us(outcome)


def _guest_loaded(
    guest: Guest, plan: LoadPlan, url: str | None, request_file: Path | None, ignore: list[str] | None
) -> tuple[LoadOutcome, float | None]:
    """Load an application's server, started here unless there is a URL, with its recorded requests."""
    from contextlib import nullcontext

    from local.guest.check import checked
    from local.guest.served import served_guest
    from local.load.address import find
    from local.load.server_cpu import cpu_seconds
    from local.measure.guests.recorded_load import recorded_load

    recording = recording_of(request_file or guest.requests, "--request-file")
    if url is not None:
        find(url, remote=plan.remote)
        if not url.startswith("http://"):
            raise UserError("--app records its answers over http://HOST:PORT")
    else:
        checked(guest)
    with nullcontext() if url is not None else served_guest(guest) as server:
        address = url or (server.address if server else "")
        with stderr.status("recording the answers"):
            requests, notes = recorded_load(guest.name, recording.requests, address, [*guest.ignored, *(ignore or ())])
        for note in notes:
            stderr.print(note, markup=False, highlight=False, soft_wrap=True)
        if server is None:
            return _sent(plan, address, requests), None
        outcome = _sent(plan, address, requests, lambda: cpu_seconds(server.process.pid))
    return outcome, _cpu_us(outcome)


def _cpu_us(outcome: LoadOutcome) -> float:
    """Return the CPU time of the server for a request, in us."""
    assert outcome.watched is not None  # noqa: S101 - both callers watch
    before, after = outcome.watched
    return round(float(after - before) / max(1, outcome.total.answered) * 1e6, 1)


def _own_environ(plan: LoadPlan) -> dict[str, str]:
    """Return the environment of a server that this command starts: with a demo store where none is named."""
    from local.serve.demo import with_demo_store

    return with_demo_store(os.environ, list(plan.mix))


def _prepared(plan: LoadPlan, environ: Mapping[str, str] = os.environ) -> list[PreparedRequest]:
    """Return the requests of a plan, no more than it needs."""
    from local.workloads.mix import PREPARED_REQUESTS, requests_of

    with stderr.status("working out right answers"):
        return requests_of(plan.mix, plan.seed, environ, min(PREPARED_REQUESTS, plan.requests or PREPARED_REQUESTS))


def _sent(
    plan: LoadPlan, address: str, requests: list[PreparedRequest], watch: Callable[[], float] | None = None
) -> LoadOutcome:
    """Run the plan with a progress bar."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from local.load.process import GeneratorFailedError
    from local.load.run import run

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # Drawn seldom: what draws takes the core from what sends.
    with Progress(*columns, console=stderr, transient=True, refresh_per_second=2) as progress:
        task = progress.add_task("connecting", total=1.0)

        def show(share: float, ended: int) -> None:
            progress.update(task, completed=share, description=f"{ended:,} requests")

        try:
            return run(plan, address, requests, show, watch)
        except GeneratorFailedError as problem:
            failed = str(problem)
    error_line(failed)
    raise typer.Exit(NOT_RIGHT)
