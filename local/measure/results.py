"""Result files: JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from local.errors import UserError
from local.files import read_bounded, write_atomically
from local.paths import IS_CLONE, REPORT, ROOT

FORMAT = 2
"""The version of the file format."""
MAX_BYTES = 16 * 2**20
"""Bytes that a result file may have."""
LOCAL_RESULTS = REPORT / "results"
"""Where runs put their results; git ignores it."""
REFERENCE_RESULTS = ROOT / "docs" / "results"
"""Results that come with the project: the last ones of its authors."""
PACKAGES = (
    *("uvicorn", "uvloop", "httptools", "fastapi", "mangum", "awslambdaric", "aws-lambda-powertools"),
    *("pymysql", "msgspec", "gmpy2", "isal", "pybase64"),
)
"""Packages whose versions a figure depends on."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run of one measurement."""

    kind: str
    """What was measured: `compare`, `web-tier`, `ramp`, `cold-start`, `schemas`, `flood`, `tools`, `image` and
    `etl-duckdb`."""
    config: Mapping[str, Any]
    """The settings of the run, as plain JSON values."""
    data: Mapping[str, Any]
    """What was measured, as plain JSON values: a tree of `comparison.result` or `experiments.result`."""
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    command: str = field(default_factory=lambda: command())
    commit: str = field(default_factory=lambda: commit())
    machine: Mapping[str, Any] = field(default_factory=lambda: machine())
    versions: Mapping[str, str] = field(default_factory=lambda: versions())
    format: int = FORMAT


KINDS_OF_PARTS = {
    **dict.fromkeys(("config", "data", "machine", "versions"), Mapping),
    **dict.fromkeys(("kind", "at", "command", "commit"), str),
}
"""What a file's parts have to be: tables and texts."""


def write(result: Result, path: Path | None = None) -> Path:
    """Write a result, by default among those of this folder's runs, and return where. Raises `UserError`."""
    path = path or LOCAL_RESULTS / f"{result.kind}.json"
    try:
        write_atomically(path, text_of(result))
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}") from None
    return path


def text_of(result: Result) -> str:
    """Return the content of a result's file."""
    return json.dumps(asdict(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path, kind: str) -> Result:
    """Read the result of that kind in a file. Raises `UserError`."""
    try:
        result = Result(**json.loads(read_bounded(path, MAX_BYTES)))
        if not all(isinstance(getattr(result, name), kind_) for name, kind_ in KINDS_OF_PARTS.items()):
            raise TypeError
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    except (ValueError, TypeError, RecursionError):
        raise UserError(f"{path} is no result file") from None
    if (result.kind, result.format) != (kind, FORMAT):
        again = "crossover compare" if kind == "compare" else f"crossover experiment {kind}"
        if kind.startswith("etl-"):
            again = f"make bench-etl ENGINE={kind.removeprefix('etl-')}"
        raise UserError(f"{path} is no {kind} result of format {FORMAT}; measure again with: {again}")
    return result


def latest(kind: str) -> Result | None:
    """Read the last result of a kind: of this folder's runs, or else the one that comes with the project."""
    for folder in (LOCAL_RESULTS, REFERENCE_RESULTS):
        path = folder / f"{kind}.json"
        if path.exists():
            return read(path, kind)
    return None


def command() -> str:
    """Return the command line of this process, as a person types it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def commit() -> str:
    """Return the commit of this tree, with `+` after it where files differ from it; empty outside a clone."""
    if not IS_CLONE:
        return ""
    try:
        said = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()


def machine() -> dict[str, Any]:
    """Describe this machine, without its name."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that figures depend on."""
    results = {}
    for name in PACKAGES:
        try:
            results[name] = version(name)
        except PackageNotFoundError:
            continue
    return results


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
