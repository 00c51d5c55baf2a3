"""The command-line reference: every command with its arguments and options, read from the tool itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from local.cli import command_group


def command_reference() -> str:
    """Return a section for each command: its help, then a table of its arguments and options."""
    return "\n\n".join(_section(name, command) for name, command in _commands(command_group(), "crossover"))


def _commands(group: TyperGroup, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        full_name = f"{prefix} {name}"
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            yield full_name, command
        if isinstance(command, TyperGroup):
            yield from _commands(command, full_name)


def _section(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=name)
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    rows = [_row(parameter, context) for parameter in command.params]
    table = "\n".join(["| argument or option | default | meaning |", "| --- | --- | --- |", *rows]) if rows else ""
    return "\n\n".join(part for part in (f"### {name}", *paragraphs, table) if part)


def _row(parameter: Any, context: typer.Context) -> str:
    names = parameter.opts + parameter.secondary_opts
    shown = ", ".join(f"`{name}`" for name in names) if names[0].startswith("-") else f"`{parameter.name.upper()}`"
    default = "required" if parameter.required else _default(parameter)
    variable = f" Environment: `{parameter.envvar}`." if parameter.envvar else ""
    return f"| {shown} | {default} | {_escaped(parameter.help or '')}{variable} |"


def _default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return f"`{parameter.show_default}`"
    if parameter.default in (None, "", False, []) or parameter.show_default is False or callable(parameter.default):
        return ""
    return f"`{parameter.default}`"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
