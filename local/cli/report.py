"""How commands speak: tables for people, JSON for scripts, one line for what went wrong."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

console = Console()
stderr = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
"""The option of every command that reports something."""


class UserError(typer.TyperException):
    """What the user gave cannot be used. The message is one line and says what to do; the exit status is 2."""


def error_line(message: str) -> None:
    """Prints `crossover: MESSAGE` to standard error, as one line."""
    stderr.print(f"crossover: {' '.join(message.split())}", markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints a value as JSON to standard output, without colour, so that a pipe can read it."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
