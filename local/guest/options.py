"""The guest that a command's options name, if they name one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from local.errors import UserError
from local.guest.application import Guest, guest_of


def named_guest(
    app: str | None, directory: Path | None, python: str | None, variables: Sequence[str] | None
) -> Guest | None:
    """Return the guest; None without `app`. Raises `UserError`, also for options that need an application."""
    if app is not None:
        return guest_of(app, directory or Path.cwd(), python, variables or ())
    for option, value in (("--directory", directory), ("--python", python), ("--env", variables)):
        if value:
            raise UserError(f"{option} belongs to an application; give --app MODULE:NAME too")
    return None
