"""`crossover`: the one command-line tool. Every purpose in `local/` brings its commands; this is where they meet."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from local.cli.report import error_line

PURPOSES = (
    *("serve", "smoke", "image", "lambda_runtime", "build"),
    *("load", "bench", "compare", "report", "experiments"),
    *("tweets", "etl", "twitter", "blockchain", "mysql", "aws", "cost"),
)
"""The packages of `local` that bring commands, in the order of the help: each has a module `commands` with `add_to`."""


def build() -> typer.Typer:
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

    for purpose in PURPOSES:
        import_module(f"local.{purpose}.commands").add_to(app)
    return app


def main() -> None:
    """Runs the tool. Bad input is one line that says what to do, and exit status 2."""
    try:
        status = build()(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except typer.TyperException as problem:
        error_line(problem.format_message())
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
