"""The `crossover` command-line tool: one module per command, assembled here into one Typer application."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import typer

from local.console import error_line
from local.errors import UserError

COMMAND_MODULES = (
    *("serve", "smoke", "image", "emulate", "build"),
    *("load", "bench", "compare", "report", "experiment"),
    *("tweets", "etl", "twitter", "blockchain", "mysql", "aws", "cost"),
)
"""The modules of `local.cli`, in the order of the help: each adds its commands by `add_to`."""


def create_app() -> typer.Typer:
    """The tool with all its commands."""
    app = typer.Typer(
        help="Write a handler once, run it on Lambda and on EKS, and see where the cost lines cross.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def crossover() -> None:
        """Keeps the tool a group of commands, however few there are."""

    for name in COMMAND_MODULES:
        import_module(f"local.cli.{name}").add_to(app)
    return app


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the tool and exit: bad input is one line that says what to do, and status 2.

    Args:
        arguments: The command line without the program's name; that of this process if None.
    """
    try:
        status = create_app()(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except UserError as problem:
        error_line(str(problem))
        sys.exit(2)
    except typer.TyperException as problem:
        error_line(problem.format_message())
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
