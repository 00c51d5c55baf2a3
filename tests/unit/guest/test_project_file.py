"""`crossover.toml`: found, read, written, and what the options of a command do to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import UserError
from local.guest.options import named_guest
from local.guest.project_file import NAME, ProjectFile, applications, read, requests_in, text_of

FULL = ProjectFile(
    app="shop.main:app",
    requests="my shop.har",
    store="sqlite:///shop.db",
    store_variable="STORE",
    python=".venv",
    memory=512,
    ignore=["id"],
    exclude=["*.db"],
    env={"A": 'b "c" é'},
)


@pytest.mark.parametrize("project", [FULL, ProjectFile(app="main:app")])
def test_what_is_written_is_read_again(project: ProjectFile, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text_of(project))
    assert read(tmp_path) == project


def test_a_folder_without_the_file_has_no_project(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    with pytest.raises(UserError, match=r"has no crossover.toml; give --app MODULE:NAME, or run crossover init there"):
        named_guest(None, tmp_path, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("app = 5", "Expected `str`"),
        ("[env]", "missing required field `app`"),
        ('app = "a"\nmemory_mb = 5', "unknown field `memory_mb`"),
        ('app = "a"\nmemory = 5', ">= 128"),
        ("app =", "Invalid value"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_with_its_keys(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(UserError, match="its keys are app, requests, store, store_variable, python, memory") as problem:
        read(tmp_path)
    assert why in str(problem.value)
    assert "\n" not in str(problem.value)


def test_the_file_names_the_guest_and_options_take_precedence(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text_of(FULL))
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    guest = named_guest(None, tmp_path, None, ["B=c"])
    assert guest is not None
    assert (guest.reference, guest.python, guest.memory_mb) == ("shop.main:app", str(python), 512)
    assert guest.variables == {"A": 'b "c" é', "B": "c", "STORE": "sqlite:///shop.db"}
    assert (guest.requests, guest.ignored, guest.excluded) == (tmp_path / "my shop.har", ("id",), ("*.db",))
    other = named_guest("other:app", tmp_path, "python3.12", None)
    assert other is not None
    assert (other.reference, other.python) == ("other:app", "python3.12")


def test_applications_and_requests_are_found_in_a_folder(tmp_path: Path) -> None:
    for name, text in (
        ("shop/__init__.py", ""),
        ("shop/main.py", "import fastapi\n\napp: fastapi.FastAPI = fastapi.FastAPI(title='shop')\n"),
        ("site.py", "from flask import Flask\ndef make():\n    app = Flask(__name__)\n"),
        ("tests/app.py", "app = FastAPI()\n"),
        (".venv/lib/app.py", "app = FastAPI()\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert applications(tmp_path) == ["shop.main:app"]
    (tmp_path / "shop" / "main.py").write_text(
        "def create_app(config=None):\n    app = Flask(__name__)\n    return app\n"
    )
    assert applications(tmp_path) == ["shop.main:create_app()"]
    assert requests_in(tmp_path) == []
    (tmp_path / "visit.har").touch()
    assert requests_in(tmp_path) == ["visit.har"]
