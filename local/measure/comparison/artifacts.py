"""What a comparison leaves behind, all or nothing: the result, works for `crossover cost --work`, and the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from local.errors import UserError
from local.files import write_all_atomically
from local.measure.comparison import workloads
from local.measure.comparison.result import Comparison
from local.measure.results import Result, text_of
from local.paths import REPORT as REPORT

RESULT = Path("results", "compare.json")
PAGE = Path("index.html")


def check(folder: Path) -> None:
    """Make the folders before minutes of measuring. Raises `UserError` where they cannot be written."""
    for name in (folder, folder / RESULT.parent, folder / "works"):
        try:
            name.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise UserError(f"cannot write to {name}: {problem.strerror}") from None
        if not os.access(name, os.W_OK):
            raise UserError(f"cannot write to {name}: permission denied")


def texts_of(result: Result, comparison: Comparison, page: str) -> dict[Path, str]:
    """Return every file of a comparison, below the report's folder; the page last."""
    texts = {Path("works", f"{service}.toml"): workloads.toml_of(data) for service, data in comparison.works.items()}
    return {RESULT: text_of(result), **texts, PAGE: page}


def write(folder: Path, texts: Mapping[Path, str]) -> None:
    """Write all files or none. Raises `UserError`."""
    try:
        write_all_atomically({folder / name: text for name, text in texts.items()})
    except OSError as problem:
        raise UserError(f"cannot write to {folder}: {problem.strerror}") from None
