"""Whether a guest can be imported, and what that shows."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from local.errors import UserError
from local.guest.application import Guest
from local.guest.process import run
from local.guest.support import support_folder

OLDEST = (3, 10)
CHECK_SECONDS = 60


@dataclass(frozen=True)
class Checked:
    """What importing a guest has shown."""

    version: tuple[int, int]
    """Of its interpreter."""
    import_path: tuple[str, ...]
    """Of its interpreter, the directory and the support folder left out."""
    kind: str
    """`asgi` or `wsgi`."""
    import_seconds: float


def checked(guest: Guest) -> Checked:
    """Import the guest in a process of its own.

    Raises:
        UserError: where it cannot be imported, with the last frame of its traceback, or is no application.
    """
    try:
        done = run(guest, "check", seconds=CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"importing {guest.reference} took longer than {CHECK_SECONDS} s") from None
    except OSError as problem:
        raise UserError(f"cannot run {guest.python}: {problem}; give another --python") from None
    lines = [line for line in done.output.splitlines() if line.strip()]
    own = [line.removeprefix("crossover: ") for line in lines if line.startswith("crossover: ")]
    if done.status and own:
        raise UserError(own[-1])
    if done.status or not done.report:
        said = f"; its last line: {lines[-1]}" if lines else ""
        raise UserError(f"{guest.reference} cannot be imported: {done.ending}{said}")
    report = json.loads(done.report)
    version = tuple(report["version"])
    if version < OLDEST:
        raise UserError(f"{guest.python} is Python {version[0]}.{version[1]}; a guest runs on 3.10 or later")
    own_folders = {str(guest.directory), str(support_folder())}
    path = tuple(folder for folder in report["path"] if folder not in own_folders)
    return Checked((version[0], version[1]), path, report["kind"], report["import_seconds"])
