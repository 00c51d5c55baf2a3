"""`python -m tests.support.coverage_floors`: what tests cover of each part of the project, held to its floor."""

from __future__ import annotations

import io
import sys
import tomllib

from coverage import Coverage

from local.paths import ROOT


def main() -> int:
    """Print the coverage of each part beside its floor; return 1 where one is below it."""
    floors: dict[str, float] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["crossover"]["coverage"]
    coverage = Coverage()
    coverage.load()
    below = 0
    for part, floor in floors.items():
        report = io.StringIO()
        covered = coverage.report(include=f"{part}/*", file=report)
        verdict = "" if covered >= floor else ", LESS THAN BEFORE"
        sys.stdout.write(f"coverage of {part}: {covered:.2f} %, at least {floor} %{verdict}\n")
        if verdict:
            below = 1
            sys.stdout.write(report.getvalue())
    return below


if __name__ == "__main__":
    sys.exit(main())
