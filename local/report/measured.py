"""What the run itself measured, as rows for the page's tables. Missing parts are left out, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.report.experiments import Cell, Table, cell, shortened, spread_of, words

PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")
PLACED = ("works", "mix", "container", "lambda", "storage", "assumptions")
"""Parts of a result that have a place of their own in the page."""
MAX_MS = 1e9
SPLIT = ("handler", "adapter", "runtime")


def table_at(data: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Return the table at a path of a result; an empty one where there is none."""
    found: Any = data
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def tables(data: Mapping[str, Any]) -> list[Table]:
    """Return the tables of what was measured, as far as it was."""
    return [table for table in (container(data), functions(data), starts(data)) if table]


def container(data: Mapping[str, Any]) -> Table | None:
    """Return the container under load, a row for each service and for the mix."""
    rows = []
    for name, run in table_at(data, "container").items():
        if not isinstance(run, Mapping):
            continue
        latency = table_at(run, "latency_ms")
        rows.append(
            (
                Cell(str(name)),
                *(cell(run.get(key)) for key in ("rate", "cpu_ms")),
                *(cell(latency.get(key)) for key in PERCENTILES),
                *(cell(run.get(key)) for key in ("requests", "right", "wrong", "errors", "peak_mb", "start_ms")),
                *(cell(run.get(key)) for key in ("bytes_in", "bytes_out")),
            )
        )
    head = ("service", "requests/s", "CPU, ms a request", *(f"{name}, ms" for name in PERCENTILES))
    head += ("requests", "right", "wrong", "errors", "peak MB", "start, ms", "bytes in", "bytes out")
    return Table("The container under load", head, tuple(rows)) if rows else None


def functions(data: Mapping[str, Any]) -> Table | None:
    """Return Lambda's durations by memory, a row for each service and size."""
    rows = [
        (
            Cell(str(name)),
            Cell(f"{size} MB"),
            *(cell(run.get(key)) for key in ("duration_ms", "billed_ms", "peak_mb")),
        )
        for name, one in table_at(data, "lambda").items()
        for size, run in table_at(one, "memory").items()
        if isinstance(run, Mapping)
    ]
    head = ("service", "memory", "duration, ms", "billed, ms", "peak MB")
    return Table("Lambda, one environment at a time", head, tuple(rows)) if rows else None


def starts(data: Mapping[str, Any]) -> Table | None:
    """Return cold starts, and what was counted."""
    keys = ("init_ms", "cpu_ms", "requests", "right", "wrong", "errors", "event_bytes", "answer_bytes")
    rows = [
        (Cell(str(name)), *(cell(one.get(key)) for key in keys))
        for name, one in table_at(data, "lambda").items()
        if isinstance(one, Mapping)
    ]
    head = ("service", "INIT, ms", "CPU, ms a request", *map(words, keys[2:]))
    return Table("Cold starts and answers on Lambda", head, tuple(rows)) if rows else None


def splits(data: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, float, str]]]]:
    """Return where a warm invocation's time goes: for each service its parts, with milliseconds and spread."""
    found = []
    for name, one in table_at(data, "lambda").items():
        parts = []
        for part in SPLIT:
            value = table_at(one, "split_ms").get(part)
            median = spread_of(value)["median"] if spread_of(value) else value  # type: ignore[index]
            if isinstance(median, int | float) and 0 <= median < MAX_MS:
                parts.append((part, float(median), cell(value).detail))
        if parts:
            found.append((str(name), parts))
    return found


def further(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else the run recorded: how many rounds, on which cores, what was calibrated."""
    return {key: value for key, value in data.items() if key not in PLACED}


def discarded(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield loads that do not count, or whose latencies do not, with the reason."""
    for name, run in table_at(data, "container").items():
        reasons = run.get("discarded") if isinstance(run, Mapping) else None
        for reason in reasons if isinstance(reasons, list) else ():
            yield f"{name}: {shortened(str(reason))}"


def right_answers(data: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each platform and service how many answers were right, of how many requests."""
    found: dict[str, dict[str, dict[str, float]]] = {"container": {}, "lambda": {}}
    for platform, services in found.items():
        for name, run in table_at(data, platform).items():
            counts = [run.get(key) if isinstance(run, Mapping) else None for key in ("right", "wrong", "errors")]
            known = [count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count >= 0]
            if len(known) == len(counts) and known[0] > 0:
                services[str(name)] = {"right": known[0], "asked": sum(known)}
    return found
