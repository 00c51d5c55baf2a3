"""`crossover init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.cli.options import App, Directory, Env, Python
from local.console import console, stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.guest.application import Guest


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(init)


def init(
    app: App = None,
    directory: Directory = None,
    python: Python = None,
    env: Env = None,
    requests: Annotated[
        str | None, typer.Option(help="File of requests; the one in the folder, if there is one.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Its database, such as sqlite:///shop.db, given as --store-variable."),
    ] = None,
    store_variable: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variable that it reads.", show_default="DATABASE_URL")
    ] = None,
    memory: Annotated[int | None, typer.Option(min=128, max=10_240, help="MB of the function.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a crossover.toml that is there.")] = False,
) -> None:
    """Write crossover.toml for your own application, so that no option has to be typed again.

    Without --app the application is looked for in the folder's sources. It is imported once, to see that it can be.
    Where the folder has no file of requests, those are written of which its own OpenAPI document gives examples.
    """
    from local.files import write_atomically
    from local.guest.application import guest_of
    from local.guest.check import checked
    from local.guest.project_file import NAME, ProjectFile, requests_in, text_of
    from local.guest.store import DEFAULT_VARIABLE, with_store

    folder = (directory or Path.cwd()).expanduser().absolute()
    path = folder / NAME
    if path.exists() and not force:
        raise UserError(f"{path} is there already; --force replaces it")
    app = app or _application(folder)
    guest = guest_of(app, folder, python, env or ())
    own = dict(guest.variables)
    if store:
        guest = with_store(guest, store, store_variable or DEFAULT_VARIABLE)
    with stderr.status(f"importing {app}"):
        report = checked(guest)
    files = requests_in(folder)
    chosen = requests or (files[0] if len(files) == 1 else None)
    notes: list[str] = []
    if not chosen and not files and (written := _own_requests(guest)):
        chosen, notes = written
    project = ProjectFile(
        app=app,
        requests=chosen,
        store=store,
        store_variable=store_variable if store else None,
        python=python,
        memory=memory,
        env=own,
    )
    try:
        write_atomically(path, text_of(project))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None
    for note in notes:
        console.print(note, highlight=False, soft_wrap=True, markup=False)
    kind = f"{report.kind.upper()} application, Python {report.version[0]}.{report.version[1]}"
    console.print(f"{path}: {app}, {kind}", highlight=False, soft_wrap=True)
    last = "crossover compare --quick" if chosen else "crossover compare --quick --requests FILE"
    console.print(f"Next, in {folder}: crossover serve, crossover lambda, {last}", highlight=False, soft_wrap=True)


def _own_requests(guest: Guest) -> tuple[str, list[str]] | None:
    """Write the requests of the application's own OpenAPI document; return the file's name and what to say of it."""
    from local.files import write_atomically
    from local.guest.own_requests import NAME, own_requests, text_of

    with stderr.status("asking for its OpenAPI document"):
        recording = own_requests(guest)
    if recording is None:
        return None
    path = guest.directory / NAME
    try:
        write_atomically(path, text_of(recording))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None
    count = f"{len(recording.requests)} request{'' if len(recording.requests) == 1 else 's'}"
    said = f"{path}: {count} out of its OpenAPI document; add your own, a line each"
    return NAME, [said, *recording.notes]


def _application(folder: Path) -> str:
    from local.guest.project_file import applications

    candidates = applications(folder)
    if len(candidates) != 1:
        said = f"several applications: {', '.join(candidates[:5])}" if candidates else "no application"
        raise UserError(f"{folder} has {said}; name yours with --app MODULE:NAME")
    return candidates[0]
