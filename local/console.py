"""Terminal output: Rich consoles for people, JSON for scripts, one line for an error."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

console = Console()
stderr = Console(stderr=True)


def error_line(message: str) -> None:
    """Print `crossover: MESSAGE` to standard error, as one line."""
    stderr.print(f"crossover: {' '.join(message.split())}", markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output, without colour, so that a pipe can read it."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201
