"""`crossover report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.cost_options import Region, check_region
from local.cli.options import Json, report_folder
from local.console import console, print_json, stderr
from local.errors import UserError
from local.paths import REPORT

if TYPE_CHECKING:
    from local.measure.results import Result

PAGE = REPORT / "index.html"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("report")(report)


def report(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A result of `crossover compare`. Default: the last one.", show_default=False),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where the page goes.", show_default="report/index.html")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the chart alone, too: a file that ends in .svg or .png.")
    ] = None,
    to: Annotated[int, typer.Option(min=10, max=100_000, help="Highest rate of the summary, requests/s.")] = 10_000,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Draw the report of the last comparison: one page, and a summary of where the cost lines cross."""
    from local.measure.comparison.result import comparison_of
    from local.report import summary

    check_region(region)
    folder = report_folder()
    here = folder / "results" / "compare.json"
    compare = last(source or (here if folder != REPORT and here.exists() else None))
    output = output or folder / "index.html"
    draw(compare, output, region)
    lines = summary.lines_of(comparison_of(compare), to, region=region)
    if picture:
        from local.report.picture import draw as drawn

        drawn(compare, lines, picture)
    if as_json:
        print_json(summary.plain(compare, lines))
        return
    summary.show(console, compare, lines)
    console.print(f"The report is {output}.", soft_wrap=True, highlight=False)


def last(source: Path | None = None) -> Result:
    """Return the result of that file, or else the last one.

    Raises:
        UserError: There is none.
    """
    from local.measure.results import latest, read

    result = read(source, "compare") if source else latest("compare")
    if result is None:
        raise UserError("there is no comparison to report: run crossover compare first")
    return result


def draw(compare: Result, output: Path = PAGE, region: str | None = None) -> Path:
    """Draws the page of a comparison and of the last experiments, whole or not at all, and tells where it is."""
    from local.cost import files
    from local.measure.results import latest
    from local.report.experiments import KINDS
    from local.report.render import render, write

    with stderr.status("drawing the report"):
        results = {kind: result for kind in KINDS if (result := latest(kind))}
        write(render(compare, results, files.price_book(), region), output)
    return output
