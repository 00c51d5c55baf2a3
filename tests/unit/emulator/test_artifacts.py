"""What the template says, and where artifacts may be built: never over somebody's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover_mysql.target import parse
from local.cli import create_app as tool
from local.emulator.artifacts import MARKER, TEMPLATE, BuildError, build
from local.emulator.template import Layer, Template, read_template
from local.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "store").mkdir(parents=True)
    (tmp_path / "root" / "store" / "kept.txt").write_text("kept")
    return tmp_path / "root"


def made(root: Path, out: Path) -> set[str]:
    built = build(Template({}, {"StoreLayer": Layer("StoreLayer", "store", False)}), "host", out, root, lambda _: None)
    return {path.name for path in built.layers["StoreLayer"].rglob("*")}


def test_a_folder_of_somebody_else_is_left_as_it_is(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(BuildError, match="is not empty and was not made by crossover build"):
        made(root, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_folder_that_is_missing_empty_or_an_earlier_build_s_is_used(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new" / "deep", tmp_path / "empty"):
        assert made(root, out) == {"kept.txt"}
        (out / "OldLayer").mkdir()
        (out / "OldLayer" / "old.txt").touch()
        (out / "link").symlink_to(root)
        assert made(root, out) == {"kept.txt"}, "and no marker in a layer"
        assert {path.name for path in out.iterdir()} == {"StoreLayer", MARKER}
    assert (root / "store" / "kept.txt").exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match="cannot build in "):
            tool()(["build", "--out", str(out)], standalone_mode=False)


def test_the_working_directory_is_not_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="is not empty"):
        tool()(["build", "--out", "."], standalone_mode=False)
    assert (tmp_path / "thesis.txt").exists()


def test_the_template_s_routes_have_methods_and_its_timeouts_leave_time_for_the_store() -> None:
    functions = read_template(TEMPLATE).functions.values()
    assert {each.routes for each in functions} == {(("GET", f"/{each.service}"),) for each in functions}
    target = parse("mysql://reader@db/twitter")
    (twitter,) = (each for each in functions if each.service == "twitter")
    assert twitter.timeout > target.connect_timeout + target.read_timeout


def test_a_route_without_a_method_takes_all_and_a_function_s_paths_are_each_once(tmp_path: Path) -> None:
    get = "\n            Method: get"
    event = "\n        {}:\n          Type: HttpApi\n          Properties:\n            Path: /odd{}"
    text = (
        "Rules: {Any: {Assertions: []}}\nResources:\n  Odd:\n    Type: AWS::Serverless::Function\n"
        "    Metadata: {BuildProperties: {ParentPackages: functions.odd}}\n"
        "    Properties:\n      CodeUri: functions/odd/\n      Handler: functions.odd.handler\n      Events:"
    )
    (tmp_path / "template.yaml").write_text(text + event.format("One", get) + event.format("Two", "") + "\n")
    odd = read_template(tmp_path / "template.yaml").functions["Odd"]
    assert odd.routes == (("GET", "/odd"), ("ANY", "/odd"))
    assert odd.paths == ("/odd",)
