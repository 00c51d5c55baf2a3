"""The golden cases that the cost model and the page's port of it answer alike: inputs, dollars an hour."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.cost import files
from local.cost.workload import ServiceWork
from local.measure.comparison.result import comparison_of
from local.measure.comparison.workloads import workloads_of
from tests.support.report import sample_compare, sample_work

PATH = Path(__file__).parents[1] / "golden" / "report" / "cases.json"


def cases() -> list[dict[str, Any]]:
    """The cases as the file has them."""
    found: list[dict[str, Any]] = json.loads(PATH.read_text())
    return found


def golden_works() -> dict[str, ServiceWork]:
    """The shipped works, one with measured durations, and one whose answers are large."""
    measured = sample_work("twitter")
    large = {**sample_work("qrcode"), "response_bytes": 1_200_000, "memory_mb": 200, "lambda_ms": {}}
    found = workloads_of(
        comparison_of(sample_compare(works={"measured": measured, "large": {**large, "lambda_billed_ms": {}}}))
    )
    renamed = {name: ServiceWork(**{**vars(work), "name": name}) for name, work in found.items()}
    return {name: files.workload(name) for name in files.shipped(files.WORKLOADS)} | renamed
