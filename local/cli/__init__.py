"""`crossover`: the one command-line tool. Every purpose in `local/` brings its commands; this is where they meet."""

from __future__ import annotations

import sys

import typer

from local.build import commands as build_commands
from local.cli.report import error_line
from local.etl import commands as etl
from local.experiments import commands as experiments
from local.mysql import commands as mysql
from local.serve import commands as serve
from local.tweets import commands as tweets


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

    serve.add_to(app)
    build_commands.add_to(app)
    tweets.add_to(app)
    etl.add_to(app)
    mysql.add_to(app)
    experiments.add_to(app)
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
