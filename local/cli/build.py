"""`crossover build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from local.cli.options import Json
from local.console import console, print_json, stderr
from local.errors import UserError
from local.paths import BUILD


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(build)


def build(
    target: Annotated[Literal["host", "lambda"], typer.Option(help="Lambda itself, or this machine.")] = "lambda",
    out: Annotated[
        Path | None, typer.Option(help="Folder, new, empty or an earlier build's; .build/TARGET by default.")
    ] = None,
    zips: Annotated[bool, typer.Option("--zip", help="Write each as a zip too, beside its folder.")] = False,
    as_json: Json = False,
) -> None:
    """Build the Lambda artifacts that the template describes."""
    from local.deploy.account.packages import package
    from local.emulator import artifacts
    from local.emulator.intrinsics import TemplateError
    from local.emulator.template import read_template

    folder = out or BUILD / target
    notes: list[str] = []
    try:
        with console.status("building") as status:

            def say(line: str) -> None:
                status.update(line)
                if "no bytecode" in line:
                    notes.append(line)

            built = artifacts.build(read_template(artifacts.TEMPLATE), target, folder, say=say)
    except (artifacts.BuildError, TemplateError) as problem:
        raise UserError(str(problem)) from problem
    sizes = {name: _size(path) for name, path in {**built.layers, **built.functions}.items()}
    for name, path in (package(built, folder) if zips else {}).items():
        sizes[name]["zip"] = str(path)
    if as_json:
        return print_json(sizes)
    for name, artifact in sizes.items():
        share = f"{artifact['bytes'] / 1e3:,.1f} kB, {artifact['bytecode_bytes'] / 1e3:,.1f} kB of it bytecode,"
        console.print(f"{name}: {share} in {artifact['folder']}", soft_wrap=True)
        if zips:
            console.print(f"  zipped: {artifact['zip']}", soft_wrap=True)
    for note in notes:
        stderr.print(note, soft_wrap=True)
    return None


def _size(folder: Path) -> dict[str, Any]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        "folder": str(folder),
        "bytes": sum(path.stat().st_size for path in files),
        "bytecode_bytes": sum(path.stat().st_size for path in files if path.suffix == ".pyc"),
    }
