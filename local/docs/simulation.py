"""The documents' tables about the simulation: its constants with their sources, and how far its models are off."""

from __future__ import annotations

import json

from local.formatting import markdown, number
from local.simulate import claims
from local.simulate.rules import rules
from local.simulate.validation import VALIDATION_FILE


def rules_table() -> str:
    """Return every constant with its basis and its source."""
    rows = ((one.name, f"{one.value:g} {one.unit}".strip(), one.basis, one.source) for one in rules())
    return markdown(("rule", "value", "basis", "source"), rows)


def claims_table() -> str:
    """Return the course project's claims of scaling beside what was simulated."""
    kept = json.loads(claims.CLAIMS_FILE.read_text(encoding="utf-8"))
    return markdown(("what", "claimed", "simulated"), ((one["what"], one["claimed"], one["found"]) for one in kept))


def validation_table() -> str:
    """Return the kept errors of the models."""
    rows = (
        (
            one["what"],
            one["against"],
            number(one["error"]),
            number(one["limit"]),
            "yes" if one["holds"] else "**no**",
            one["detail"],
        )
        for one in json.loads(VALIDATION_FILE.read_text(encoding="utf-8"))
    )
    return markdown(("what", "against", "error, %", "at most", "holds", "detail"), rows)
