"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from local.workloads.requests.recorded import Recording

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
"""The option of every command that reports something."""

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:NAME",
        help="Your own ASGI or WSGI application, such as shop.main:app, in place of the services.",
    ),
]
Directory = Annotated[
    Path | None, typer.Option("--directory", help="The folder that --app is imported from.", show_default="this one")
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        help="Interpreter or virtual environment of --app.",
        show_default="the .venv of its folder, or this tool's own",
    ),
]
Env = Annotated[
    list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="Environment variable of --app; repeatable.")
]


def host_of(host: str) -> str:
    """Return an address to listen on; an empty one would be every interface of this machine."""
    if not host.strip():
        raise typer.BadParameter("give an address, such as 127.0.0.1; 0.0.0.0 is every interface of this machine")
    return host


def report_folder() -> Path:
    """Return where reports are: in the application's folder, where this is one, or else the project's place."""
    from local.guest.project_file import NAME
    from local.paths import REPORT

    return Path.cwd() / "report" if Path(NAME).is_file() else REPORT


Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="With --app: a header or a JSON key that may differ; repeatable."),
]

ThroughProxy = Annotated[
    bool, typer.Option("--proxy", envvar="PROXY", help="Read the Twitter store through the proxy of make proxy.")
]
"""The option of commands that serve: one pool for both platforms."""


def through_proxy(environ: Mapping[str, str], proxy: bool) -> Mapping[str, str]:
    """Return the environment with the store of the running emulated RDS Proxy, where that is asked for.

    Raises:
        UserError: No proxy runs.
    """
    if not proxy:
        return environ
    from local.emulator.rds_proxy.running import running_url

    return {**environ, "TWITTER_STORE": running_url()}


def recording_of(path: Path | None, option: str) -> Recording:
    """Return the requests of an application's file; what was left out of it is printed. Raises `UserError`."""
    from local.console import stderr
    from local.errors import UserError
    from local.workloads.requests.files import read

    if path is None:
        raise UserError(
            f"--app needs {option} FILE: a HAR file, an OpenAPI document, JSON lines, curl lines or an access log"
        )
    recording = read(path)
    for note in recording.notes:
        stderr.print(f"{path}: {note}", markup=False, highlight=False, soft_wrap=True)
    return recording
