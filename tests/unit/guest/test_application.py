"""What names a guest, and how its application is recognised."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from local.errors import UserError
from local.guest.application import Guest, environment_of, guest_of
from local.guest.check import checked
from local.guest.inside.loading import LoadError, as_asgi, described, load
from local.guest.options import named_guest
from local.paths import ROOT


async def asgi(scope, receive, send): ...


def older_asgi(scope, receive, send): ...


def wsgi(environ, start_response): ...


class AsgiObject:
    async def __call__(self, scope, receive, send): ...


class WsgiObject:
    def __call__(self, environ, start_response): ...


@pytest.mark.parametrize(
    ("application", "kind"),
    [(asgi, "asgi"), (older_asgi, "asgi"), (AsgiObject(), "asgi"), (wsgi, "wsgi"), (WsgiObject(), "wsgi")],
)
def test_an_application_is_recognised_by_how_it_is_called(application: object, kind: str) -> None:
    assert as_asgi(application, "app").kind == kind


@pytest.mark.parametrize(("application", "words"), [(5, "cannot be called"), (lambda: asgi, "give app()")])
def test_what_is_no_application_is_refused(application: object, words: str) -> None:
    with pytest.raises(LoadError) as problem:
        as_asgi(application, "app")
    assert words in str(problem.value)


@pytest.mark.parametrize("reference", ["nosuch_module_at_all", "json:nosuch", "json"])
def test_a_module_or_a_name_that_is_missing_is_one_line(reference: str) -> None:
    with pytest.raises(LoadError) as problem:
        load(reference)
    assert "\n" not in str(problem.value)


def test_an_exception_is_described_with_the_last_frame_of_its_traceback() -> None:
    try:
        int("x\ny")
    except ValueError as problem:
        said = described(problem)
    assert said.startswith("ValueError: invalid literal")
    assert f'(File "{__file__}", line ' in said
    assert said.endswith("in test_an_exception_is_described_with_the_last_frame_of_its_traceback)")


@pytest.mark.parametrize(
    "reference", ["", "shop main", "shop:", ":app", "../shop:app", "shop.main:app;x", "a" * 9 + "-b"]
)
def test_a_reference_of_another_form_is_refused(reference: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--app takes MODULE:NAME"):
        guest_of(reference, tmp_path, None, ())


def test_a_guest_is_named_after_its_package_or_else_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my shop"
    folder.mkdir()
    assert guest_of("shop.main:app", folder, None, ()).name == "shop"
    assert guest_of("main:make()", folder, None, ()).name == "my-shop"


def test_the_virtual_environment_of_the_folder_is_used_unless_another_is_named(tmp_path: Path) -> None:
    assert guest_of("main", tmp_path, None, ()).python == sys.executable
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert guest_of("main", tmp_path, None, ()).python == str(python)
    assert guest_of("main", tmp_path, "python3.12", ()).python == "python3.12"
    assert guest_of("main", tmp_path, str(tmp_path / ".venv"), ()).python == str(python)
    with pytest.raises(UserError, match="--python: there is no"):
        guest_of("main", tmp_path, "/no/such/python", ())


@pytest.mark.parametrize("variable", ["NAME", "=x", "A-B=c"])
def test_a_variable_of_another_form_is_refused(variable: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--env takes NAME=VALUE"):
        guest_of("main", tmp_path, None, (variable,))


def test_an_application_that_ends_the_interpreter_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ending.py").write_text("import os\nos._exit(0)\n")
    with pytest.raises(UserError, match="ending cannot be imported: the interpreter ended with status 0"):
        checked(guest_of("ending", tmp_path, sys.executable, ()))


def test_options_of_an_application_need_one() -> None:
    assert named_guest(None, None, None, None) is None
    with pytest.raises(UserError, match="--env belongs to an application"):
        named_guest(None, None, None, ["A=b"])


def test_a_guest_sees_no_folder_of_this_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), str(ROOT / "layers" / "shared"), "/opt/theirs")))
    assert environment_of(guest_of("main", tmp_path, None, ("A=b",)))["PYTHONPATH"] == "/opt/theirs"


@pytest.mark.parametrize(
    ("reference", "folder", "name"),
    [
        ("shop.main:app", "site", "shop"),
        ("blog:app", "src", "blog"),
        ("main:app", "my shop", "my-shop"),
        ("app.main:app", "shop/src", "shop"),
        ("app", "src/app", "app"),
    ],
)
def test_a_guest_has_the_first_name_that_says_something(reference: str, folder: str, name: str) -> None:
    assert Guest(reference, Path("/srv" if folder != "src/app" else "/") / folder).name == name


def test_an_environment_may_be_in_the_projects_folder_above(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "src").mkdir()
    assert guest_of("main", tmp_path / "src", None, ()).python == sys.executable
    (tmp_path / "pyproject.toml").touch()
    assert guest_of("main", tmp_path / "src", None, ()).python == str(python)
