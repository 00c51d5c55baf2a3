"""The command `configurations`: what comes with the project to be priced."""

from __future__ import annotations

import typer

from local.cli.cost_options import user_errors
from local.cli.options import Json
from local.console import console, print_json


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("configurations")(configurations)


def configurations(json: Json = False) -> None:
    """List the configurations, workloads and audits that come with the project."""
    from local.cost import files
    from local.cost.audit_file import audit_file

    with user_errors():
        listed = {
            "configurations": {
                name: files.configuration(name).heading.about for name in files.shipped(files.CONFIGURATIONS)
            },
            "workloads": {name: files.workload(name).source for name in files.shipped(files.WORKLOADS)},
            "audits": {name: audit_file(name).stated.name for name in files.shipped(files.AUDITS)},
        }
    if json:
        print_json(listed)
        return
    for kind, entries in listed.items():
        console.print(kind, style="bold")
        for name, about in entries.items():
            console.print(f"  {name}: {about}", highlight=False, markup=False, soft_wrap=True)
