"""Where commands keep what they make."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.bench import twitter
from local.cli.places import DATA, ROOT
from local.mysql import commands as mysql


def test_the_project_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (ROOT / "template.yaml").is_file()


def test_every_command_keeps_its_data_in_the_projects_folder() -> None:
    assert {twitter.FOLDER.parent, mysql.FOLDER.parent} == {DATA}
    assert DATA.is_absolute()
