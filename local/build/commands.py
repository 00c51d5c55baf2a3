"""`crossover build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(build)


def build(
    target: Annotated[Literal["host", "lambda"], typer.Option(help="Lambda itself, or this machine.")] = "lambda",
    out: Annotated[Path | None, typer.Option(help="Folder, emptied first; .build/TARGET by default.")] = None,
) -> None:
    """Build the Lambda artifacts that the template describes."""
    from local.build import artifacts
    from local.build.template import read_template
    from local.cli.report import UserError, console

    folder = out or artifacts.ROOT / ".build" / target
    try:
        with console.status("building") as status:
            built = artifacts.build(
                read_template(artifacts.TEMPLATE), target, folder, say=lambda line: status.update(line)
            )
    except artifacts.BuildError as problem:
        raise UserError(str(problem)) from problem
    for name, path in {**built.layers, **built.functions}.items():
        size = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
        console.print(f"{name}: {size / 1e3:,.1f} kB in {path}", soft_wrap=True)
