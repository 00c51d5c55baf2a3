"""Draw the page: everything that can be drawn beforehand, and the data and scripts with which it draws the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from local.cost.configuration import DEFAULT_REGION, Configuration
from local.cost.meanings import MEANINGS
from local.cost.price_book import PriceBook
from local.cost.resources.lambda_functions import LambdaFunctions
from local.cost.schema import settings
from local.cost.workload import LAMBDA_MB_PER_VCPU, Mix, ServiceWork
from local.errors import UserError
from local.files import write_atomically
from local.measure.comparison.result import Comparison, comparison_of
from local.measure.comparison.workloads import weights_of, workloads_of
from local.measure.results import Result
from local.report import chart, experiments, gap, measured, payload
from local.report.configurations import DRAWN, compared_configurations, in_region, storage_configurations, uses_storage
from local.report.inline import PAGE, START, import_map, json_safe, policy, vega
from local.report.sources import ASSUMED, MEASURED, Sources, day, describe_run

OPENING_RATE = 1000
"""Requests/s at which the page opens."""
TABLE_RATES = (1, 10, 100, 1_000, 10_000, 100_000)
TRAFFIC_FIELDS = ("cold_share", "requests_per_connection", "connection_seconds")
"""Fields of a workload that no run on one machine can measure: they belong to the traffic."""
TEMPLATE = "report.html"
HOURS_PER_DAY = 24


@dataclass(frozen=True)
class ReportInputs:
    """What a report compares."""

    workloads: Mapping[str, ServiceWork]
    configurations: Mapping[str, Configuration]
    storage: Mapping[str, Configuration]
    left_out: Sequence[str] = ()
    """What cannot be priced in the region, a line each."""


def render(compare: Result, results: Mapping[str, Result], book: PriceBook, region: str | None = None) -> str:
    """Return the whole page, one file that needs no network.

    Args:
        compare: The comparison.
        results: The last results of experiments, by kind.
        book: Where prices come from.
        region: AWS region whose prices are taken.

    Raises:
        UserError: The result holds no workload that can be priced, or nothing can be priced in the region.
    """
    comparison = comparison_of(compare)
    named = workloads_of(comparison)
    stored = storage_configurations(comparison.storage) if any(map(uses_storage, named.values())) else {}
    inputs = _in_region(ReportInputs(named, compared_configurations(), stored), region or DEFAULT_REGION, book)
    sources = Sources()
    for result in (compare, *(results[kind] for kind in experiments.KINDS if kind in results)):
        sources.measured(result)  # so that the runs come first among the notes
    data = _data(compare, comparison, inputs, book, sources)
    shown = [_experiment(kind, results.get(kind), sources) for kind in experiments.KINDS]
    assumptions = _assumptions(comparison, sources)
    gap_note = sources.note(MEASURED, f"{gap.SOURCE}; not by this run")
    data["notes"] = sources.notes
    style, modules = (PAGE / "style.css").read_text(), import_map()
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = prose
    return environment.get_template(TEMPLATE).render(
        compare=compare,
        description=describe_run(compare),
        day=day(compare),
        region=region or DEFAULT_REGION,
        left_out=inputs.left_out,
        run=sources.measured(compare),
        data=data,
        json=json_safe(data),
        mix=data["defaults"]["mix"],
        sizes=data["defaults"]["sizes"],
        style=style,
        vega=vega(),
        modules=modules,
        start=START,
        policy=policy([vega(), modules, START], [style]),
        tables=measured.platforms(comparison),
        splits=measured.splits(comparison),
        further=measured.conditions(comparison),
        discarded=list(measured.discarded(comparison)),
        stored=measured.stored(comparison.storage),
        experiments=shown,
        assumptions=assumptions,
        gap_table=gap.table(),
        gap_sentence=gap.sentence(),
        gap_note=gap_note,
        hours_per_day=HOURS_PER_DAY,
    )


def _in_region(inputs: ReportInputs, region: str, book: PriceBook) -> ReportInputs:
    mix = Mix.of([(workload, Fraction(1)) for workload in inputs.workloads.values()])
    compared, left_out = in_region(inputs.configurations, region, book, mix)
    if not compared:
        raise UserError(f"--region: {left_out[0]}")
    stored, also = in_region(inputs.storage, region, book, mix)
    return replace(inputs, configurations=compared, storage=stored, left_out=tuple(dict.fromkeys([*left_out, *also])))


def prose(text: str) -> Markup:
    """Return a text as HTML, what stands in backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def _data(
    compare: Result, comparison: Comparison, inputs: ReportInputs, book: PriceBook, sources: Sources
) -> dict[str, Any]:
    weights = weights_of(comparison, inputs.workloads)
    total = sum(weights.values())
    assumed = _assumed_fields(comparison, sources)
    everything = {**inputs.configurations, **inputs.storage}
    bills = payload.Bills(book, sources, payload.open_mix(inputs.workloads))
    described = {key: _configuration(key, one, bills) for key, one in everything.items()}
    return {
        "configurations": [described[key] for key in inputs.configurations],
        "storage": [{**described[key], "shown": True} for key in inputs.storage],
        "nodes": bills.table.nodes,
        "bills": bills.bills,
        "prices": bills.prices,
        "meanings": MEANINGS,
        "lambda_mb_per_vcpu": payload.plain_json(LAMBDA_MB_PER_VCPU),
        "configuration_notes": {
            key: sources.note(ASSUMED, f"{one.name}: {one.heading.source}") for key, one in everything.items()
        },
        "workloads": payload.workloads(inputs.workloads),
        "workload_fields": payload.workload_fields(),
        "workload_notes": {name: sources.of_workload(one, compare) for name, one in inputs.workloads.items()},
        "workload_kinds": {
            name: {"": MEASURED if one.measured else ASSUMED, **dict.fromkeys(assumed, ASSUMED)}
            for name, one in inputs.workloads.items()
        },
        "assumed_notes": assumed,
        "right": {
            platform: {name: answers._asdict() for name, answers in measured.right_answers(figures).items()}
            for platform, figures in (("container", comparison.container), ("lambda", comparison.functions))
        },
        "spec": chart.spec({key: one.name for key, one in inputs.configurations.items()}, y_title="$ a month"),
        "storage_spec": chart.spec({key: one.name for key, one in inputs.storage.items()}, y_title="$ a month"),
        "memory_spec": chart.memory_spec(),
        "crossing_spec": chart.crossing_spec(),
        "from_rate": chart.MIN_RATE,
        "to_rate": chart.MAX_RATE,
        "table_rates": TABLE_RATES,
        "defaults": {
            "rate": OPENING_RATE,
            "duty": 1,
            "hours_a_day": HOURS_PER_DAY,
            "outside": "off",
            "memory_mb": None,
            "utilisation": _utilisation(inputs),
            "speed": 1,
            "mix": {name: payload.plain_json(weight / total * 100) for name, weight in weights.items()},
            "sizes": _memory_sizes(inputs),
        },
    }


