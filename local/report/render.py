"""Draws the page: everything that can be drawn beforehand, and the data and scripts with which it draws the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.cost.book import Book
from local.cost.configuration import PARTS, Configuration
from local.cost.schema import settings
from local.cost.work import Work
from local.measure.results import Result
from local.report import chart, experiments, measured, payload, works
from local.report.inline import PAGE, bundled, json_safe, policy, replace, vega
from local.report.scenario import HOURS_PER_DAY
from local.report.sources import ASSUMED, Sources, day, told

RATE = 1000
"""Requests/s at which the page opens."""
TABLE_RATES = (1, 10, 100, 1_000, 10_000, 100_000)
NOT_MEASURED = ("cold_share", "requests_per_connection", "connection_seconds")
"""Fields of a work that no run on one machine can measure: they belong to the traffic."""
TEMPLATE = "report.html"


@dataclass(frozen=True)
class Compared:
    """What a report compares."""

    works: Mapping[str, Work]
    configurations: Mapping[str, Configuration]
    storage: Mapping[str, Configuration]


def render(compare: Result, results: Mapping[str, Result], book: Book) -> str:
    """The whole page, out of a `compare` result and the last results of experiments by kind. One file, no network.

    Raises `local.errors.UserError` where the result holds no work that can be priced.
    """
    found = works.works_of(compare)
    stored = works.storage(compare) if any(map(works.uses_storage, found.values())) else {}
    compared = Compared(found, works.compared(), stored)
    sources = Sources()
    for result in (compare, *(results[kind] for kind in experiments.KINDS if kind in results)):
        sources.measured(result)  # so that the runs come first among the notes
    data = _data(compare, compared, book, sources)
    shown = [_experiment(kind, results.get(kind), sources) for kind in experiments.KINDS]
    assumptions = _assumptions(compare, sources)
    data["notes"] = sources.notes
    style, script = (PAGE / "style.css").read_text(), bundled("main")
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(TEMPLATE).render(
        compare=compare,
        told=told(compare),
        day=day(compare),
        run=sources.measured(compare),
        data=data,
        json=json_safe(data),
        mix=data["defaults"]["mix"],
        sizes=data["defaults"]["sizes"],
        style=style,
        vega=vega(),
        script=script,
        policy=policy([vega(), script], [style]),
        tables=measured.tables(compare.data),
        splits=measured.splits(compare.data),
        further=list(experiments.tables(measured.further(compare.data))),
        discarded=list(measured.discarded(compare.data)),
        stored=list(experiments.tables(measured.table_at(compare.data, "storage"), "What the Twitter store held")),
        experiments=shown,
        assumptions=assumptions,
        hours_per_day=HOURS_PER_DAY,
    )


def _data(compare: Result, compared: Compared, book: Book, sources: Sources) -> dict[str, Any]:
    everything = {**compared.configurations, **compared.storage}
    weights = works.weights_of(compare, compared.works)
    total = sum(weights.values())
    assumed = _assumed_fields(compare, sources)
    sizes = sorted(
        {int(size) for work in compared.works.values() for size in work.lambda_ms} | set(_listed_sizes(compared))
    )
    return {
        "book": payload.book(book, everything.values(), sources),
        "configurations": [
            {
                **payload.configuration(key, one),
                "shown": key in works.SHOWN,
                "style": chart.STYLES.get(key, chart.PLAIN),
            }
            for key, one in compared.configurations.items()
        ],
        "storage": [
            {**payload.configuration(key, one), "shown": True, "style": chart.STYLES.get(key, chart.PLAIN)}
            for key, one in compared.storage.items()
        ],
        "configuration_notes": {
            key: sources.note(ASSUMED, f"{one.name}: {one.heading.source}") for key, one in everything.items()
        },
        "works": payload.works(compared.works),
        "work_fields": payload.work_fields(),
        "work_notes": {name: sources.of_work(work, compare) for name, work in compared.works.items()},
        "work_kinds": {
            name: {"": "measured" if work.measured else ASSUMED, **dict.fromkeys(assumed, ASSUMED)}
            for name, work in compared.works.items()
        },
        "assumed_notes": assumed,
        "setting_fields": {name: payload.setting_fields(part) for name, part in PARTS.items()},
        "right": measured.right(compare.data),
        "spec": chart.spec({key: one.name for key, one in compared.configurations.items()}, y_title="$ an hour"),
        "storage_spec": chart.spec({key: one.name for key, one in compared.storage.items()}, y_title="$ an hour"),
        "from_rate": chart.FROM_RATE,
        "to_rate": chart.TO_RATE,
        "table_rates": TABLE_RATES,
        "defaults": {
            "rate": RATE,
            "duty": 1,
            "hours_a_day": HOURS_PER_DAY,
            "outside": "off",
            "memory_mb": None,
            "utilisation": _utilisation(compared),
            "speed": 1,
            "mix": {name: payload.plain_json(weight / total * 100) for name, weight in weights.items()},
            "sizes": sizes,
        },
    }


def _assumed_fields(compare: Result, sources: Sources) -> dict[str, int]:
    """Fields of a work that were not measured, each with its note: what the result says of them, or what we do."""
    plainly = sources.note(ASSUMED, "no run on one machine can measure this of the traffic")
    given = {one["key"]: one["note"] for one in _assumptions(compare, sources) if one["key"] in settings(Work)}
    return {**dict.fromkeys(NOT_MEASURED, plainly), **given}


def _listed_sizes(compared: Compared) -> set[int]:
    return {
        choice.parts["lambda"].memory_mb  # type: ignore[attr-defined]
        for one in compared.configurations.values()
        for choice in one.choices
        if "lambda" in choice.parts
    }


def _utilisation(compared: Compared) -> Any:
    """The target of the fleets, as the first configuration that has one has it."""
    for one in compared.configurations.values():
        for part in one.choices[0].parts.values():
            if hasattr(part, "spare") and hasattr(part, "utilisation"):
                return payload.plain_json(part.utilisation)
    return None


def _experiment(kind: str, result: Result | None, sources: Sources) -> dict[str, Any]:
    title, command = experiments.KINDS[kind]
    if result is None:
        return {"kind": kind, "title": title, "command": command, "tables": [], "told": "", "note": None, "day": ""}
    return {
        "kind": kind,
        "title": title,
        "command": result.command,
        "tables": list(experiments.tables(result.data)),
        "told": told(result),
        "note": sources.measured(result),
        "day": day(result),
    }


def _assumptions(compare: Result, sources: Sources) -> list[dict[str, Any]]:
    given = compare.data.get("assumptions")
    found = []
    for one in given if isinstance(given, list) else ():
        if isinstance(one, Mapping):
            name, why = experiments.words(one.get("name", "")), str(one.get("why", ""))[:500]
            value = f"{experiments.cell(one.get('value')).text} {str(one.get('unit') or '')[:40]}".strip()
            found.append(
                {
                    "key": str(one.get("name")),
                    "name": name,
                    "value": value,
                    "why": why,
                    "note": sources.note(ASSUMED, f"{name}: {why}"),
                }
            )
    return found


def write(page: str, path: Path) -> None:
    """Writes the page, whole or not at all."""
    from local.errors import UserError

    try:
        replace(path, page)
    except OSError as problem:
        raise UserError(f"cannot write {path}: {problem.strerror}; name another file with --output") from None
