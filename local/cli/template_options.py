"""The options of commands that take a SAM template of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local.console import stderr
from local.errors import UserError

if TYPE_CHECKING:
    from local.emulator.bundle import FunctionLimits
    from local.emulator.stack import LoadedTemplate

TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--template", metavar="FILE", help="A SAM template of your own: its Python functions, without Docker."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--parameter-overrides", metavar="NAME=VALUE", help="Parameter of --template; repeatable."),
]
Imports = Annotated[
    list[str] | None,
    typer.Option("--import-value", metavar="NAME=VALUE", help="Export that --template imports; repeatable."),
]
ConfigEnv = Annotated[str, typer.Option("--config-env", help="Environment of the samconfig.toml beside --template.")]

Given = tuple[list[str] | None, list[str] | None, str, list[str] | None]
"""The overrides, the imports, the environment of samconfig.toml and the environment variables, as options give them."""


def stack_from(
    template: Path | None, given: Given, app: str | None, limits: FunctionLimits, shape: str | None = None
) -> LoadedTemplate | None:
    """Return the stack that the options name, built, and print what is to be said of it; None without a template.

    Raises:
        UserError: where it cannot run, or for options that need a template.
    """
    overrides, imports, environment, variables = given
    if template is None:
        for option, value in (("--parameter-overrides", overrides), ("--import-value", imports)):
            if value:
                raise UserError(f"{option} belongs to a template; give --template FILE too")
        return None
    if app is not None:
        raise UserError("give --app or --template, not both")
    from local.emulator.sam_config import pairs
    from local.emulator.stack import StackOptions, stack_of

    options = StackOptions(
        template.expanduser(),
        pairs(overrides or (), "--parameter-overrides"),
        pairs(imports or (), "--import-value"),
        environment,
        shape,
        pairs(variables or (), "--env"),
    )
    with stderr.status(f"building the functions of {template}") as status:
        stack = stack_of(options, limits, say=status.update)
    for note in stack.notes:
        stderr.print(f"note: {note}", soft_wrap=True, markup=False, highlight=False)
    return stack
