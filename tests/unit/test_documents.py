"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from container.catalogue import FAMILIES
from crossover_mysql.target import parse
from local.cli import PURPOSES
from local.docs.tables import DOCUMENTS, ROOT, TABLES, renewed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_made_tables_are_up_to_date(document: Path) -> None:
    text = document.read_text()
    assert renewed(text) == text, "run: make docs"


def test_every_table_has_its_place_in_a_document() -> None:
    texts = "".join(document.read_text() for document in DOCUMENTS)
    assert [name for name in TABLES if f"<!-- {name} -->" not in texts] == []


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=str)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_package_with_commands_is_registered() -> None:
    assert {path.parent.name for path in (ROOT / "local").glob("*/commands.py")} == set(PURPOSES)


def test_a_command_that_has_commands_of_its_own_is_listed_where_it_does_something_by_itself() -> None:
    listed = re.findall(r"^\| `crossover ([a-z ]+)` \|", TABLES["commands"](), re.MULTILINE)
    assert {"mysql", "mysql check", "prices", "prices refresh"} <= set(listed)
    assert "twitter" not in listed


def test_the_options_of_a_mysql_store_and_their_defaults_are_those_that_its_url_takes() -> None:
    url = "mysql://reader@db/twitter"
    rows = [line.strip("|").split("|") for line in TABLES["mysql-options"]().splitlines()[2:]]
    listed = {name: default.strip() for names, _, default in rows for name in re.findall(r"`(\w+)`", names)}
    with pytest.raises(ValueError, match=f"takes the options {', '.join(listed)}, each once"):
        parse(f"{url}?nosuch=1")
    for name, default in listed.items():
        if default:
            assert parse(f"{url}?{name}={default}") == parse(url)


def test_every_test_that_operations_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", operations())
    assert len(named) > 30
    for path, name in named:
        text = (ROOT / "tests" / path).read_text()
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path}::{name}"


def test_every_row_of_operations_tables_of_claims_names_a_test() -> None:
    rows = re.findall(r"^\| (?!claim|what happens|---|metric|`)(.*) \|$", operations(), re.MULTILINE)
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row] == []


def test_every_metric_in_the_example_alerts_exists() -> None:
    alerts = operations().partition("```yaml")[2].partition("```")[0]
    shown = {family.shown for family in FAMILIES} | {"crossover_request_duration_seconds_bucket"}
    named = set(re.findall(r"crossover_\w+", alerts))
    assert named <= shown
    assert len(named) > 5
    assert yaml.safe_load(alerts)["groups"][0]["rules"]


def operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text()
