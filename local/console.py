"""Terminal output: Rich consoles for people, JSON for scripts, one line for an error."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text


class LiteralTable(Table):
    """A table whose texts are shown as they are: square brackets in a stranger's text are no markup."""

    def add_row(self, *renderables: RenderableType | None, style: Any = None, end_section: bool = False) -> None:
        """Add a row; plain strings are literal."""
        cells = [Text(cell) if isinstance(cell, str) else cell for cell in renderables]
        super().add_row(*cells, style=style, end_section=end_section)


class _Filtered:
    """What is printed, with every control character in it shown as its escape."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.renderable)


class _ControlFilter(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Filtered(renderable) for renderable in renderables]


def visible(text: str) -> str:
    r"""Return a text without characters that a terminal would obey: `\x1b` in place of ESC.

    >>> visible("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t" else character.encode("unicode_escape").decode()
        for character in text
    )


def filtered(console: Console) -> Console:
    """Return the console after teaching it to show control characters instead of sending them to the terminal."""
    console.push_render_hook(_ControlFilter())
    return console


console = filtered(Console())
stderr = filtered(Console(stderr=True))


def error_line(message: str) -> None:
    """Print `crossover: MESSAGE` to standard error, as one line."""
    stderr.print(f"crossover: {' '.join(message.split())}", markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output, without colour, so that a pipe can read it."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201
