"""From measured figures to the workloads that the cost model prices, and back from the files that hold them."""

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
from local.cost.schema import settings
from local.cost.workload import Mix, ServiceWork
from local.errors import UserError
from local.measure.comparison.result import Comparison, ContainerFigures, FunctionFigures, Read, comparison_of
from local.measure.results import read
from local.measure.statistics import rounded

SOURCE = "measured by `crossover compare`; see the result's machine, commit and date"
COLD_SHARE = 0.0001
REQUESTS_PER_CONNECTION = 100
CONNECTION_SECONDS = 10

Data = Mapping[str, Any]


def derive(
    service: str, container: ContainerFigures, function: FunctionFigures, read: Read | None, queries_per_vcpu: float
) -> dict[str, Any]:
    """Derive the workload of a service, as plain JSON values.

    Args:
        service: Its name.
        container: What was measured in the container.
        function: What was measured on Lambda; its CPU and INIT too.
        read: What a request reads; None for a service without a store.
        queries_per_vcpu: Queries/s that keep one vCPU of the database busy; 0 where that is unknown.
    """
    assert function.cpu_ms is not None  # noqa: S101 - a comparison measures both
    assert function.init_ms is not None  # noqa: S101
    cpu_ms, lambda_cpu_ms = container.cpu_ms.median, function.cpu_ms.median
    durations = {size: figures.duration_ms.median for size, figures in function.memory.items()}
    whole_vcpu = durations[max(durations, key=int)]
    workload = {
        "name": service,
        "source": SOURCE,
        "measured": True,
        "cpu_ms": cpu_ms,
        "wait_ms": rounded(max(0.0, whole_vcpu - lambda_cpu_ms)),
        "lambda_cpu_ms": rounded(max(0.0, lambda_cpu_ms - cpu_ms)),
        "lambda_ms": durations,
        "lambda_billed_ms": {size: figures.billed_ms for size, figures in function.memory.items()},
        "lambda_emulated": dict.fromkeys(function.memory, 1),
        "init_ms": function.init_ms.median,
        "cold_share": COLD_SHARE,
        "memory_mb": math.ceil(container.peak_mb),
        "request_bytes": rounded(container.bytes_out / container.requests),
        "response_bytes": rounded(container.bytes_in / container.requests),
        "requests_per_connection": REQUESTS_PER_CONNECTION,
        "connection_seconds": CONNECTION_SECONDS,
    }
    if read is not None:
        workload |= {
            "queries": rounded(read.reads),
            "queries_per_vcpu": rounded(queries_per_vcpu),
            "reads": rounded(read.reads),
            "item_bytes": rounded(read.item_bytes),
            "read_blocks": rounded(read.read_blocks),
        }
    return workload


def mix_factor(containers: Mapping[str, ContainerFigures], weights: Mapping[str, float]) -> float:
    """Return CPU of a request of the measured mix over the mean of the services alone; 1 where no mix was measured."""
    alone = {name: containers[name].cpu_ms.median for name in weights if name in containers}
    mixed, weight = containers.get("mix"), sum(weights.values())
    if mixed is None or len(alone) < 2 or len(alone) < len(weights) or not weight:
        return 1.0
    mean = sum(cpu_ms * weights[name] for name, cpu_ms in alone.items()) / weight
    return rounded(mixed.cpu_ms.median / mean) if mean else 1.0


def workloads_of(comparison: Comparison) -> dict[str, ServiceWork]:
    """Return the measured workload of every service, with what their mix took more than they alone.

    Keys that the cost model does not know are left out.

    Raises `UserError` for a workload that cannot be used.
    """
    result = {}
    factor = mix_factor(comparison.container, comparison.mix)
    for name, data in comparison.works.items():
        real = comparison.calibrated[name].memory if name in comparison.calibrated else {}
        added = {
            "source": SOURCE,
            "mix_factor": factor if name in comparison.mix else 1,
            "lambda_emulated": {size: 1 for size in data.get("lambda_ms") or {} if size not in real},
        }
        named = {"name": name, **added, **data}
        known = {key: value for key, value in named.items() if key in settings(ServiceWork) and value is not None}
        try:
            result[name] = parse(known, f"the result: {name}")
        except CostError as problem:
            raise UserError(str(problem)) from None
    return result


def weights_of(comparison: Comparison, workloads: Mapping[str, ServiceWork]) -> dict[str, Fraction]:
    """Return the weights of the mix that was measured; without one, each service alike."""
    measured = {name: Fraction(repr(weight)) for name, weight in comparison.mix.items() if name in workloads}
    if not any(measured.values()):
        return dict.fromkeys(workloads, Fraction(1))
    return {name: measured.get(name, Fraction(0)) for name in workloads}


def mix_in(path: Path, weights: Mapping[str, Fraction]) -> Mix:
    """Return the measured work in a comparison's result, in these weights; without any, in those that it measured.

    Raises:
        UserError: The file is no such result, or it has no such service.
    """
    comparison = comparison_of(read(path, "compare"))
    works = workloads_of(comparison)
    if unknown := [name for name in weights if name not in works]:
        raise UserError(f"{path}: has no {unknown[0][:40]}; it has {', '.join(works)}")
    weights = weights or weights_of(comparison, works)
    return Mix.of([(works[name], weight) for name, weight in weights.items()])


def parse(data: Data, where: str) -> ServiceWork:
    """Return a workload out of plain JSON values. Raises `CostError`, which names the place by `where`."""
    return read_table(ServiceWork, _exact(data), where)


def toml_of(data: Data) -> str:
    """Return the text of a file that `crossover cost --work` takes."""
    names = [field.name for field in fields(ServiceWork)]
    return "".join(f"{name} = {_value(data[name])}\n" for name in names if name in data)


def read_file(path: Path) -> dict[str, Data]:
    """Return the workloads in a file, as plain JSON values: one of TOML, or those of a comparison's result in JSON.

    Raises `CostError` in one line.
    """
    if path.suffix == ".toml":
        document = cost_files.toml(path)
        workload = read_table(ServiceWork, document, f"{path.name}: work")
        return {workload.name: {name: _plain(value) for name, value in document.items()}}
    workloads = comparison_of(read(path, "compare")).works
    for name, data in workloads.items():
        parse(data, f"{path.name}: works.{name}")
    return dict(workloads)


def _exact(value: Any) -> Any:
    """Return JSON's numbers as the decimals that are written, and not as what binary makes of them."""
    if isinstance(value, Mapping):
        return {name: _exact(part) for name, part in value.items()}
    return Decimal(repr(value)) if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return float(value) if isinstance(value, Decimal | Fraction) else value


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(part)}" for name, part in value.items()) + " }"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return json.dumps(value, ensure_ascii=False)
