"""What the comparison measured, as rows for the page's tables. A part that was not measured is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from msgspec import to_builtins

from local.measure.comparison.result import Comparison, ContainerFigures, FunctionFigures, Storage
from local.report.experiments import Cell, Table, cell, shortened, tables

STORED = "What the Twitter store held"
"""The title of the store's table."""


class RightAnswers(NamedTuple):
    """How many requests were answered right, of how many."""

    right: int
    asked: int

    @property
    def share(self) -> Fraction:
        """Return the share of right answers, over 0."""
        return Fraction(self.right, self.asked)


def platforms(comparison: Comparison) -> list[Table]:
    """Return the tables of the two platforms, as far as they were measured."""
    drawn = (container(comparison), durations(comparison), starts(comparison))
    return [table for table in drawn if table.rows]


def container(comparison: Comparison) -> Table:
    """Return the container under load, a row for each service and for the mix."""
    head = ("service", "requests/s", "CPU, ms a request", *(f"{name}, ms" for name in ("p50", "p90", "p99", "p99.9")))
    head += ("max, ms", "requests", "right", "wrong", "errors", "peak MB", "start, ms", "bytes in", "bytes out")
    rows = []
    for name, run in comparison.container.items():
        late = run.latency_ms
        latencies = (late.p50, late.p90, late.p99, late.p999, late.max) if late else (None,) * 5
        counts = (run.requests, run.right, run.wrong, run.errors)
        sizes = (run.peak_mb, run.start_ms, run.bytes_in, run.bytes_out)
        rows.append((Cell(name), *map(cell, (run.rate, run.cpu_ms, *latencies, *counts, *sizes))))
    return Table("The container under load", head, tuple(rows))


def durations(comparison: Comparison) -> Table:
    """Return Lambda's durations by memory, a row for each service and size."""
    head = ("service", "memory", "duration, ms", "billed, ms", "peak MB")
    rows = [
        (Cell(name), Cell(f"{size} MB"), cell(run.duration_ms), cell(run.billed_ms), cell(run.peak_mb))
        for name, function in comparison.functions.items()
        for size, run in function.memory.items()
    ]
    return Table("Lambda, one environment at a time", head, tuple(rows))


def starts(comparison: Comparison) -> Table:
    """Return cold starts, and what was counted."""
    counted = ("requests", "right", "wrong", "errors", "event bytes", "answer bytes")
    head = ("service", "INIT, ms", "CPU, ms a request", *counted)
    rows = []
    for name, run in comparison.functions.items():
        counts = (run.requests, run.right, run.wrong, run.errors)
        figures = (run.init_ms, run.cpu_ms, *counts, run.event_bytes, run.answer_bytes)
        rows.append((Cell(name), *map(cell, figures)))
    return Table("Cold starts and answers on Lambda", head, tuple(rows))


def splits(comparison: Comparison) -> list[tuple[str, list[tuple[str, float, str]]]]:
    """Return where a warm invocation's time goes: for each service its parts, with milliseconds and spread."""
    rows = []
    for name, function in comparison.functions.items():
        if split := function.split_ms:
            parts = (("handler", split.handler), ("adapter", split.adapter), ("runtime", split.runtime))
            rows.append((name, [(part, spread.median, cell(spread).detail) for part, spread in parts]))
    return rows


def conditions(comparison: Comparison) -> list[Table]:
    """Return how the comparison ran: how many rounds, on which cores, what was calibrated."""
    parts = {
        "rounds": comparison.rounds,
        "placing": comparison.placing,
        "emulator": comparison.emulator,
        "calibrated": comparison.calibrated,
        "findings": comparison.findings,
    }
    return list(tables(to_builtins({name: part for name, part in parts.items() if part})))


def stored(storage: Storage | None) -> list[Table]:
    """Return what the store held."""
    figures = to_builtins(storage) if storage else {}
    return list(tables({name: figure for name, figure in figures.items() if figure is not None}, STORED))


def discarded(comparison: Comparison) -> Iterator[str]:
    """Yield loads that do not count, or whose latencies do not, with the reason."""
    for name, run in comparison.container.items():
        for reason in run.discarded:
            yield f"{name}: {shortened(reason)}"


def right_answers(platform: Mapping[str, ContainerFigures | FunctionFigures]) -> dict[str, RightAnswers]:
    """Return the right answers of each service on a platform that gave any."""
    return {
        name: RightAnswers(run.right, run.right + run.wrong + run.errors) for name, run in platform.items() if run.right
    }
