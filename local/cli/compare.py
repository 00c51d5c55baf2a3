"""`crossover compare` and `crossover calibrate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.cost_options import Region, check_region
from local.cli.options import App, Directory, Env, Ignore, Json, Python, recording_of, report_folder
from local.console import console, print_json, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.guest.application import Guest
    from local.measure.comparison.configuration import ComparisonConfig
    from local.measure.comparison.workloads import Data
    from local.measure.results import Result
    from local.workloads.requests.recorded import Recording

TOP_RATE = 10_000
"""Highest rate of the summary, requests/s."""
STARTING_SECONDS = 25
"""What servers and environments take to start, for the progress bar."""
Folder = Annotated[Path | None, typer.Option("--report", help="The report's folder.", show_default="report")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(compare)
    app.command()(calibrate)


def compare(
    quick: Annotated[
        bool, typer.Option("--quick", help="In less than a minute: fewer sizes, rounds, requests.")
    ] = False,
    work: Annotated[
        list[str] | None,
        typer.Option(
            "--work",
            metavar="[SERVICE=]FILE",
            help="A work (TOML) or a comparison's result (JSON) in place of measuring; may be repeated.",
        ),
    ] = None,
    mix: Annotated[
        str | None, typer.Option(help="Weights of the mixed load: qrcode=2,twitter=1. All alike else.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which requests.")] = 1,
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    requests: Annotated[
        Path | None,
        typer.Option(help="With --app: a HAR file, an OpenAPI document, JSON lines, lines of curl, or an access log."),
    ] = None,
    ignore: Ignore = None,
    report: Folder = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Measure the services, or your own application, on both platforms, price it, and write the report.

    The Twitter service reads TWITTER_STORE, by default a store of synthetic tweets. Prices are of one environment and
    of one worker, each alone on its core; nothing is written unless every answer was right.
    """
    from local.signals import reporting_interruption

    with reporting_interruption("the comparison"):
        from dataclasses import replace

        from local.guest.options import named_guest
        from local.load.api import parse
        from local.measure.comparison import artifacts
        from local.measure.comparison.configuration import FULL, QUICK
        from local.measure.comparison.result import comparison_of

        check_region(region)
        guest = named_guest(app, directory, python, env)
        folder = report or (Path.cwd() / "report" if guest else artifacts.REPORT)
        configuration = replace(QUICK if quick else FULL, mix=parse(mix) if mix else {}, seed=seed)
        if guest:
            if work or mix:
                raise UserError("--work and --mix are for the bundle's services, not for --app")
            recording = recording_of(requests or guest.requests, "--requests")
            artifacts.check(folder)
            result = _compared_guest(guest, recording, [*guest.ignored, *(ignore or ())], configuration)
        else:
            own_workloads = _given(work or [])
            artifacts.check(folder)
            result = _compared(configuration, own_workloads)
        artifacts.write(folder, artifacts.texts_of(result, comparison_of(result), _page(result, region)))
    _show(result, folder, as_json, region)


