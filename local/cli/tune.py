"""The command `tune`: the settings that meet a service level at the least money."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.cost_options import Book, Region, check_region, user_errors, work_of
from local.cli.options import Json
from local.cli.simulate import Concurrency, Peak, Scale, Seed, Timeout, TrafficName, Works, platforms, traffic_of
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.cost.price_book import PriceBook
    from local.simulate.job import Job
    from local.simulate.tune import Trial

MAX_P99 = 900_000


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("tune")(tune)


def tune(
    traffic: TrafficName = "office-day",
    p99: Annotated[float, typer.Option("--p99", help="The service level: p99 of at most so many ms.")] = 50,
    lost: Annotated[float, typer.Option("--lost", help="The service level: at most so many percent lost.")] = 0.01,
    peak: Peak = None,
    scale: Scale = 1.0,
    platform: Annotated[
        str, typer.Option("--platform", help="lambda, ecs-fargate, eks-fargate, eks-nodes; several with commas.")
    ] = "lambda,ecs-fargate,eks-fargate,eks-nodes",
    work: Works = "qrcode",
    concurrency: Concurrency = 1000,
    timeout: Timeout = 10,
    seed: Seed = 1,
    region: Region = None,
    book: Book = None,
    output: Annotated[Path | None, typer.Option("--output", help="Draw the trade-off as SVG into this file.")] = None,
    json: Json = False,
) -> None:
    """Find the settings that meet a service level at the least money, on each platform, and what more speed costs.

    It simulates minimum and target of the autoscalers, memory and provisioned concurrency of Lambda, by hour and by
    target tracking. For example: crossover tune flash-crowd --peak 20000 --work twitter --p99 100 --lost 0.1
    """
    from local.cost import files
    from local.report.trade_off import draw
    from local.simulate.job import Job
    from local.simulate.settings import Settings
    from local.simulate.tune import cheapest, front

    if not 0 < p99 <= MAX_P99:
        raise UserError(f"--p99: {p99:g} is not over 0 and up to {MAX_P99:,} ms")
    if not 0 <= lost <= 100:
        raise UserError(f"--lost: {lost:g} is not a percentage from 0 to 100")
    if book is None:
        check_region(region)
    names, day = platforms(platform), traffic_of(traffic, peak, scale)
    settings = Settings(concurrency=concurrency, timeout=timeout, seed=seed)
    with user_errors():
        mix, prices = work_of(work), files.price_book(book)
        found = {name: _try(Job(name, day, mix, settings), prices, region or "us-east-1") for name in names}
    best = {name: cheapest(trials, p99, lost / 100) for name, trials in found.items()}
    fronts = {name: front(trials) for name, trials in found.items()}
    if output is not None:
        lines = {fronts[name][0].outcome.name: fronts[name] for name in names}
        draw({name: [_point(one) for one in trials] for name, trials in lines.items()}, p99, output)
    if json:
        print_json(
            {
                "p99_ms": p99,
                "lost_percent": lost,
                "best": {name: _plain(trial) if trial else None for name, trial in best.items()},
                "trade_off": {name: [_plain(trial) for trial in trials] for name, trials in fronts.items()},
            }
        )
        return
    for name in names:
        _show(fronts[name], best[name])
    if not any(best.values()):
        console.print("No setting that was tried keeps the service level; allow more with --p99 or --lost.")


def _try(job: Job, prices: PriceBook, region: str) -> list[Trial]:
    from rich.progress import Progress

    from local.simulate.tune import trials

    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(job.platform, total=1.0)
        return list(trials(job, prices, region, lambda share: progress.update(task, completed=share)))


def _point(trial: Trial) -> tuple[float, float]:
    return trial.outcome.money.day, trial.outcome.latency_ms["p99"] or 0.0


def _plain(trial: Trial) -> dict[str, object]:
    day, p99 = _point(trial)
    return {"settings": trial.words, "day": day, "p99_ms": p99, "lost": trial.outcome.shares["lost"]}


def _show(trials: Sequence[Trial], best: Trial | None) -> None:
    from local.formatting import number, table

    title = f"{trials[0].outcome.name}: what more speed costs"
    made = table(title, (), ("$ a day", "p99 ms", "lost %"))
    made.add_column("settings", overflow="fold")
    for trial in trials:
        day, p99 = _point(trial)
        made.add_row(f"{day:,.2f}", number(p99), number(trial.outcome.shares["lost"] * 100), trial.words)
    console.print(made)
    said = "none keeps the service level"
    if best:
        said = f"cheapest within the service level: {best.words}, ${best.outcome.money.day:,.2f} a day"
    console.print(f"{trials[0].outcome.name}: {said}.", highlight=False, markup=False, soft_wrap=True)
