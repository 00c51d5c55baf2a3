"""Where commands keep what they make."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cli import mysql
from local.measure.microbench import twitter
from local.paths import DATA, ROOT


def test_the_project_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (ROOT / "template.yaml").is_file()


def test_every_command_keeps_its_data_in_the_projects_folder() -> None:
    assert {twitter.FOLDER.parent, mysql.FOLDER.parent} == {DATA}
    assert DATA.is_absolute()
