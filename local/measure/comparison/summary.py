"""A comparison as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import RenderableType
from rich.table import Table

from local import formatting
from local.measure.comparison.result import Comparison, ContainerFigures, FunctionFigures

SIZES = ("128", "512", "1769")
"""Memory sizes that have a row, in MB."""
PARTS = ("handler", "adapter", "runtime")


def draw(comparison: Comparison) -> Iterator[RenderableType]:
    """Draw its tables and remarks."""
    if comparison.container:
        yield _measured(comparison)
    rounds = comparison.rounds
    if rounds and rounds.done:
        remaining = len(rounds.unconverged)
        spread = f"; {remaining} figures spread more than {rounds.tolerance:.0%}" if remaining else ""
        yield f"{rounds.done} rounds in {rounds.seconds:g} s, ended by: {rounds.ended}{spread}"
        yield comparison.placing
    for name, container in comparison.container.items():
        if container.latency_ms is None:
            yield f"{name}: latencies discarded, the generator was late in every load; CPU figures count all the same"
    discarded = sum(len(container.discarded) for container in comparison.container.values())
    if discarded:
        yield f"{discarded} times a load, or its latencies, did not count; the result says why"
    for finding in comparison.findings:
        yield f"{finding.kind}: {finding.detail}"
    for service, mark in comparison.calibrated.items():
        yield f"{service}: durations at {', '.join(mark.memory)} MB from {mark.lines:,} lines of {mark.file}"


def _measured(comparison: Comparison) -> Table:
    """Draw a column for each service and for the mix."""
    names = list(comparison.container)
    table = formatting.table("Measured: medians (lowest to highest run)", ("",), names)
    containers = [comparison.container[name] for name in names]
    functions = [comparison.functions.get(name) for name in names]

    def row(title: str, of_container: Callable[[ContainerFigures], str]) -> None:
        table.add_row(title, *map(of_container, containers))

    def function_row(title: str, of_function: Callable[[FunctionFigures], str]) -> None:
        table.add_row(title, *(of_function(function) if function else "" for function in functions))

    answers = zip(containers, functions, strict=True)
    table.add_row("right answers", *(f"{a.right + (b.right if b else 0):,}" for a, b in answers))
    row("container: CPU ms", lambda container: formatting.spread(container.cpu_ms))
    row("requests/s/vCPU", lambda container: f"{1000 / (container.cpu_ms.median or 1):,.0f}")
    row("p99 ms (at /s)", _p99)
    row("peak MB", lambda container: f"{container.peak_mb:.0f}")
    function_row("Lambda: CPU ms", lambda function: formatting.spread(function.cpu_ms))
    for part in PARTS if any(function and function.split_ms for function in functions) else ():
        function_row(f"  of it {part}", lambda function, part=part: _part(function, part))  # type: ignore[misc]
    for size in SIZES:
        function_row(f"ms with {int(size):,} MB", lambda function, size=size: _duration(function, size))  # type: ignore[misc]
    function_row("INIT ms", lambda function: formatting.spread(function.init_ms))
    return table


def _p99(container: ContainerFigures) -> str:
    return f"{container.latency_ms.p99:.2f} ({container.rate:,.0f})" if container.latency_ms else "discarded"


def _part(function: FunctionFigures, part: str) -> str:
    return formatting.number(getattr(function.split_ms, part).median) if function.split_ms else ""


def _duration(function: FunctionFigures, size: str) -> str:
    return formatting.spread(function.memory[size].duration_ms) if size in function.memory else ""
