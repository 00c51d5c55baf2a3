"""What the page computes with, as plain JSON: prices, instance types, constants, configurations and works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from fractions import Fraction
from typing import Any

from local.cost.book import Book, Price
from local.cost.configuration import Configuration
from local.cost.errors import CostError
from local.cost.instances import memory_gib, split, vcpus
from local.cost.items import MEANINGS
from local.cost.parts import databases, fargate, fronts, functions
from local.cost.parts.nodes import system_reserve
from local.cost.parts.part import Part
from local.cost.schema import FIT, settings
from local.cost.work import LAMBDA_MB_PER_VCPU, Work
from local.report.sources import Sources


def plain_json(value: Any) -> Any:
    """Exact numbers as the nearest JSON numbers."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain_json(each) for key, each in value.items()}
    return [plain_json(each) for each in value] if isinstance(value, list | tuple) else value


def works(given: Mapping[str, Work]) -> dict[str, Any]:
    """Works with all their fields."""
    return {name: plain_json(asdict(work)) for name, work in given.items()}


def work_fields() -> dict[str, dict[str, Any]]:
    """What a number of a work means and between what it may lie, for the fields that hold one."""
    return {
        name: {"help": setting.help, "low": plain_json(setting.low), "high": plain_json(setting.high)}
        for name, (setting, _) in settings(Work).items()
        if setting.kind in ("number", "whole")
    }


def configuration(key: str, given: Configuration) -> dict[str, Any]:
    """A configuration: for each part its settings, a list where there is a choice."""
    heading = given.heading
    return {
        "key": key,
        "name": heading.name,
        "about": heading.about,
        "source": heading.source,
        "region": heading.region,
        "on_lambda": given.choices[0].on_lambda,
        "parts": {name: _settings(name, given) for name in given.choices[0].parts},
    }


def _settings(name: str, given: Configuration) -> dict[str, Any]:
    result = {}
    for each in fields(given.choices[0].parts[name]):  # type: ignore[arg-type]
        values: list[Any] = []
        for choice in given.choices:
            value = plain_json(getattr(choice.parts[name], each.name))
            if value not in values:
                values.append(value)
        result[each.name] = values[0] if len(values) == 1 else values
    return result


def setting_fields(part: type[Part]) -> dict[str, dict[str, Any]]:
    """The numbers of a part that a reader may contest; its speed and its utilisation target have sliders."""
    return {
        name: {"help": setting.help, "low": plain_json(setting.low), "high": plain_json(setting.high)}
        for name, (setting, _) in settings(part).items()
        if setting.kind in ("number", "whole", "fitted")
    }


def book(known: Book, configurations: Iterable[Configuration], sources: Sources) -> dict[str, Any]:
    """The price rows of the configurations' regions, the instance types that they name, and the model's constants."""
    chosen = list(configurations)
    regions = {each.heading.region for each in chosen}
    instances = sorted({name for each in chosen for name in _instances(each)})
    rows = {(row.region, row.service, row.dimension): row for row in known.rows if row.region in regions}
    for region in regions:
        for service in ("ec2", "rds-mysql", "aurora-mysql"):
            for name in instances:
                try:
                    rows.setdefault((region, service, name), known.price(service, name, region))
                except CostError:
                    continue  # not every service has every type; the bill asks for the right one
    return {
        "prices": {" ".join(key): _price(row, sources) for key, row in rows.items()},
        "instances": {name: _instance(name) for name in instances},
        "constants": constants(),
        "meanings": MEANINGS,
    }


def _instances(given: Configuration) -> set[str]:
    found = {getattr(part, "instance", "") for choice in given.choices for part in choice.parts.values()}
    return {name for name in found if name and split(name)}


def _instance(name: str) -> dict[str, Any]:
    cores = vcpus(name)
    return plain_json({"vcpus": cores, "memory_gib": memory_gib(name), "reserve": system_reserve(cores)})  # type: ignore[no-any-return]


def _price(row: Price, sources: Sources) -> dict[str, Any]:
    return {
        "name": row.name,
        "unit": row.unit,
        "per": row.per,
        "tiers": [plain_json(tier._asdict()) for tier in row.tiers],
        "published": row.published(),
        "note": sources.priced(row),
    }


def constants() -> dict[str, Any]:
    """The numbers of the cost model that are no prices; their sources stand beside them in `local/cost`."""
    return plain_json(  # type: ignore[no-any-return]
        {
            "fit": FIT,
            "lambda_mb_per_vcpu": LAMBDA_MB_PER_VCPU,
            "requests_per_environment": functions.REQUESTS_PER_ENVIRONMENT,
            "snapshot_hours": functions.SNAPSHOT_HOURS,
            "eks_pod_gb": fargate.EKS_POD_GB,
            "fargate_sizes": [[size, list(memories)] for size, memories in fargate.VALID_GB.items()],
            "http_api_unit": fronts.HTTP_API_UNIT,
            "free_rules": fronts.FREE_RULES,
            "capacity": {
                "alb": asdict(fronts.ALB),
                "alb_to_lambda": asdict(fronts.ALB_TO_LAMBDA),
                "nlb_tcp": asdict(fronts.NLB_TCP),
                "nlb_tls": asdict(fronts.NLB_TLS),
            },
            "proxy_least_vcpus": databases.PROXY_LEAST_VCPUS,
            "read_block": databases.READ_BLOCK,
            "write_block": databases.WRITE_BLOCK,
        }
    )
