"""The entry point of the `crossover` command, in a clone and installed from a wheel.

A wheel carries the project's tree in the folder `bundle` beside this file. Its packages (`functions`, `container`,
`local`, `crossover`, `crossover_mysql`, ...) have names that an environment's site-packages should not have, so only
the command and the processes that it starts find them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

BUNDLE = Path(__file__).parent / "bundle"
IMPORTED_FROM = (BUNDLE, *(BUNDLE / "layers" / name for name in ("shared", "mysql", "dynamodb", "cache")))


def main() -> None:
    """Run the command and exit."""
    if BUNDLE.is_dir():
        folders = [str(folder) for folder in IMPORTED_FROM]
        sys.path[:0] = folders
        inherited = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([*folders, *([inherited] if inherited else [])])
    from local.cli import main as run

    run()
