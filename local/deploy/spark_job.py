"""The ETL as a Spark job: its code as one zip for `--py-files`, an entry script, and the libraries that it needs."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from local.errors import UserError
from local.paths import ROOT

CODE, ENTRY, REQUIREMENTS = "crossover-etl.zip", "etl_job.py", "requirements.txt"
SOURCES = (".", "layers/shared", "layers/mysql", "layers/dynamodb", "layers/cache")
"""Where the packages of the code are, below the project's tree."""
PACKAGES = re.compile(r"local|functions|crossover(_mysql|_dynamodb|_cache)?")
SUFFIXES = frozenset({".py", ".txt", ".toml"})
"""Of code, and of the files that it reads."""
EXTRAS = frozenset({"cli", "etl", "mysql"})
"""Of the project's requirements, those of a load by Spark; Spark itself is the platform's."""
ALSO = ("boto3",)
"""Libraries for the credentials of a role, for secrets and for IAM."""
FIRST_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in the zip, so that the same code is the same zip."""
ENTRY_SCRIPT = '''"""Run `crossover etl` on the Spark that runs this script. Its arguments are the command's.

Glue passes named arguments alone, with some of its own between: there `--arguments` has all of them in one text.
"""

import shlex
import sys

from local.cli import main

words = sys.argv[1:]
if "--arguments" in words:
    words = shlex.split(words[words.index("--arguments") + 1])
try:
    main(["etl", "load", *words, "--engine", "spark"])
except SystemExit as ended:
    if ended.code:
        raise
'''


class SparkJob(NamedTuple):
    """What was written."""

    code: Path
    entry: Path
    requirements: Path


def write_job(folder: Path) -> SparkJob:
    """Write the job's three files into a folder, in place of those of before. Raises `UserError`."""
    job = SparkJob(folder / CODE, folder / ENTRY, folder / REQUIREMENTS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(job.code, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(_code(ROOT)):
                archive.writestr(zipfile.ZipInfo(name, FIRST_TIME), path.read_bytes(), zipfile.ZIP_DEFLATED)
        job.entry.write_text(ENTRY_SCRIPT)
        job.requirements.write_text("".join(f"{line}\n" for line in sorted(_requirements())))
    except OSError as problem:
        raise UserError(f"cannot write to {folder}: {problem.strerror}; choose another with --out") from None
    return job


def _code(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name in the zip and the path of every file of the code."""
    for source in SOURCES:
        for package in (root / source).iterdir():
            if not PACKAGES.fullmatch(package.name) or not (package / "__init__.py").is_file():
                continue
            for path in package.rglob("*"):
                if path.suffix in SUFFIXES and path.is_file():
                    yield path.relative_to(root / source).as_posix(), path


def _requirements() -> set[str]:
    """Return, pinned to what is installed here, what the job needs with all that this needs."""
    from packaging.requirements import Requirement

    pinned = {name: metadata.version(name) for name in ALSO}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [("crossover", EXTRAS), *((name, frozenset[str]()) for name in ALSO)]
    while waiting:
        if (item := waiting.pop()) in seen:
            continue
        seen.add(item)
        for text in metadata.requires(item[0]) or ():
            requirement = Requirement(text)
            if requirement.marker and not any(
                requirement.marker.evaluate({"extra": extra}) for extra in (*item[1], "")
            ):
                continue
            if item[0] == "crossover" and requirement.name == "crossover":
                continue
            pinned[requirement.name] = metadata.version(requirement.name)
            waiting.append((requirement.name, frozenset(requirement.extras)))
    return {f"{library}=={version}" for library, version in pinned.items()}
