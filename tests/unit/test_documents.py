"""The documents say what the code does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup

from crossover_mysql.target import parse
from local.cli import PANELS, command_group
from local.cli.etl import LoadByDefault
from local.docs.tables import DOCUMENTS, ROOT, TABLES, renewed

WRITTEN = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_made_tables_are_up_to_date(document: Path) -> None:
    text = document.read_text()
    assert renewed(text) == text, "run: make docs"


def test_every_table_has_its_place_in_a_document() -> None:
    texts = "".join(document.read_text() for document in DOCUMENTS)
    assert [name for name in TABLES if f"<!-- {name} -->" not in texts] == []


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_module_of_commands_is_registered() -> None:
    shared = {"__init__", "cost_options", "etl_package", "etl_plan", "options", "template_options"}
    assert {path.stem for path in (ROOT / "local/cli").glob("*.py")} - shared == {
        name for names in PANELS.values() for name in names
    }


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
    rows = re.findall(r"^\| (?!claim|what happens|---|metric|alert|`)(.*) \|$", operations(), re.MULTILINE)
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row] == []


def test_operations_name_every_alert_of_the_chart() -> None:
    groups = yaml.safe_load((ROOT / "container/chart/alerts/crossover.yaml").read_text())["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    assert sorted(re.findall(r"`(Crossover\w+)`", operations())) == sorted(alerts)


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_command_line_in_a_document_is_one_that_the_tool_takes(document: Path, tool: TyperGroup) -> None:
    wrong = [f"{line}: {why}" for line in command_lines(document.read_text()) if (why := refusal(line, tool))]
    assert wrong == []


def test_a_command_line_that_the_tool_does_not_take_is_found(tool: TyperGroup) -> None:
    assert refusal("crossover laod URL", tool) == "no command laod"
    assert refusal("crossover load URL --request 5", tool) == "no option --request"
    assert refusal("crossover load qrcode --requests 5", tool) == "qrcode is no address"
    assert refusal("crossover serve qrcode", tool) == "takes no qrcode"
    assert refusal("crossover mysql check --pods 2", tool) is None
    text = "`crossover\nload URL` and `crossover events a | crossover invoke -`\n"
    text += "```\ncrossover smoke \\\n  URL  # x\n```\n"
    assert command_lines(text) == [
        "crossover load URL",
        "crossover events a",
        "crossover invoke -",
        "crossover smoke URL",
    ]


@pytest.fixture(scope="module")
def tool() -> TyperGroup:
    """The command-line tool, asked and not run."""
    return command_group()


def command_lines(text: str) -> list[str]:
    """The calls of the tool that a document shows, in blocks and between backticks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    shown = [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", rest)]
    shown += [line for block in blocks for line in re.sub(r"\s*\\\n\s*", " ", block).splitlines()]
    parts = [re.split(r"  #| > ", part)[0].strip() for line in shown for part in line.split(" | ")]
    return [part.removeprefix(".venv/bin/") for part in parts if re.match(r"(\.venv/bin/)?crossover ", part)]


def refusal(line: str, tool: TyperGroup) -> str | None:
    """Why the tool does not take a line; None where it does. `...` stands for whatever was left out."""
    command: Any = tool
    words = shlex.split(line)[1:]
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands and isinstance(command, LoadByDefault):
            words.insert(0, name)
            break
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    if isinstance(command, LoadByDefault):
        command = command.commands["load"]
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    while words:
        word = words.pop(0)
        name = word.partition("=")[0]
        if word in ("...", "--help"):
            continue
        if word.startswith("--"):
            if name not in options:
                return f"no option {name}"
            if not options[name].is_flag and name == word:
                words = words[1:]
        elif not arguments:
            return f"takes no {word}"
        else:
            argument = arguments[0] if arguments[0].nargs == -1 else arguments.pop(0)
            if argument.name == "url" and not re.match(r"https?://|[A-Z]+$", word):
                return f"{word} is no address"
    return None


def operations() -> str:
    return (ROOT / "docs/explanation/operations.md").read_text()
