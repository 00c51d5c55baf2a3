"""The command `simulate`: a day of traffic through the platforms, with scaling, latency, losses and the bill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local.cli.cost_options import Book, Region, check_region, user_errors, work_of
from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import TaskID

    from local.cost.price_book import PriceBook
    from local.cost.workload import Mix
    from local.simulate.job import Job
    from local.simulate.run import Outcome
    from local.simulate.traffic import Traffic

TrafficName = Annotated[
    str,
    typer.Argument(
        metavar="TRAFFIC",
        help="flat, office-day, evening-peak, flash-crowd, cron-burst, live-test; or a file: a CSV of time,requests, "
        "an ALB or CloudFront access log, a CloudWatch metrics export; also .gz.",
    ),
]
Peak = Annotated[float | None, typer.Option("--peak", help="Scale it to this highest rate, requests/s.")]
Scale = Annotated[float, typer.Option("--scale", help="Multiply every rate.")]
Works = Annotated[
    str,
    typer.Option("--work", help="A workload (name or file), a mix such as qrcode=3,twitter=1, or a compare.json."),
]
Memory = Annotated[int, typer.Option("--memory", help="Memory of the Lambda function, MB.")]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Lambda's concurrency quota of the account.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds after which a client gives up.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of what is random.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("simulate")(simulate)


def simulate(
    traffic: TrafficName = "office-day",
    peak: Peak = None,
    scale: Scale = 1.0,
    platform: Annotated[
        str, typer.Option("--platform", help="lambda, ecs-fargate, eks-fargate, eks-nodes; several with commas.")
    ] = "lambda,ecs-fargate,eks-fargate,eks-nodes",
    work: Works = "qrcode",
    memory: Memory = 128,
    provisioned: Annotated[
        str,
        typer.Option(
            "--provisioned", help="Provisioned concurrency: a number, 08:00=40,20:00=0, or a range as 10-200."
        ),
    ] = "",
    provisioned_target: Annotated[
        float, typer.Option("--provisioned-target", help="Share of a range at work that target tracking keeps.")
    ] = 0.7,
    concurrency: Concurrency = 1000,
    idle: Annotated[float, typer.Option("--idle", help="Seconds that Lambda keeps an idle environment.")] = 600,
    target: Annotated[float, typer.Option("--target", help="CPU utilisation that autoscalers aim at.")] = 0.6,
    minimum: Annotated[int, typer.Option("--minimum", help="Fewest tasks or pods.")] = 2,
    maximum: Annotated[int, typer.Option("--maximum", help="Most tasks or pods.")] = 1000,
    instance: Annotated[str, typer.Option("--instance", help="EC2 type of a node.")] = "c8g.large",
    node_scaler: Annotated[
        str, typer.Option("--node-scaler", help="What launches and removes nodes: cluster-autoscaler or karpenter.")
    ] = "cluster-autoscaler",
    consolidate_after: Annotated[
        float, typer.Option("--consolidate-after", help="Karpenter's: seconds until it looks for spare nodes.")
    ] = 0,
    node_boot: Annotated[float, typer.Option("--node-boot", help="Seconds until a node is ready.")] = 60,
    pod_start: Annotated[float, typer.Option("--pod-start", help="Seconds until a placed pod is ready.")] = 10,
    fargate_start: Annotated[float, typer.Option("--fargate-start", help="Seconds until a Fargate task runs.")] = 45,
    cv: Annotated[float, typer.Option("--cv", help="Service time: standard deviation over mean.")] = 1.0,
    timeout: Timeout = 10,
    retries: Annotated[int, typer.Option("--retries", help="How often a client tries again.")] = 1,
    fault: Annotated[str, typer.Option("--fault", help="Such as node@12:00,zone@18:00,database@20:00.")] = "",
    failover: Annotated[float, typer.Option("--failover", help="Seconds of a database's failover.")] = 60,
    slow_start: Annotated[
        float, typer.Option("--slow-start", help="Seconds until a new target has its full share: 0, or 30 to 900.")
    ] = 0,
    seed: Seed = 1,
    region: Region = None,
    book: Book = None,
    check: Annotated[bool, typer.Option("--validate", help="Print how far the models are off, and stop.")] = False,
    claims: Annotated[
        bool,
        typer.Option("--claims", help="Print what the course project claimed of scaling beside a simulation."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="Where the page goes.", show_default="report/simulate/index.html")
    ] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Draw the day as a page, with sliders.")] = True,
    json: Json = False,
) -> None:
    """Put a day of traffic through Lambda and containers: scaling, latency, losses and the bill.

    For example: crossover simulate office-day --peak 2000; crossover simulate access.log.gz
    --platform lambda,eks-nodes; crossover simulate flash-crowd --peak 10000 --fault zone@18:00.
    """
    from local.cost import files
    from local.simulate.faults import parse
    from local.simulate.job import Job
    from local.simulate.settings import Settings, schedule, tracked

    if check:
        validate(json=json)
        return
    if claims:
        compare_claims(json=json)
        return
    check_region(region) if book is None else None
    kept = tracked(provisioned, provisioned_target)
    settings = Settings(
        memory, () if kept else schedule(provisioned), concurrency, idle, target, minimum, maximum, instance,
        node_boot=node_boot, pod_start=pod_start, fargate_start=fargate_start, cv=cv, timeout=timeout,
        retries=retries, failover=failover, slow_start=slow_start, tracked=kept, seed=seed,
        node_scaler=node_scaler, consolidate_after=consolidate_after,
    )  # fmt: skip
    faults = parse(fault)
    names, day = platforms(platform), traffic_of(traffic, peak, scale)
    with user_errors():
        mix = work_of(work)
        prices = files.price_book(book)
        jobs = [Job(name, day, mix, settings, faults) for name in names]
        outcomes = run_all(jobs, prices, region)
        if json:
            from local.simulate.day import as_json

            print_json(as_json(day, outcomes))
        else:
            show(day, outcomes, mix)
        if output is not None or (page and not json):
            write_page(jobs, outcomes, prices, region, output)


def write_page(
    jobs: Sequence[Job], outcomes: Sequence[Outcome], book: PriceBook, region: str | None, output: Path | None
) -> None:
    """Write the page, with the runs behind its sliders."""
    from rich.progress import Progress

    from local.paths import REPORT
    from local.report.day_page import render
    from local.report.render import write
    from local.simulate.grid import runs

    path, where = output or REPORT / "simulate" / "index.html", region or "us-east-1"
    platforms: list[dict[str, Any]] = []
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        for job in jobs:
            task = progress.add_task(f"page: {job.platform}", total=1.0)

            def tell(share: float, task: TaskID = task) -> None:
                progress.update(task, completed=share)

            platforms += runs(job, book, where, tell)
            progress.update(task, completed=1.0)
    write(render(jobs[0], outcomes, platforms, where), path)
    stderr.print(f"Page: {path}", highlight=False, markup=False, soft_wrap=True)


def platforms(text: str) -> list[str]:
    """Return the platforms of the option, each once."""
    from local.simulate.settings import PLATFORMS

    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in PLATFORMS]
    if unknown or not names:
        raise UserError(f"--platform: {', '.join(unknown) or 'nothing'} is none of {', '.join(PLATFORMS)}")
    return names


def traffic_of(name: str, peak: float | None, scale: float) -> Traffic:
    """Return the traffic of a shape or of a file, scaled."""
    from local.simulate import readers, traffic

    if not 0 < scale <= 1e6:
        raise UserError(f"--scale: {scale:g} is not over 0 and up to 1,000,000")
    if peak is not None and not 0 < peak <= traffic.MAX_RATE:
        raise UserError(f"--peak: {peak:g} is not over 0 and up to {traffic.MAX_RATE:,.0f} requests/s")
    if name in traffic.SHAPES:
        day = traffic.shape(name)
    elif Path(name).is_file():
        day = readers.read(Path(name))
    else:
        raise UserError(f"{name}: is no file and no shape; shapes are {', '.join(traffic.SHAPES)}")
    if not day.requests:
        raise UserError(f"{name}: has no requests")
    return (day.to_peak(peak) if peak else day).scaled(scale)


def run_all(jobs: Sequence[Job], book: PriceBook, region: str | None) -> list[Outcome]:
    """Return the outcomes, with progress on a terminal."""
    from rich.progress import Progress

    from local.simulate.run import simulate as run

    outcomes = []
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        for job in jobs:
            task = progress.add_task(job.platform, total=1.0)

            def tell(share: float, task: TaskID = task) -> None:
                progress.update(task, completed=share)

            outcomes.append(run(replace(job, tell=tell), book, region or "us-east-1"))
            progress.update(task, completed=1.0)
    return outcomes


def show(day: Traffic, outcomes: Sequence[Outcome], mix: Mix) -> None:
    """Print the comparison as tables."""
    from local.formatting import number, table
    from local.simulate.day import HEAD, cheapest_hours, effect_rows, rows, spans

    title = (
        f"{day.name}: {number(round(day.requests))} requests in {day.seconds / 3600:g} h, "
        f"peak {number(day.peak)}/s, mean {number(day.mean)}/s, of {mix.name}"
    )
    claims = rows(outcomes)
    made = table(title, [""], [row[0] for row in claims])
    for at, name in enumerate(HEAD[1:], 1):
        made.add_row(name, *(row[at] for row in claims))
    console.print(made)
    for one in outcomes:
        largest = sorted(one.money.items.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{name} {amount / 730 * 24:,.2f}" for name, amount in largest if amount / 730 * 24 >= CENT)
        console.print(f"{one.name}, $ a day: {parts}.", highlight=False, markup=False, soft_wrap=True)
    if len(outcomes) > 1:
        hours = cheapest_hours(outcomes, day)
        said = "; ".join(f"{one.name} {spans(hours[one.platform])}" for one in outcomes)
        console.print(f"Cheapest hours: {said}.", highlight=False, markup=False, soft_wrap=True)
    if outcomes[0].effects:
        made = table("Faults", ("fault", "platform"), ("requests lost", "felt for"))
        for row in effect_rows(outcomes):
            made.add_row(*row)
        console.print(made)
    console.print(
        f"The work is {'assumed' if mix.assumed else 'measured'}; rules and sources: docs/explanation/simulate.md.",
        highlight=False,
    )


CENT = 0.005


def validate(*, json: bool) -> None:
    """Print each validation with its error.

    The container's comes from the last `crossover experiment ramp`, the real HPA's from the last `make test-cluster`.
    """
    from local.formatting import number, table
    from local.measure.experiments.result import RampResult, decode
    from local.measure.results import latest
    from local.simulate.hpa_replay import series_of
    from local.simulate.validation import validate as checks

    kept, cluster = latest("ramp"), latest("cluster")
    ramp = decode(kept, RampResult) if kept else None
    series = series_of(cluster.data) if cluster else None
    with stderr.status("validating") as status:
        results = list(checks(tell=lambda what: status.update(f"validating: {what}"), ramp=ramp, cluster=series))
    if json:
        print_json([{**vars(one), "holds": one.holds} for one in results])
        return
    made = table("", (), ("error %", "at most"))
    made.add_column("what, against what", overflow="fold")
    for one in results:
        missed = "" if one.holds else "MISSED: "
        made.add_row(number(one.error), number(one.limit), f"{missed}{one.what}, against {one.against}")
    console.print(made)


def compare_claims(*, json: bool) -> None:
    """Print what the course project claimed of scaling, and what the simulation finds."""
    from local.simulate.claims import compare

    claims = compare()
    if json:
        print_json(claims)
        return
    for one in claims:
        console.print(
            f"{one['what']}: claimed {one['claimed']}; simulated {one['found']}.", highlight=False, markup=False
        )
