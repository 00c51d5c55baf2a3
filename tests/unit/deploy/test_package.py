"""Packages of an application: what it needs, which files go in, zips, size, template."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from local.deploy.package import files, libraries, texts
from local.deploy.package.requirements import last_line, requirements_of
from local.deploy.package.run import UNZIPPED_BYTES, findings, megabytes
from local.deploy.package.target import BuildTarget, default_version
from local.emulator.intrinsics import load_document
from local.errors import UserError

ARM = BuildTarget("arm64", (3, 13))


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_what_is_locked_goes_before_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\ndependencies = ["flask>=3", "boto3"]\n')
    assert requirements_of(tmp_path, None) == ("flask>=3\nboto3\n", tmp_path / "pyproject.toml")
    (tmp_path / "requirements.txt").write_text("flask\n")
    assert requirements_of(tmp_path, None).text == f"-r {tmp_path}/requirements.txt\n"
    lock = {"default": {"flask": {"version": "==3.1.0", "hashes": ["sha256:1"], "markers": "python_version > '3'"}}}
    (tmp_path / "Pipfile.lock").write_text(json.dumps(lock))
    assert requirements_of(tmp_path, None).text == "flask==3.1.0 ; python_version > '3' --hash=sha256:1\n"


def test_requirements_may_stand_in_the_folder_above(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "requirements.txt").write_text("flask\n")
    assert requirements_of(tmp_path / "src", None).source == tmp_path / "requirements.txt"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Pipfile.lock", "[]", "no Pipfile.lock with versions"),
        ("pyproject.toml", "[tool.poetry]", "run poetry export -o requirements.txt"),
        ("pyproject.toml", "[project]\ndependencies = 5", "no list of texts"),
        ("pyproject.toml", "=", "cannot read"),
        ("nothing.toml", "", "has none of uv.lock, Pipfile.lock"),
    ],
)
def test_requirements_that_cannot_be_read_are_one_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / name).write_text(text)
    with pytest.raises(UserError) as problem:
        requirements_of(tmp_path / "app", None)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_tools_error_is_one_line_without_its_hints() -> None:
    assert last_line("error: No solution\n  cause: Because a\n\nhint: try b\n") == "No solution Because a"


def test_hidden_files_environments_recordings_and_reports_stay_out(tmp_path: Path) -> None:
    write(tmp_path, "main.py", "shop/page.html", ".env", ".git2/x", ".venv/a.py", "tests/a.py", "shop.har", "report/x")
    write(tmp_path, "shop/__pycache__/a.pyc", "package/function.zip", "docs/a.md", "shop.db", "crossover.toml")
    found = files.sources(tmp_path, tmp_path / "package", ("*.db", "docs/"))
    assert list(found) == ["main.py", "shop/page.html"]


def test_a_zip_depends_on_names_and_content_alone(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "a/ü.py")
    (tmp_path / "b.py").chmod(0o700)
    files.write_zip(tmp_path / "1.zip", files.tree(tmp_path))
    first = (tmp_path / "1.zip").read_bytes()
    (tmp_path / "1.zip").unlink()
    (tmp_path / "a" / "ü.py").touch()
    files.write_zip(tmp_path / "1.zip", files.tree(tmp_path))
    assert (tmp_path / "1.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert [(entry.filename, entry.external_attr >> 16) for entry in archive.infolist()] == [
            ("a/ü.py", 0o100644),
            ("b.py", 0o100755),
        ]


def test_a_library_for_another_machine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(b"\x7fELF" + bytes(14) + (0x3E).to_bytes(2, "little"))
    libraries._check_machine(tmp_path, BuildTarget("x86_64", (3, 13)))
    with pytest.raises(UserError, match=r"a\.so is not built for arm64"):
        libraries._check_machine(tmp_path, ARM)


def test_a_library_that_is_left_out_takes_its_files_with_it(tmp_path: Path) -> None:
    write(tmp_path, "boto3/a.py", "flask.py")
    for name in ("boto3", "Flask_Login"):
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
    (tmp_path / "boto3-1.0.dist-info" / "RECORD").write_text("boto3/a.py,,\nboto3-1.0.dist-info/RECORD,,\n../../x,,\n")
    (tmp_path / "Flask_Login-1.0.dist-info" / "RECORD").write_text("flask.py,,\nFlask_Login-1.0.dist-info/RECORD,,\n")
    libraries.exclude(tmp_path, ["boto3"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Flask_Login-1.0.dist-info", "flask.py"]
    libraries.exclude(tmp_path, ["flask-login"])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="--exclude: boto3 is not installed"):
        libraries.exclude(tmp_path, ["boto3"])


def test_a_package_that_lambda_refuses_names_its_heaviest_libraries() -> None:
    (found,) = findings([("torch", 300 * 2**20), ("small", 10)], UNZIPPED_BYTES + 1)
    assert "more than the 250.0 MB that Lambda takes as zips: torch 300.0 MB, small 0.0 KB" in found
    assert findings([("torch", 10)], UNZIPPED_BYTES) == []


def test_what_lambda_has_or_does_not_need_is_named_with_its_option() -> None:
    (found,) = findings([("botocore", 14 * 2**20), ("uvloop", 4 * 2**20), ("uvicorn", 10)], 0)
    assert found.endswith("--exclude botocore --exclude uvloop saves 18.0 MB")


def test_wheels_fit_the_c_library_of_the_runtime() -> None:
    assert ARM.platform == "aarch64-manylinux_2_34"
    assert BuildTarget("x86_64", (3, 11)).platform == "x86_64-manylinux_2_17"
    assert (default_version((3, 12)), default_version((3, 9))) == ((3, 12), (3, 13))


def test_variables_are_parameters_without_their_values(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(texts.template('a:b"c', ARM, 1024, {"DATABASE_URL": "secret"}))
    document = load_document(tmp_path / "template.yaml")
    properties = document["Resources"]["Application"]["Properties"]
    assert properties["Environment"]["Variables"]["CROSSOVER_APP"] == 'a:b"c'
    assert (properties["MemorySize"], properties["Runtime"]) == (1024, "python3.13")
    assert document["Parameters"]["DatabaseUrl"]["NoEcho"] is True
    assert "secret" not in (tmp_path / "template.yaml").read_text()


def test_sizes_are_shown_in_mb_or_kb() -> None:
    assert (megabytes(3 * 2**20), megabytes(512)) == ("3.0 MB", "0.5 KB")
