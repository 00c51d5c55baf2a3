"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.files import read_bounded, write_all_atomically, write_atomically


def test_a_file_and_its_folder_are_made_and_a_second_write_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    write_atomically(path, "old")
    write_atomically(path, "neu: é".encode())
    assert path.read_text() == "neu: é"
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


def test_where_one_of_several_files_cannot_be_written_none_is_replaced(tmp_path: Path) -> None:
    first, impossible = tmp_path / "first", tmp_path / "first" / "second"
    first.write_text("as it was")
    with pytest.raises(OSError, match="first"):
        write_all_atomically({first: "changed", impossible: "never"})
    assert first.read_text() == "as it was"
    assert [file.name for file in tmp_path.iterdir()] == ["first"]


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert read_bounded(path, 4) == b"1234"
    with pytest.raises(OSError, match="it has more than 3 bytes"):
        read_bounded(path, 3)


def test_a_path_without_a_name_is_a_folder() -> None:
    with pytest.raises(IsADirectoryError):
        write_atomically(Path("/"), "text")
