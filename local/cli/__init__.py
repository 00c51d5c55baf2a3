"""The `crossover` command-line tool: one module per command group, assembled here into one Typer application."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module, metadata
from typing import Annotated, Any, NoReturn, get_args

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from local.console import console, error_line
from local.digits import is_odd, ungrouped
from local.errors import UserError
from local.signals import EndSignal, ending_like_ctrl_c

PANELS = {
    "Serve": ("serve", "smoke", "monitor", "init"),
    "Lambda on this machine": ("emulate", "build", "aws"),
    "Measure": ("load", "bench", "compare", "report", "experiment"),
    "Price": ("prices", "cost", "crossings", "audit", "plan", "mixed", "configurations"),
    "Simulate": ("simulate", "tune"),
    "Data and requests": (
        "tweets",
        "etl",
        "reshard",
        "mysql",
        "rds_proxy",
        "dynamodb",
        "redis",
        "cache",
        "twitter",
        "blockchain",
    ),
    "Deploy": (
        "deploy",
        "image",
        "package",
    ),
}
"""The modules of `local.cli` by the panel of the help that lists their commands. Each adds its commands by `add_to`."""
HELP_OPTIONS = ["-h", "--help"]
PLAIN_WORDS = {
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be ": "it must be ",
}
"""Phrases of the validation library, and what a command says in their place."""


def _print_version(asked: bool) -> None:
    if asked:
        console.print(f"crossover {metadata.version('crossover')}", highlight=False)
        raise typer.Exit


@cache
def create_app() -> typer.Typer:
    """Assemble the tool with all its commands."""
    app = typer.Typer(
        help="Write a handler once, run it on Lambda and on EKS, and see where the cost lines cross.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": HELP_OPTIONS},
    )
    app.callback()(crossover)
    for panel, names in PANELS.items():
        for name in names:
            commands, groups = len(app.registered_commands), len(app.registered_groups)
            import_module(f"local.cli.{name}").add_to(app)
            for command in app.registered_commands[commands:]:
                command.rich_help_panel = panel
            for group in app.registered_groups[groups:]:
                group.rich_help_panel = panel
    return app


def crossover(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keep the tool a group of commands, with the options of the tool itself."""


@cache
def command_group() -> TyperGroup:
    """Return the assembled tool as a group that can be walked or run.

    Its flags are shown without a type, and its numbers read by one rule.
    """
    group = typer.main.get_group(create_app())
    _hide_types_of_flags(group)
    for parameter in parameters(group):
        if is_number(parameter):
            parameter.process_value = _reading_numbers(parameter)
    return group


def parameters(command: Any) -> Iterator[Any]:
    """Yield every argument and option of a command and of those in it."""
    yield from command.params
    for inner in getattr(command, "commands", {}).values():
        yield from parameters(inner)


def is_number(parameter: Any) -> bool:
    """Return whether an argument or option holds a number, or several."""
    described = getattr(parameter, "type_descriptor", None)
    annotation = getattr(described, "annotation", None)
    return annotation in (int, float) or any(part in (int, float) for part in get_args(annotation))


def _reading_numbers(parameter: Any) -> Callable[[Any, Any], Any]:
    """Return the parameter's own reading of its value, after its separators were checked and taken off."""
    process = parameter.process_value

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(plain, value))
        return ungrouped(value) if isinstance(value, str) and is_odd(value) else value

    def read(context: Any, value: Any) -> Any:
        try:
            return process(context, plain(value))
        except ValueError as problem:
            raise typer.BadParameter(str(problem), ctx=context, param=parameter) from None

    return read


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the tool and exit: bad input is one line that says what to do, and status 2.

    A signal that ends the command does what Ctrl-C does, so that what it has started ends too.

    Args:
        arguments: The command line without the program's name; that of this process if None.
    """
    with ending_like_ctrl_c() as ended_by:
        status = _run(arguments, ended_by)
    sys.exit(ended_by.status if ended_by.number else status)


def _run(arguments: Sequence[str] | None, ended_by: EndSignal) -> int:
    try:
        status = command_group()(arguments, prog_name="crossover", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return ended_by.status
    except UserError as problem:
        error_line(str(problem))
        return 2
    except typer.TyperException as problem:
        if problem.format_message():  # empty where the help has just been printed
            error_line(_in_plain_words(problem))
        return 2
    return status if isinstance(status, int) else 0


def _hide_types_of_flags(command: TyperCommand | TyperGroup) -> None:
    help_option = command.get_help_option(typer.Context(command, help_option_names=HELP_OPTIONS))
    for parameter in (*command.params, help_option):
        if isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _hide_types_of_flags(inner)


def _in_plain_words(problem: typer.TyperException) -> str:
    """Return a usage error as one line that names the help of the command at fault."""
    message = problem.format_message()
    for phrase, words in PLAIN_WORDS.items():
        message = message.replace(phrase, words)
    context = getattr(problem, "ctx", None)
    return f"{message.rstrip('.')}; see {context.command_path} --help" if context is not None else message