def calibrate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Logs with REPORT lines, as the AWS CLI or CloudWatch Insights export them."
        ),
    ],
    service: Annotated[
        str | None, typer.Option(help="Whose lines they are; else the log groups or streams in the file say it.")
    ] = None,
    report: Folder = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Put real durations of Lambda in place of the emulated ones of the last comparison, and draw the report again."""
    from local.signals import reporting_interruption

    with reporting_interruption("the calibration"):
        from local.measure.comparison import artifacts
        from local.measure.comparison.calibration import calibrated
        from local.measure.comparison.result import comparison_of
        from local.measure.results import latest, read

        check_region(region)
        folder = report or report_folder()
        place = folder / artifacts.RESULT
        found = read(place, "compare") if place.exists() or report else latest("compare")
        if found is None:
            raise UserError("there is no comparison to calibrate; measure one with: crossover compare")
        result = calibrated(found, file, service)
        artifacts.check(folder)
        artifacts.write(folder, artifacts.texts_of(result, comparison_of(result), _page(result, region)))
    _show(result, folder, as_json, region)


def _given(options: list[str]) -> dict[str, Data]:
    """Return the works in the named files, by service."""
    from functions.registry import SERVICES
    from local.cost.errors import CostError
    from local.measure.comparison import workloads

    found: dict[str, Data] = {}
    for option in options:
        name, separator, rest = option.partition("=")
        wanted = name if separator and name in SERVICES else None
        path = Path(rest if wanted else option)
        try:
            inside = workloads.read_file(path)
        except CostError as problem:
            raise UserError(str(problem)) from None
        if wanted and wanted not in inside:
            raise UserError(f"{path} has no work of {wanted}; it has {', '.join(inside)}")
        for service in [wanted] if wanted else list(inside):
            if service not in SERVICES:
                raise UserError(f"{path}: {service[:40]} is no service of the bundle: {', '.join(SERVICES)}")
            if service in found:
                raise UserError(f"--work: {service} is given twice")
            found[service] = inside[service]
    return found


def _compared(configuration: ComparisonConfig, own_workloads: dict[str, Data]) -> Result:
    """Return the comparison of the services, shown in progress."""
    import os

    from local.measure.comparison.run import compare as measure
    from local.measure.results import Result
    from local.serve.demo import with_demo_store

    environ = with_demo_store(os.environ, [name for name in configuration.services if name not in own_workloads])
    with _progress(configuration) as step:
        comparison = measure(configuration, own_workloads, environ, step)
    return Result(
        kind="compare", config={**configuration.as_data(), "given": sorted(own_workloads)}, data=comparison.as_data()
    )


def _compared_guest(guest: Guest, recording: Recording, ignored: list[str], configuration: ComparisonConfig) -> Result:
    """Return the comparison of an application, shown in progress."""
    from local.measure.guests.run import compare_guest
    from local.measure.results import Result

    with _progress(configuration) as step:
        comparison = compare_guest(guest, recording.requests, ignored, configuration, step)
    config = {**configuration.as_data(), "services": [guest.name], "app": guest.reference, "given": []}
    return Result(kind="compare", config=config, data=comparison.as_data())


@contextmanager
def _progress(configuration: ComparisonConfig) -> Iterator[Callable[[str], None]]:
    """Show how far the comparison is, and turn what is wrong with its input into a `UserError`."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from local.cost.errors import CostError
    from local.emulator.artifacts import BuildError
    from local.emulator.runtime_files import Missing
    from local.emulator.spec import BadSpec

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # A thread that draws would take its time from the cores that are measured.
    with Progress(
        *columns, console=stderr, transient=True, auto_refresh=False, disable=not stderr.is_terminal
    ) as progress:
        task = progress.add_task("starting", total=STARTING_SECONDS + configuration.budget_seconds)

        def step(text: str) -> None:
            progress.update(task, description=text, completed=progress.tasks[task].elapsed or 0, refresh=True)

        try:
            yield step
        except (BadSpec, BuildError, CostError, Missing, ValueError) as problem:
            raise UserError(str(problem)) from None


def _page(result: Result, region: str | None) -> str:
    """Write the report of this comparison and of the last experiments."""
    from local.cost.files import price_book
    from local.measure.results import latest
    from local.report.experiments import KINDS
    from local.report.render import render

    with stderr.status("drawing the report"):
        return render(result, {kind: found for kind in KINDS if (found := latest(kind))}, price_book(), region)


def _show(result: Result, folder: Path, as_json: bool, region: str | None) -> None:
    from dataclasses import asdict

    from local.measure.comparison import artifacts
    from local.measure.comparison.result import comparison_of
    from local.measure.comparison.summary import draw
    from local.report import summary

    if as_json:
        print_json(asdict(result))
        return
    comparison = comparison_of(result)
    for part in draw(comparison):
        console.print(part, highlight=False, soft_wrap=isinstance(part, str))
    summary.show(console, result, summary.lines_of(comparison, TOP_RATE, region=region))
    console.print(
        f"The report is {folder}/index.html, its result {folder}/{artifacts.RESULT}.", highlight=False, soft_wrap=True
    )
