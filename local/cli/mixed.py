"""The command `mixed`: a mixed load predicted from loads of one service."""

from __future__ import annotations

from typing import Annotated

import typer

from local.cli.cost_options import REPORT_MIX, number, user_errors, weights
from local.cli.options import Json
from local.console import console, print_json

REPORT_ALONE = "blockchain=46906,qrcode=99059,twitter=5119"
"""Requests/s of its live tests of one service."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("mixed")(mixed)


def mixed(
    alone: Annotated[str, typer.Option(help="Highest rate of each service alone, requests/s.")] = REPORT_ALONE,
    work: Annotated[str, typer.Option("--work", help="The mix.")] = REPORT_MIX,
    database: Annotated[str, typer.Option(help="Services whose rate alone was bound by the database.")] = "twitter",
    cpu: Annotated[str, typer.Option(help="For those, the rate that the web tier's CPU alone would bear.")] = "",
    measured: Annotated[str, typer.Option(help="The mixed rate that was measured, to compare with.")] = "56770",
    json: Json = False,
) -> None:
    """Predict a mixed load from loads of one service at a time; by default the report's, beside what it measured."""
    from local.cost.exact import plain
    from local.cost.mixed import predict

    with user_errors():
        prediction = predict(
            weights(alone, "--alone"),
            weights(work),
            database_bound=set(filter(None, database.split(","))),
            cpu_alone=weights(cpu, "--cpu") if cpu else None,
            measured=number(measured, "--measured"),
        )
    rate, error = (
        plain(prediction.rate, 5),
        None if prediction.error is None else round(float(prediction.error) * 100, 1),
    )
    if json:
        print_json({"rate": float(prediction.rate), "bound_by": prediction.bound_by, "error_percent": error})
        return
    beside = "" if error is None else f", {error:+} % of the measured {plain(prediction.measured or prediction.rate)}"
    console.print(f"{rate} requests/s, bound by the {prediction.bound_by}{beside}.", highlight=False)
    if not cpu and database:
        console.print(f"An upper bound: {database} is taken to need no CPU; --cpu has its rate.", highlight=False)
