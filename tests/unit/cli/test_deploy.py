"""`crossover deploy`: what it prints, and with which status it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.cli import main
from local.deploy.account.environment import ENVIRONMENTS


def run(*arguments: str) -> int | str | None:
    """Run the command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["deploy", *arguments])
    return ended.value.code


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS account is in reach."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("COLUMNS", "200")


def test_plan_prints_stacks_and_bill_without_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "demo") == 0
    printed = capsys.readouterr().out
    for part in ("crossover-demo-network", "crossover-demo-cluster", "Bill at 100 requests/s", "total", "not in it"):
        assert part in printed


def test_plan_as_json_has_every_change_and_every_item(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "demo", "--json", "--work", "qrcode") == 0
    planned: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert planned["stacks"][0]["changes"][0] == {
        "action": "add",
        "resource": "Vpc",
        "type": "AWS::EC2::VPC",
        "replaces": False,
    }
    hours = [part["hour"] for part in planned["bill"]["parts"].values()]
    assert planned["bill"]["hour"] == pytest.approx(sum(hours))
    assert planned["bill"]["parts"]["shared"]["items"]["proxy"] > 0


def test_plan_of_an_environment_with_an_account_says_that_it_could_not_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ENVIRONMENTS / "preview.toml").read_text().replace("000000000000", "123456789012")
    (tmp_path / "mine.toml").write_text(text)
    assert run("plan", str(tmp_path / "mine.toml")) == 0
    captured = capsys.readouterr()
    assert "planned as if the account were empty" in captured.err
    assert "crossover-mine-network" in captured.out


@pytest.mark.parametrize("command", ["up", "smoke", "status", "drift", "down"])
def test_without_credentials_everything_else_is_refused_in_one_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "demo") == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("crossover: no AWS account can be used (Unable to locate credentials): sign in")
    assert captured.err.count("\n") == 1


def test_down_takes_an_environment_or_expired_and_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("down") == 2
    assert run("down", "demo", "--expired") == 2
    assert "give an environment, or --expired" in capsys.readouterr().err


def test_an_environment_that_says_what_cannot_be_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text('platforms = ["gcp"]\n')
    assert run("plan", str(tmp_path / "bad.toml")) == 2
    assert capsys.readouterr().err == "crossover: bad.toml: platforms: must be a list out of lambda, eks, ecs\n"
