"""Works of the cost model out of measurements; written as the files that `crossover cost --work` takes, and read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost import files as cost_files
from local.cost.errors import CostError
from local.cost.schema import read as read_table
from local.cost.work import Work
from local.measure.comparison.storage import Read
from local.measure.statistics import rounded

COLD_SHARE = 0.0001
REQUESTS_PER_CONNECTION = 100
CONNECTION_SECONDS = 10

Data = Mapping[str, Any]


def derived(service: str, source: str, container: Data, functions: Data, read: Read | None, database: float) -> Data:
    """The work of a service as plain JSON values, out of its parts of a comparison's data.

    `database` is how many queries/s keep one vCPU of the database busy; 0 where nobody measured it.
    """
    cpu_us = container["cpu_us"]["median"]
    cpu_ms = functions["cpu_ms"]["median"]
    durations = {size: each["duration_ms"]["median"] for size, each in functions["memory"].items()}
    whole_vcpu = durations[max(durations, key=int)]
    work = {
        "name": service,
        "source": source,
        "measured": True,
        "requests_per_vcpu": rounded(1e6 / cpu_us),
        "wait_ms": rounded(max(0.0, whole_vcpu - cpu_ms)),
        "lambda_cpu_ms": rounded(max(0.0, cpu_ms - cpu_us / 1000)),
        "lambda_ms": durations,
        "lambda_billed_ms": {size: each["billed_ms"] for size, each in functions["memory"].items()},
        "init_ms": functions["init_ms"]["median"],
        "cold_share": COLD_SHARE,
        "memory_mb": math.ceil(container["peak_mb"]),
        "request_bytes": rounded(container["bytes_out"] / container["requests"]),
        "response_bytes": rounded(container["bytes_in"] / container["requests"]),
        "requests_per_connection": REQUESTS_PER_CONNECTION,
        "connection_seconds": CONNECTION_SECONDS,
    }
    if read is not None:
        work |= {
            "queries": rounded(read.reads),
            "queries_per_vcpu": rounded(database),
            "reads": rounded(read.reads),
            "item_bytes": rounded(read.item_bytes),
            "read_blocks": rounded(read.read_blocks),
        }
    return work


def checked(data: Data, where: str) -> Work:
    """The work in plain JSON values, as the cost model has it. Raises `CostError`."""
    return read_table(Work, _exact(data), where)


def toml(data: Data) -> str:
    """A work file's text."""
    return "".join(f"{name} = {_value(data[name])}\n" for name in (each.name for each in fields(Work)) if name in data)


def given(path: Path) -> dict[str, Data]:
    """The works in a file of somebody else's: a work (TOML), or a comparison's result (JSON) with one or several.

    Raises `CostError` in one line.
    """
    if path.suffix == ".toml":
        document = cost_files.toml(path)
        work = read_table(Work, document, f"{path.name}: work")
        return {work.name: {name: _plain(value) for name, value in document.items()}}
    from local.measure.results import read

    works = read(path, "compare").data.get("works")
    if not isinstance(works, Mapping) or not works:
        raise CostError(f"{path}: holds no works")
    return {name: _checked(data, f"{path.name}: works.{name}") for name, data in works.items()}


def _checked(data: object, where: str) -> Data:
    if not isinstance(data, Mapping):
        raise CostError(f"{where}: must be a table")
    checked(data, where)
    return data


def _exact(value: Any) -> Any:
    """JSON's numbers as the cost model wants them: the decimals that are written, and not what binary makes of them."""
    if isinstance(value, Mapping):
        return {name: _exact(each) for name, each in value.items()}
    return Decimal(repr(value)) if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return float(value) if isinstance(value, Decimal | Fraction) else value


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return json.dumps(value, ensure_ascii=False)