def _configuration(key: str, configuration: Configuration, bills: payload.Bills) -> dict[str, Any]:
    style = chart.STYLES.get(key, chart.PLAIN_STYLE)
    return {**bills.configuration(key, configuration), "shown": key in DRAWN, "style": style}


def _assumed_fields(comparison: Comparison, sources: Sources) -> dict[str, int]:
    """Return the fields of a workload that were not measured, each with its note."""
    plainly = sources.note(ASSUMED, "no run on one machine can measure this of the traffic")
    said = {one["key"]: one["note"] for one in _assumptions(comparison, sources) if one["key"] in settings(ServiceWork)}
    return {**dict.fromkeys(TRAFFIC_FIELDS, plainly), **said}


def _memory_sizes(inputs: ReportInputs) -> list[int]:
    """Return the sizes that were measured, and those that the configurations list."""
    measured_sizes = {int(size) for one in inputs.workloads.values() for size in payload.plain_json(one.lambda_ms)}
    resources = [
        resource
        for configuration in inputs.configurations.values()
        for choice in configuration.choices
        for resource in choice.resources.values()
    ]
    listed = {payload.plain_json(one.memory_mb) for one in resources if isinstance(one, LambdaFunctions)}
    return sorted(measured_sizes | listed)


def _utilisation(inputs: ReportInputs) -> Any:
    """Return the target of the fleets, as the first configuration that has one has it."""
    for configuration in inputs.configurations.values():
        for resource in configuration.choices[0].resources.values():
            if hasattr(resource, "spare") and hasattr(resource, "utilisation"):
                return payload.plain_json(resource.utilisation)
    return None


def _experiment(kind: str, result: Result | None, sources: Sources) -> dict[str, Any]:
    title, command = experiments.KINDS[kind]
    if result is None:
        return {"kind": kind, "title": title, "command": command, "tables": [], "note": None, "day": ""}
    return {
        "kind": kind,
        "title": title,
        "command": result.command,
        "tables": list(experiments.tables(result.data)),
        "note": sources.measured(result),
        "day": day(result),
    }


def _assumptions(comparison: Comparison, sources: Sources) -> list[dict[str, Any]]:
    assumptions = []
    for assumption in comparison.assumptions:
        name, why = experiments.words(assumption.name), experiments.shortened(assumption.why)
        value = f"{experiments.cell(assumption.value).text} {experiments.shortened(assumption.unit)}".strip()
        note = sources.note(ASSUMED, f"{name}: {why}")
        assumptions.append({"key": assumption.name, "name": name, "value": value, "why": why, "note": note})
    return assumptions


def write(page: str, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        write_atomically(path, page)
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}; name another file with --output") from None
