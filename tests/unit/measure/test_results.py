"""Result files."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import UserError
from local.measure import results
from local.measure.results import Result, latest, read, write


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result = Result(kind="web-tier", config={"seconds": 3}, data={"rows": [{"rate": 1.5}]})
    path = write(result, tmp_path / "deep" / "web-tier.json")
    assert read(path, "web-tier") == result


def test_a_result_tells_where_and_of_what_it_came() -> None:
    result = Result(kind="web-tier", config={}, data={})
    assert result.machine["cores"] >= 1
    assert result.machine["memory_mb"] > 100
    assert result.versions["uvicorn"]
    assert result.command
    assert result.at.endswith("+00:00")


def test_a_failed_write_leaves_the_old_result_and_no_half(tmp_path: Path) -> None:
    path = write(Result(kind="a", config={}, data={"x": 1}), tmp_path / "a.json")
    with pytest.raises(ValueError, match="Out of range"):
        write(Result(kind="a", config={}, data={"x": float("nan")}), path)
    assert read(path, "a").data == {"x": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write(Result(kind="a", config={}, data={}), tmp_path / "file" / "a.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no result file"),
        (b"[]", "is no result file"),
        (b"[" * 100_000, "is no result file"),
        (b'{"kind": "a"}', "is no result file"),
        (b'{"kind": "a", "config": [], "data": {}}', "is no result file"),
        (b'{"kind": "a", "config": {}, "data": []}', "is no result file"),
        (b'{"kind": "a", "config": {}, "data": {}, "machine": "mine"}', "is no result file"),
        (b'{"kind": "a", "config": {}, "data": {}, "at": 1}', "is no result file"),
        (b'{"kind": "b", "config": {}, "data": {}}', "is no a result"),
        (b'{"kind": "a", "config": {}, "data": {}, "format": 1}', "is no a result"),
    ],
)
def test_what_is_no_result_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        read(path, "a")


def test_a_missing_or_a_huge_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read(tmp_path / "a.json", "a")
    monkeypatch.setattr(results, "MAX_BYTES", 3)
    (tmp_path / "a.json").write_text("12345")
    with pytest.raises(UserError, match=r"cannot read .*: it has more than 3 bytes"):
        read(tmp_path / "a.json", "a")


def test_the_last_result_is_of_this_folder_or_else_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "LOCAL_RESULTS", tmp_path / "here")
    monkeypatch.setattr(results, "REFERENCE_RESULTS", tmp_path / "kept")
    assert latest("a") is None
    write(Result(kind="a", config={}, data={"of": "kept"}), tmp_path / "kept" / "a.json")
    assert latest("a").data == {"of": "kept"}  # type: ignore[union-attr]
    write(Result(kind="a", config={}, data={"of": "here"}))
    assert latest("a").data == {"of": "here"}  # type: ignore[union-attr]
