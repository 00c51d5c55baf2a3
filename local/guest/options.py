"""The guest that a command's options name, if they name one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.errors import UserError
from local.guest import project_file
from local.guest.application import Guest, guest_of
from local.guest.store import DEFAULT_VARIABLE, with_store


def named_guest(
    app: str | None, directory: Path | None, python: str | None, variables: Sequence[str] | None
) -> Guest | None:
    """Return the guest of the options or of `crossover.toml` in the folder; None where neither names one.

    Raises:
        UserError: also for options that need an application.
    """
    folder = (directory or Path.cwd()).expanduser().absolute()
    project = project_file.read(folder)
    if project is None:
        if app is not None:
            return guest_of(app, folder, python, variables or ())
        for option, value in (("--python", python), ("--env", variables)):
            if value:
                raise UserError(f"{option} belongs to an application; give --app MODULE:NAME too")
        if directory is not None:
            raise UserError(f"{folder} has no {project_file.NAME}; give --app MODULE:NAME, or run crossover init there")
        return None
    if python is None and project.python is not None:
        beside = folder / project.python
        python = str(beside) if beside.exists() else project.python
    guest = guest_of(app or project.app, folder, python, variables or ())
    guest = replace(
        guest,
        variables={**project.env, **guest.variables},
        memory_mb=project.memory,
        requests=_requests(folder, project.requests),
        ignored=tuple(project.ignore),
        excluded=tuple(project.exclude),
    )
    if project.store is None:
        return guest
    return with_store(guest, project.store, project.store_variable or DEFAULT_VARIABLE)


def _requests(folder: Path, named: str | None) -> Path | None:
    """Return the file of requests: the named one, or else the only one in the folder."""
    files = [named] if named else project_file.requests_in(folder)
    return folder / files[0] if len(files) == 1 else None
