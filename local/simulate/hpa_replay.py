"""The simulation's autoscaler against a real one: the readings of an HPA's status, given to the model one by one. Pure.

An HPA writes its CPU reading and the replicas that it wants into its status together, so the model is asked at each row
with the reading, the replicas and the pods of that row, and has to want what the HPA wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, ValidationError, convert

from local.simulate.error_check import ErrorCheck
from local.simulate.hpa import UP, Autoscaler, Behaviour, Policy

WRONG_LIMIT = 5.0
"""Percent of the rows: the status is read between two of its updates now and then."""


class HpaReading(Struct, frozen=True):
    """An HPA's status at one moment."""

    s: float
    """Seconds since the first."""
    rate: float
    """Requests/s that are sent."""
    desired: int
    current: int
    ready: int
    percent: int | None
    """Mean CPU of the pods over their request; None where it has no reading yet."""


class HpaSeries(Struct, frozen=True):
    """What `make test-cluster` keeps of an HPA: its settings and its readings."""

    target: float
    minimum: int
    maximum: int
    up_seconds: float
    down_seconds: float
    rows: list[HpaReading]


def series_of(data: Mapping[str, Any]) -> HpaSeries | None:
    """Return the series in a result of the kind `cluster`; None where it has none that can be used."""
    try:
        series = convert(data.get("autoscaler"), HpaSeries)
    except ValidationError:
        return None
    return series if series.rows else None


def replayed(series: HpaSeries) -> list[int]:
    """Return the replicas that the model wants at each row."""
    model = Autoscaler(
        series.target,
        series.minimum,
        series.maximum,
        up=Behaviour(UP, series.up_seconds),
        down=Behaviour((Policy("percent", 100.0),), series.down_seconds),
    )
    return [model.decide(row.s, row.current, row.percent, row.ready) for row in series.rows]


def against_cluster(series: HpaSeries) -> ErrorCheck:
    """Return the share of rows at which the model wants other replicas than the HPA wanted."""
    wanted, real = replayed(series), [row.desired for row in series.rows]
    wrong = sum(one != other for one, other in zip(wanted, real, strict=True)) / len(real) * 100
    about = f"an HPA in a real cluster over {series.rows[-1].s - series.rows[0].s:.0f} s, given its own CPU readings"
    changes = f"{_listed(_changes(series, wanted))}; real: {_listed(_changes(series, real))}"
    return ErrorCheck("replicas of the HPA", about, wrong, WRONG_LIMIT, changes)


def _changes(series: HpaSeries, replicas: list[int]) -> list[tuple[float, int]]:
    """Return when the wanted replicas changed, and to what."""
    return [
        (row.s, now) for row, before, now in zip(series.rows[1:], replicas, replicas[1:], strict=False) if now != before
    ]


def _listed(changes: list[tuple[float, int]]) -> str:
    return ", ".join(f"{replicas} at {at:.0f} s" for at, replicas in changes) or "no change"
