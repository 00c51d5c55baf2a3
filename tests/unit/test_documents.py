"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.cli import PURPOSES
from local.docs.tables import README, ROOT, TABLES, renewed


def test_the_tables_of_the_readme_are_up_to_date() -> None:
    text = README.read_text()
    assert all(f"<!-- {name} -->" in text for name in TABLES)
    assert renewed(text) == text, "run: make docs"


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=str)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_package_with_commands_is_registered() -> None:
    assert {path.parent.name for path in (ROOT / "local").glob("*/commands.py")} == set(PURPOSES)
