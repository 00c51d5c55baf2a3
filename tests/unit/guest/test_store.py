"""An application's store: its variable, and a copy of a SQLite file for each part of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import UserError
from local.guest.application import Guest
from local.guest.store import on_a_copy, with_store


def guest_with(folder: Path, url: str, **variables: str) -> Guest:
    return with_store(Guest("main:app", folder, variables=variables), url, "STORE")


def test_an_option_takes_precedence_over_the_files_store(tmp_path: Path) -> None:
    assert guest_with(tmp_path, "a").variables == {"STORE": "a"}
    assert guest_with(tmp_path, "a", STORE="b").variables == {"STORE": "b"}
    with pytest.raises(UserError, match="the store's variable is a name"):
        with_store(Guest("main:app", tmp_path), "a", "A-B")


def test_a_sqlite_file_is_copied_with_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("rows")
    (tmp_path / "shop.db-wal").write_text("newer rows")
    copy = on_a_copy(guest_with(tmp_path, "sqlite+aiosqlite:///shop.db?cache=shared"), tmp_path / "copy")
    assert copy.variables["STORE"] == f"sqlite+aiosqlite:///{tmp_path}/copy/shop.db?cache=shared"
    assert (tmp_path / "copy" / "shop.db").read_text() == "rows"
    assert (tmp_path / "copy" / "shop.db-wal").read_text() == "newer rows"


def test_a_file_that_is_not_there_yet_is_made_in_the_copys_folder(tmp_path: Path) -> None:
    copy = on_a_copy(guest_with(tmp_path, f"sqlite:///{tmp_path}/new.db"), tmp_path / "copy")
    assert copy.variables["STORE"] == f"sqlite:///{tmp_path}/copy/new.db"
    assert list((tmp_path / "copy").iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://u:p@host/db", "sqlite:///:memory:", "sqlite://"])
def test_another_store_stays_as_it_is(url: str, tmp_path: Path) -> None:
    guest = guest_with(tmp_path, url)
    assert on_a_copy(guest, tmp_path / "copy") is guest
    assert on_a_copy(Guest("main:app", tmp_path), tmp_path / "copy").variables == {}


def test_a_store_that_cannot_be_copied_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "shop.db").touch()
    (tmp_path / "copy").touch()
    with pytest.raises(UserError, match="cannot copy the store"):
        on_a_copy(guest_with(tmp_path, "sqlite:///shop.db"), tmp_path / "copy")
