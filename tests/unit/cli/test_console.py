"""Texts of strangers on the terminal: no markup, and no control character."""

from __future__ import annotations

import doctest
import io

from rich.console import Console

from local import console
from local.console import LiteralTable, filtered


def shown(renderable: object) -> str:
    target = filtered(Console(file=io.StringIO(), width=60))
    target.print(renderable)
    text: str = target.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_control_characters_are_shown_as_escapes() -> None:
    assert shown("a\x1b[2J\x07b\tc") == "a\\x1b[2Jb   c\n"


def test_brackets_in_a_table_are_no_markup() -> None:
    table = LiteralTable("what")
    table.add_row("[/x] [bold]y[/bold]")
    assert "[/x] [bold]y[/bold]" in shown(table)


def test_the_example_holds() -> None:
    results = doctest.testmod(console)
    assert results.attempted
    assert not results.failed
