"""The configurations that a report compares, by name and in a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from local.cost import files
from local.cost.configuration import Configuration, parse
from local.cost.configuration import in_region as configured_in
from local.cost.errors import CostError, NoPrice
from local.cost.formulas import known
from local.cost.model import price_all
from local.cost.price_book import PriceBook
from local.cost.workload import Mix, ServiceWork
from local.errors import UserError
from local.measure.comparison.result import Storage

DRAWN = (
    *("lambda-url", "lambda-http-api", "lambda-alb"),
    *("ecs-fargate", "eks-fargate", "eks-nodes", "web-7-c8g-large"),
)
"""The configurations whose lines are drawn from the start."""
FURTHER = ("lambda-rest-api", "lambda-snapstart", "lambda-provisioned", "lambda-managed-instances")
"""Those that a reader may add."""
STORAGE = files.PACKAGE / "storage"
"""The storage tier alone, for the services that use one."""


def compared_configurations() -> dict[str, Configuration]:
    """Return the configurations of the chart, by their names."""
    return {name: files.configuration(name) for name in (*DRAWN, *FURTHER)}


def storage_configurations(storage: Storage | None) -> dict[str, Configuration]:
    """Return the storage tier's configurations; the measured size of the data takes the place of theirs."""
    measured = Decimal(storage.items) * Decimal(repr(storage.item_bytes)) / 10**9 if storage else None
    choices = {}
    for path in sorted(STORAGE.glob("*.toml")):
        document = files.toml(path)
        if measured and "dynamodb" in document:
            document["dynamodb"]["storage_gb"] = measured
        try:
            choices[path.stem] = parse(document, path.name)
        except CostError as problem:
            raise UserError(f"the result's storage cannot be priced: {problem}") from None
    return choices


def in_region(
    configurations: Mapping[str, Configuration], region: str, book: PriceBook, mix: Mix
) -> tuple[dict[str, Configuration], list[str]]:
    """Return the configurations in a region with the choices that have prices there, and a line for each left out."""
    found, left_out = {}, []
    for name, one in configurations.items():
        there = configured_in(one, region)
        try:
            priced = price_all(there, mix, book)
        except NoPrice as problem:
            left_out.append(str(problem))
            continue
        left_out += priced.left_out
        found[name] = replace(there, choices=tuple(choice for choice, _ in priced.bills))
    return found, left_out


def uses_storage(workload: ServiceWork) -> bool:
    """Return whether a request of the service reads from a database."""
    return known(workload.queries) > 0 or known(workload.reads) > 0
