"""Numbers on the command line: one rule in every command."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from local.cli import command_group, is_number, main, parameters
from local.digits import is_odd, ungrouped

WRONG = ("100,1000", "1,00", "1_0", "1,000_000", "1_000,000", "1__000", ",5", "5,", "1,0000", "nan", "inf", "-inf")


def commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", {})
    return [one for name, each in inner.items() for one in commands(each, (*path, name))] or [(path, command)]


NUMERIC = [
    (" ".join(path), parameter)
    for path, command in commands(command_group())
    for parameter in parameters(command)
    if is_number(parameter)
]
TEXTS = [
    ["cost", "lambda-url", "--work", "qrcode", "--rate", "{}"],
    ["cost", "lambda-url", "--work", "qrcode", "--rate", "1", "--hours", "{}"],
    ["cost", "lambda-url", "--work", "qrcode", "--rate", "1", "--duty", "{}"],
    ["cost", "lambda-url", "--work", "qrcode={}", "--rate", "1"],
    ["crossings", "lambda-url", "eks-nodes", "--work", "qrcode", "--to", "{}"],
    ["crossings", "lambda-url", "eks-nodes", "--work", "qrcode", "--hours", "{}"],
    ["crossings", "lambda-url", "eks-nodes", "--work", "qrcode", "--duty", "{}"],
    ["audit", "report", "--rate", "{}"],
    ["plan", "--work", "qrcode", "--budget", "{}"],
    ["plan", "--work", "qrcode", "--rate", "{}"],
    ["mixed", "--measured", "{}"],
]
"""Options that hold exact numbers, as text."""


def test_there_are_numbers_in_many_commands() -> None:
    assert len(NUMERIC) > 60
    assert len({command for command, _ in NUMERIC}) > 15


@pytest.mark.parametrize(("command", "parameter"), NUMERIC, ids=lambda one: one if isinstance(one, str) else one.name)
def test_a_number_with_wrong_groups_is_refused(command: str, parameter: Any) -> None:
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)), info_name=command)
    for wrong in WRONG:
        given: Any = [wrong] if parameter.multiple else wrong
        with pytest.raises(typer.BadParameter, match="is not one number such as 5000, 5,000"):
            parameter.process_value(context, given)


@pytest.mark.parametrize("words", TEXTS, ids=" ".join)
@pytest.mark.parametrize("wrong", ["1_0", "1,000_000", "nan"])
def test_an_exact_number_with_wrong_groups_is_refused(
    words: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([word.format(wrong) for word in words])
    assert end.value.code == 2
    assert re.search("is not one number|is neither a workload", capsys.readouterr().err)


def test_every_option_with_a_number_as_text_is_among_them() -> None:
    exact = {
        f"{' '.join(path)} {option.opts[0]}"
        for path, command in commands(command_group())
        for option in command.params
        if isinstance(option.default, str) and option.default[:1].isdigit() and option.default.isdecimal()
    }
    tested = {f"{words[0]} {words[-2]}" for words in TEXTS}
    assert exact <= tested


def test_right_groups_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    requests = next(parameter for command, parameter in NUMERIC if (command, parameter.name) == ("load", "requests"))
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)), info_name="load")
    assert [requests.process_value(context, text) for text in ("1,000", "1_000", "1000")] == [1000] * 3
    assert (ungrouped("12,345.5"), is_odd("12"), is_odd("1_2")) == ("12345.5", False, True)
    with pytest.raises(SystemExit):
        main(["load", "--requests", "100,1000", "--service", "qrcode"])
    message = (
        "Invalid value for '--requests': '100,1000' is not one number such as 5000, 5,000 or 0.5; see crossover load"
    )
    assert message in capsys.readouterr().err
