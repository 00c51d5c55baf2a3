"""`crossover monitor`."""

from __future__ import annotations

from typing import Annotated

import typer

from local.console import console
from local.errors import UserError

GRAFANA_MANUAL = "https://grafana.com/docs/grafana/latest/setup-grafana/installation"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(monitor)


def monitor(
    address: Annotated[str, typer.Argument(metavar="[URL]", help="The server.")] = "http://127.0.0.1:8080",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 9090,
) -> None:
    """Run a private Prometheus that scrapes a server, with the chart's alert rules loaded; Ctrl-C ends it.

    Prometheus has to be installed. Example: crossover serve, and beside it crossover monitor
    """
    from local.deploy.monitoring.dashboards import GRAFANA
    from local.deploy.monitoring.prometheus import PrivatePrometheus
    from local.paths import ROOT

    with PrivatePrometheus(address, port) as prometheus:
        for line in (
            f"{prometheus.address}/alerts  the alerts",
            f"{prometheus.address}/targets  whether {address} is scraped",
            f"Grafana ({GRAFANA_MANUAL}): add this data source, import {GRAFANA.relative_to(ROOT)}",
        ):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        raise UserError(f"Prometheus ended by itself (status {prometheus.wait()})")
