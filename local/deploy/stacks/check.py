"""`python -m local.deploy.stacks.check`: checkov over every stack. What stays has its reason in justified.toml.

It takes seconds, so it runs again only where stacks or justifications have changed since all was right.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.console import console, error_line
from local.deploy.chart import programs
from local.deploy.chart.check import UnreadManifestsError, findings, justifications, unjustified
from local.errors import UserError
from local.paths import ROOT

STACKS = ROOT / "container" / "stacks"
JUSTIFIED = Path(__file__).with_name("justified.toml")
LAST_RIGHT = programs.WORK / "right-stacks"
"""Has the digest of what was right last."""


def main() -> int:
    """Check the stacks, print what is wrong, and return the exit status."""
    templates = {path.stem: path.read_text() for path in sorted(STACKS.glob("*.yaml"))}
    inputs = (JUSTIFIED.read_text(), programs.CHECKOV_LOCK.read_text(), *templates.values())
    state = programs.digest("\0".join(inputs).encode())
    if not (LAST_RIGHT.exists() and LAST_RIGHT.read_text() == state):
        try:
            wrong = unjustified(findings(templates, "cloudformation"), justifications(JUSTIFIED))
        except programs.NotHere as problem:
            console.print(f"NOT RUN: the stacks' checks: {problem}", style="yellow", markup=False, soft_wrap=True)
            return int(os.environ.get("CI") == "true")
        except (UnreadManifestsError, UserError) as problem:
            wrong = [str(problem)]
        for line in wrong:
            error_line(f"stacks: {line}")
        if wrong:
            return 1
        LAST_RIGHT.write_text(state)
    console.print(f"stacks: {len(templates)} templates are right, or say why not")
    return 0


if __name__ == "__main__":
    sys.exit(main())
