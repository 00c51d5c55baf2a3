"""The kept comparison as one table: what was measured of each service and of their mix, and where cost lines cross."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from local.cost.exact import dollars
from local.cost.exact import plain as digits
from local.measure import results
from local.measure.comparison import schema
from local.measure.results import Result
from local.report.summary import Compared, lines_of

CONFIGURATIONS = ("lambda-url", "ecs-fargate", "eks-nodes")
"""Lambda first, which the containers are held against."""
TOP, AT = 2_000, Fraction(1_000)
"""Requests/s: up to where crossings are looked for, and where a million requests are priced."""
PARTS = ("handler", "adapter", "runtime")
HEAD = (
    "service",
    "container: CPU us a request",
    "requests/s a vCPU",
    f"Lambda: CPU ms ({' + '.join(PARTS)})",
    "INIT ms",
    "cheaper than Lambda from, requests/s: ECS Fargate / EKS nodes",
    "Lambda: $ a million right",
    "cheapest container: $ a million right",
)


def compared() -> str:
    """The table, out of the comparison that comes with the project; without one, how to make it."""
    path = results.KEPT / "compare.json"
    if not path.exists():
        return "No comparison is kept yet: `make compare` measures one, and leaves it in `report/results/compare.json`."
    result = results.read(path, "compare")
    schema.check(result)
    found = [_row(one, result) for one in lines_of(result, TOP, CONFIGURATIONS)]
    rows = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *found]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{_told(result)}"


def _row(one: Compared, result: Result) -> tuple[str, ...]:
    container = result.data.get("container", {}).get(one.name, {})
    function = result.data.get("lambda", {}).get(one.name, {})
    cpu_us, split = container.get("cpu_us"), function.get("split_ms", {})
    parts = [_figure(split[part]["median"]) for part in PARTS if part in split]
    lambda_, *containers = (line.name for line in one.lines.values())
    prices = [price for name in containers if (price := one.million(name, AT)) is not None]
    return (
        one.name,
        _spread(cpu_us),
        _figure(1e6 / cpu_us["median"]) if cpu_us and cpu_us["median"] else digits(1 / one.mix.vcpu_seconds, 4),
        _spread(function.get("cpu_ms")) + (f" ({' + '.join(parts)})" if parts else ""),
        _spread(function.get("init_ms")),
        " / ".join(", ".join(digits(each.rate, 4) for each in one.crossings[name]) or "nowhere" for name in containers),
        _dollars(one.million(lambda_, AT)),
        _dollars(min(prices, default=None)),
    )


def _told(result: Result) -> str:
    machine = result.machine
    where = [machine.get("processor"), f"{machine['cores']} cores" if "cores" in machine else "", machine.get("python")]
    commit = f", commit {result.commit}" if result.commit else ""
    return (
        f"Medians (lowest-highest run); crossings up to {TOP:,} requests/s, dollars at {digits(AT)} requests/s, "
        "those of the mix out of its services' figures. "
        f"`{result.command}`, {result.at[:10]}, {', '.join(str(each) for each in where if each)}{commit}."
    )


def _spread(spread: Mapping[str, Any] | None) -> str:
    if not spread:
        return "-"
    return f"{_figure(spread['median'])} ({_figure(spread['low'])}-{_figure(spread['high'])})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _dollars(value: Fraction | None) -> str:
    return "-" if value is None else dollars(value, 3)
