"""Guests that tests run, and the command that runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GUESTS = Path(__file__).with_name("guests")
CROSSOVER = str(Path(sys.executable).with_name("crossover"))


def crossover(*arguments: str, cwd: Path = GUESTS, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [CROSSOVER, *arguments],
        cwd=cwd,
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
