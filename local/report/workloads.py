"""The workloads and configurations that a report compares: workloads out of a result, configurations by name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost import files
from local.cost.configuration import Configuration, parse
from local.cost.errors import CostError
from local.cost.formulas import known
from local.cost.schema import read, settings
from local.cost.workload import Workload
from local.errors import UserError
from local.measure.results import Result

DRAWN = (
    *("lambda-url", "lambda-http-api", "lambda-alb"),
    *("ecs-fargate", "eks-fargate", "eks-nodes", "web-7-c8g-large"),
)
"""The configurations whose lines are drawn from the start."""
FURTHER = ("lambda-rest-api", "lambda-snapstart", "lambda-provisioned", "lambda-managed-instances")
"""Those that a reader may add."""
STORAGE = Path(__file__).parent / "storage"
"""The storage tier alone, for the services that use one."""
MAX_AMOUNT = 1e12
"""Of a weight, of items and of their bytes in a result."""


def workloads_of(compare: Result) -> dict[str, Workload]:
    """Return the measured work of every service. Keys that the cost model does not know are left out.

    Raises `UserError` where there is no work, or one that cannot be used.
    """
    found = {}
    for name, given in _table(compare.data.get("works"), "works").items():
        fields = _exact(_table(given, f"works.{name}"))
        known = {key: value for key, value in fields.items() if key in settings(Workload) and value is not None}
        try:
            found[name] = read(Workload, {"name": name, "source": compare.command, **known}, f"the result: {name}")
        except CostError as problem:
            raise UserError(str(problem)) from None
    if not found:
        raise UserError("the result measured no service; measure with: make compare")
    return found


def weights_of(compare: Result, workloads: Mapping[str, Workload]) -> dict[str, Fraction]:
    """Return the weights of the mix that was measured; without one, each service alike."""
    given = compare.data.get("mix")
    given = given if isinstance(given, Mapping) else {}
    found = {name: Fraction(_number(weight, f"mix.{name}")) for name, weight in given.items()}
    known = {name: weight for name, weight in found.items() if name in workloads and weight > 0}
    return (
        {name: known.get(name, Fraction(0)) for name in workloads} if known else dict.fromkeys(workloads, Fraction(1))
    )


def compared_configurations() -> dict[str, Configuration]:
    """Return the configurations of the chart, by their names."""
    return {name: files.configuration(name) for name in (*DRAWN, *FURTHER)}


def storage_configurations(compare: Result) -> dict[str, Configuration]:
    """Return the storage tier's configurations; the measured size of the data takes the place of theirs."""
    size = compare.data.get("storage")
    measured = None
    if isinstance(size, Mapping) and size.get("items") and size.get("item_bytes"):
        items, item_bytes = (_number(size[name], f"storage.{name}") for name in ("items", "item_bytes"))
        measured = items * item_bytes / 10**9
    found = {}
    for path in sorted(STORAGE.glob("*.toml")):
        document = files.toml(path)
        if measured is not None and "dynamodb" in document:
            document["dynamodb"]["storage_gb"] = measured
        found[path.stem] = parse(document, path.name)
    return found


def uses_storage(workload: Workload) -> bool:
    """Return whether a request of the service reads from a database."""
    return known(workload.queries) > 0 or known(workload.reads) > 0


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_AMOUNT:
        raise UserError(f"the result's {name} is no number from 0 to {MAX_AMOUNT:.0e}; measure with: make compare")
    return Decimal(repr(value))


def _exact(value: Any) -> Any:
    """JSON numbers as the decimals that were written."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _exact(each) for key, each in value.items()}
    return value


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"the result has no {name}; measure with: make compare")
    return value
