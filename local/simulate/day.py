"""The comparison of platforms over one period: rows for a terminal, a document or a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.formatting import number
from local.simulate.faults import Effect
from local.simulate.run import Outcome
from local.simulate.traffic import Traffic

HEAD = (
    "platform", "$ a day", "$ a month", "p50 ms", "p95 ms", "p99 ms", "cold start %", "new pod %", "new node %",
    "refused %", "lost %", "utilisation %",
)  # fmt: skip


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Return a row for each platform, under `HEAD`."""
    return [
        (
            one.name,
            f"{one.money.day:,.2f}",
            f"{one.money.month:,.0f}",
            *(number(one.latency_ms[name]) for name in ("p50", "p95", "p99")),
            *(number(one.shares[name] * 100) for name in ("cold", "pod", "node", "refused", "lost")),
            number(one.utilisation * 100),
        )
        for one in outcomes
    ]


def cheapest_hours(outcomes: Sequence[Outcome], traffic: Traffic) -> dict[str, list[int]]:
    """Return for each platform the hours of the day in which it is the cheapest."""
    hours: dict[str, list[int]] = {one.platform: [] for one in outcomes}
    for at in range(min(len(one.hours) for one in outcomes)):
        least = min(outcomes, key=lambda one: one.hours[at])
        hours[least.platform].append((at + int(traffic.start // 3600)) % 24)
    return hours


def spans(hours: Sequence[int]) -> str:
    """Return hours as spans.

    >>> spans([0, 1, 2, 7])
    '00-03, 07-08'
    """
    samples: list[list[int]] = []
    for hour in sorted(set(hours)):
        if samples and samples[-1][1] == hour:
            samples[-1][1] = hour + 1
        else:
            samples.append([hour, hour + 1])
    return ", ".join(f"{begin:02}-{end:02}" for begin, end in samples) or "none"


def effect_rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Return what each fault did to each platform: fault, platform, requests lost, how long it was felt."""
    return [
        (effect.fault.name, one.name, number(round(effect.lost)), _felt(effect))
        for at in range(len(outcomes[0].effects))
        for one in outcomes
        for effect in [one.effects[at]]
    ]


def _felt(effect: Effect) -> str:
    return f"{effect.seconds / 60:.0f} min" if effect.seconds else "under a minute"


def as_json(traffic: Traffic, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return everything but the samples as plain values."""
    return {
        "traffic": {
            "name": traffic.name,
            "requests": traffic.requests,
            "peak": traffic.peak,
            "mean": traffic.mean,
            "seconds": traffic.seconds,
        },
        "platforms": [
            {
                "platform": one.platform,
                "name": one.name,
                "model": one.model,
                "day": one.money.day,
                "month": one.money.month,
                "items_month": one.money.items,
                "latency_ms": one.latency_ms,
                "shares": one.shares,
                "utilisation": one.utilisation,
                "mean_units": one.units,
                "mean_nodes_or_provisioned": one.nodes,
                "hours": list(one.hours),
                "faults": [
                    {"fault": effect.fault.name, "lost": effect.lost, "seconds": effect.seconds}
                    for effect in one.effects
                ],
            }
            for one in outcomes
        ],
        "cheapest_hours": cheapest_hours(outcomes, traffic),
    }
