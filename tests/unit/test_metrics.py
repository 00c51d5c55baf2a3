"""Figures of the container, for Prometheus and for people."""

from __future__ import annotations

from typing import NamedTuple

from container.metrics import Figures, Metrics
from crossover.responses import Envelope
from crossover.runner import Unavailable
from crossover.seam import Invalid
from crossover.settings import Identity


class Pool(NamedTuple):
    in_use: int
    reconnects: int


def counted() -> Metrics:
    metrics = Metrics()
    envelope = Envelope(Identity())
    for response in (
        envelope.result(b"1"),
        envelope.result(b"2"),
        envelope.invalid(Invalid("length", "too long")),
        envelope.unavailable(Unavailable("asleep")),
    ):
        metrics.observe("echo", response)
    metrics.figures = [Figures("pool", "echo", lambda: Pool(3, 7), frozenset({"in_use"}))]
    return metrics


def test_answers_are_counted_by_outcome_and_pools_are_read_when_asked() -> None:
    assert counted().status() == {
        "answers": {"echo": {"503": 1, "length": 1, "ok": 2}},
        "stores": {"echo": {"pool": {"in_use": 3, "reconnects": 7}}},
    }


def test_prometheus_gets_counters_and_gauges() -> None:
    lines = counted().text().decode().splitlines()
    assert 'crossover_answers_total{outcome="ok",service="echo"} 2.0' in lines
    assert 'crossover_pool_in_use{service="echo"} 3.0' in lines
    assert 'crossover_pool_reconnects_total{service="echo"} 7.0' in lines
    assert "# TYPE crossover_pool_in_use gauge" in lines
