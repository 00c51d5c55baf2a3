"""The rules that the emulator keeps, as data: what, on whose word, and which test asks for it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("rules.toml")
BASES = ("documented", "field report", "assumed")


class ProxyRule(NamedTuple):
    """One behaviour. `says` is a quote or a paraphrase of the source."""

    id: str
    behaviour: str
    basis: str
    says: str
    source: str
    test: str
    policy: str = ""
    """The setting that changes it, where it is a choice."""


@cache
def rules() -> dict[str, ProxyRule]:
    """Every rule by its id, with its source written out."""
    document = tomllib.loads(FILE.read_text())
    rules = [ProxyRule(**{**row, "source": document["sources"][row["source"]]}) for row in document["rule"]]
    return {rule.id: rule for rule in rules}
