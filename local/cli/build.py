"""`crossover build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from local.cli.options import Json
from local.console import console, print_json
from local.errors import UserError


def add_to(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command()(build)


def build(
    target: Annotated[Literal["host", "lambda"], typer.Option(help="Lambda itself, or this machine.")] = "lambda",
    out: Annotated[
        Path | None, typer.Option(help="Folder, new, empty or an earlier build's; .build/TARGET by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build the Lambda artifacts that the template describes."""
    from local.emulator import artifacts
    from local.emulator.template import read_template

    folder = out or artifacts.ROOT / ".build" / target
    try:
        with console.status("building") as status:
            built = artifacts.build(
                read_template(artifacts.TEMPLATE), target, folder, say=lambda line: status.update(line)
            )
    except artifacts.BuildError as problem:
        raise UserError(str(problem)) from problem
    sizes: dict[str, dict[str, Any]] = {
        name: {"folder": str(path), "bytes": sum(each.stat().st_size for each in path.rglob("*") if each.is_file())}
        for name, path in {**built.layers, **built.functions}.items()
    }
    if as_json:
        return print_json(sizes)
    for name, artifact in sizes.items():
        console.print(f"{name}: {artifact['bytes'] / 1e3:,.1f} kB in {artifact['folder']}", soft_wrap=True)
    return None
