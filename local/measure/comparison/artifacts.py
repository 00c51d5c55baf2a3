"""What a comparison leaves behind, all or nothing: the result, works for `crossover cost --work`, and the report."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from local.errors import UserError
from local.measure.comparison import works
from local.measure.results import Result
from local.paths import REPORT as REPORT

RESULT = Path("results", "compare.json")
PAGE = Path("index.html")


def check(folder: Path) -> None:
    """Makes the folders, so that nobody measures for minutes in vain. Raises `UserError`."""
    for name in (folder, folder / RESULT.parent, folder / "works"):
        try:
            name.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UserError(f"cannot write to {name}: {problem.strerror}") from None
        if not os.access(name, os.W_OK):
            raise UserError(f"cannot write to {name}: permission denied")


def texts_of(result: Result, page: str) -> dict[Path, str]:
    """Every file of a comparison, below the report's folder; the page last."""
    found = {RESULT: json.dumps(asdict(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"}
    for service, work in result.data["works"].items():
        found[Path("works", f"{service}.toml")] = works.toml(work)
    return {**found, PAGE: page}


def write(folder: Path, texts: Mapping[Path, str]) -> None:
    """Writes all files or none: each is first written beside its place. Raises `UserError`."""
    halves = {folder / name: (folder / name).with_name(f".{name.name}.{os.getpid()}") for name in texts}
    try:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            halves[folder / name].write_text(text, encoding="utf-8")
        for path, half in halves.items():
            half.replace(path)
    except OSError as problem:
        raise UserError(f"cannot write to {folder}: {problem.strerror}") from None
    finally:
        for half in halves.values():
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
