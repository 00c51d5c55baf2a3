"""The command line as a whole: its help, and what it says to a wrong call."""

from __future__ import annotations

import tomllib

import pytest

from local.cli import PANELS, command_group, main
from local.paths import ROOT


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Return the exit status of a call, and what it printed to standard output and to standard error."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, printed.out, printed.err


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_lists_every_command_in_a_panel(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, errors = said([option], capsys)
    assert (status, errors) == (0, "")
    assert [panel for panel in PANELS if panel not in printed] == []
    assert [name for name in command_group().commands if f" {name} " not in printed] == []


@pytest.mark.parametrize("command", [[], ["compare"], ["mysql", "check"]], ids=" ".join)
def test_a_flag_is_shown_without_a_type(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, _ = said([*command, "-h"], capsys)
    assert status == 0
    assert "bool" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["load", "--requests", "ten"],
            "'--requests': not a whole number; see crossover load --help",
        ),
        (["bench", "--rounds", "0"], "must be greater than or equal to 1; see crossover bench --help"),
        (["lod"], "No such command 'lod'. Did you mean 'load'"),
        (["compare", "--quik"], "No such option: --quik (Possible options: --quick); see crossover compare --help"),
        (["etl"], "Missing argument 'tweets'; see crossover etl load --help"),
        (["invoke", "qrcode", "--data", "{}"], "--data goes with --request 'METHOD PATH' or --event-source; give one"),
        (["invoke", "qrcode", "--env", "A=b"], "--env belongs to an application; give --app MODULE:NAME too"),
        (["mysql", "--folder", __file__], "cannot be the server's folder: File exists"),
        (["prices", "refresh", "--from", "missing"], "missing: no such file or folder"),
    ],
)
def test_a_wrong_call_is_one_line_that_names_the_help(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, errors = said(arguments, capsys)
    assert (status, errors.count("\n")) == (2, 1)
    assert errors.startswith("crossover: ")
    assert message in errors


def test_a_group_without_a_command_prints_its_help_and_no_empty_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, printed, errors = said(["experiment"], capsys)
    assert (status, errors) == (2, "")
    assert "web-tier" in printed


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert said(["--version"], capsys) == (0, f"crossover {version}\n", "")
