"""The kept comparison as one table: what was measured of each service and of their mix, and where cost lines cross."""

from __future__ import annotations

from fractions import Fraction

from local import formatting
from local.cost.exact import dollars
from local.cost.exact import plain as digits
from local.cost.formulas import known
from local.measure import results
from local.measure.comparison.result import Comparison, comparison_of
from local.measure.results import Result
from local.report.summary import ComparedLines, lines_of

CONFIGURATIONS = ("lambda-url", "ecs-fargate", "eks-nodes")
"""Lambda first, which the containers are held against."""
TOP_RATE, AT_RATE = 2_000, Fraction(1_000)
"""Requests/s: up to where crossings are looked for, and where a million requests are priced."""
HEAD = (
    "service",
    "container: CPU ms a request",
    "requests/s a vCPU",
    "Lambda: CPU ms (handler + adapter + runtime)",
    "INIT ms",
    "cheaper than Lambda from, requests/s: ECS Fargate / EKS nodes",
    "Lambda: $ a million right",
    "cheapest container: $ a million right",
)


def compared() -> str:
    """Return the table of the comparison that comes with the project; without one, how to make it."""
    path = results.REFERENCE_RESULTS / "compare.json"
    if not path.exists():
        return "No comparison is kept yet: `make compare` measures one, and leaves it in `report/results/compare.json`."
    result = results.read(path, "compare")
    comparison = comparison_of(result)
    rows = [_row(service, comparison) for service in lines_of(comparison, TOP_RATE, CONFIGURATIONS)]
    return f"{formatting.markdown(HEAD, rows, right=1)}\n\n{_told(result)}"


def decision() -> str:
    """Return one sentence: up to which rate Lambda is the cheapest for the mix, and what is after that."""
    path = results.REFERENCE_RESULTS / "compare.json"
    if not path.exists():
        return "No comparison is kept yet: `make compare` measures one."
    result = results.read(path, "compare")
    mix = lines_of(comparison_of(result), TOP_RATE, CONFIGURATIONS)[-1]
    first, *later = mix.ranges
    if not later or first.until is None:
        return f"**Up to {TOP_RATE:,} requests/s choose {first.label}**, for {mix.name} of these services."
    second, *rest = later
    after = "".join(f", and {piece.label} from about {_about(piece.start)}" for piece in rest)
    return (
        f"> **Below about {_about(first.until)} requests/s choose {first.label}**, because it costs nothing at rest; "
        f"above, choose {second.label}{after}, because Lambda's fees then exceed its fixed "
        f"{_dollars(second.intercept)} an hour. Measured {result.at[:10]} for the three services in equal shares, "
        f"each in tasks of its own with one to spare, up to {TOP_RATE:,} requests/s, the storage tier left out; "
        "[yours will differ](docs/tutorial.md)."
    )


def _row(service: ComparedLines, comparison: Comparison) -> tuple[str, ...]:
    container, function = comparison.container.get(service.name), comparison.functions.get(service.name)
    cpu_ms = container.cpu_ms if container else None
    split = function.split_ms if function else None
    parts = [formatting.number(part.median) for part in (split.handler, split.adapter, split.runtime)] if split else []
    lambda_, *containers = (line.name for line in service.lines.values())
    prices = [price for name in containers if (price := service.million(name, AT_RATE)) is not None]
    crossings = [", ".join(digits(at.rate, 4) for at in service.crossings[name]) or "nowhere" for name in containers]
    return (
        service.name,
        formatting.spread(cpu_ms),
        formatting.number(1000 / cpu_ms.median) if cpu_ms else digits(1000 / known(service.mix.cpu_ms), 4),
        formatting.spread(function.cpu_ms if function else None) + (f" ({' + '.join(parts)})" if parts else ""),
        formatting.spread(function.init_ms if function else None),
        " / ".join(crossings),
        _dollars(service.million(lambda_, AT_RATE)),
        _dollars(min(prices, default=None)),
    )


def _told(result: Result) -> str:
    machine = result.machine
    where = [machine.get("processor"), f"{machine['cores']} cores" if "cores" in machine else "", machine.get("python")]
    commit = f", commit {result.commit}" if result.commit else ""
    return (
        f"Medians (lowest-highest run); crossings up to {TOP_RATE:,} requests/s, "
        f"dollars at {digits(AT_RATE)} requests/s, "
        "those of the mix out of its services' figures. "
        f"`{result.command}`, {result.at[:10]}, {', '.join(str(place) for place in where if place)}{commit}."
    )


def _about(rate: Fraction) -> str:
    return digits(rate, 2).lstrip("≈")


def _dollars(value: Fraction | None) -> str:
    return "-" if value is None else dollars(value, 3)
