"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
