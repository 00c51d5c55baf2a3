"""The ETL as a Spark job: what its zip has, and that the code runs from there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.deploy.spark_job import SparkJob, write_job


def job_in(folder: Path) -> SparkJob:
    return write_job(folder)


def test_the_zip_has_the_packages_of_the_tree_at_its_top_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(job_in(tmp_path).code) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {
        *("local", "functions", "crossover", "crossover_mysql", "crossover_dynamodb", "crossover_cache")
    }
    assert {Path(name).suffix for name in names} <= {".py", ".txt", ".toml"}
    assert "local/data/etl/engines/spark.py" in names
    assert "crossover/stores/__init__.py" in names


def test_the_same_code_is_the_same_zip(tmp_path: Path) -> None:
    first = job_in(tmp_path / "a").code.read_bytes()
    assert job_in(tmp_path / "b").code.read_bytes() == first
    assert job_in(tmp_path / "a").code.read_bytes() == first


def test_libraries_are_pinned_and_spark_is_the_platforms(tmp_path: Path) -> None:
    lines = job_in(tmp_path).requirements.read_text().splitlines()
    assert all("==" in line for line in lines)
    libraries = {line.partition("==")[0] for line in lines}
    assert {"ibis-framework", "pyarrow", "pymysql", "typer", "boto3", "botocore"} <= libraries
    assert libraries.isdisjoint({"pyspark", "crossover", "fastapi", "pytest"})


def test_the_command_and_the_engine_are_imported_from_the_zip(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(job.code)!r})\n"
        "import local.cli.etl, local.data.etl.pipeline, local.data.etl.engines.spark, crossover.stores\n"
        "import functions.twitter.record\n"
        "print(*(sys.modules[name].__file__ for name in sys.modules if name.startswith('local.')), sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    files = done.stdout.split()
    assert files
    assert all(file.startswith(f"{job.code}/local/") for file in files)


@pytest.mark.parametrize(
    "words", [["a b.json", "--store", "s"], ["--JOB_ID", "j", "--arguments", "'a b.json' --store s"]]
)
def test_the_entry_script_takes_the_commands_arguments_also_in_one_text(tmp_path: Path, words: list[str]) -> None:
    job = job_in(tmp_path)
    recorder = "import sys; sys.modules['local.cli'] = type(sys)('cli'); sys.modules['local.cli'].main = print\n"
    program = recorder + f"import runpy; sys.argv[1:] = {words!r}; runpy.run_path({str(job.entry)!r})"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['etl', 'load', 'a b.json', '--store', 's', '--engine', 'spark']\n"
