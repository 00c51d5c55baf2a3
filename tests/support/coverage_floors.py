"""`python -m tests.support.coverage_floors [PART...]`: what tests cover of parts of the project, held to its floor.

A part is a folder of pyproject.toml's floors, or one above it; without any all of them are compared.
"""

from __future__ import annotations

import io
import sys
import tomllib
from collections.abc import Sequence

from coverage import Coverage

from local.paths import ROOT


def main(parts: Sequence[str] = ()) -> int:
    """Print the coverage of parts beside their floors; return 1 where one is below it."""
    floors: dict[str, float] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["crossover"]["coverage"]
    coverage = Coverage()
    coverage.load()
    below = 0
    for part, floor in floors.items():
        if parts and part.partition("/")[0] not in parts:
            continue
        report = io.StringIO()
        covered = coverage.report(include=f"{part}/*", file=report)
        verdict = "" if covered >= floor else ", LESS THAN BEFORE"
        sys.stdout.write(f"coverage of {part}: {covered:.2f} %, at least {floor} %{verdict}\n")
        if verdict:
            below = 1
            sys.stdout.write(report.getvalue())
    return below


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
