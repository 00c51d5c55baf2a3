"""What `/metrics` and `/status` show: answers by outcome, and the figures of every store's pool and merging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from crossover.responses import Response


class Figures(NamedTuple):
    """Where figures come from: `read` gives a named tuple of numbers, of which `gauges` are those that also fall."""

    name: str
    service: str
    read: Callable[[], Any]
    gauges: frozenset[str]


class Metrics:
    """Counts answers as they go out, and reads everything else when somebody asks."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str]] = Counter()
        self.figures: list[Figures] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def observe(self, service: str, response: Response) -> None:
        """Counts an answer. Its outcome is `ok`, the CODE of its reason, or its status where that is not 200."""
        outcome = "ok"
        if response.status != 200:
            outcome = str(response.status)
        elif len(response.headers) > 2:
            outcome = dict(response.headers)[b"x-invalid-reason"].partition(b":")[0].decode()
        self._answers[service, outcome] += 1

    def collect(self) -> Iterator[Metric]:
        """The metrics as prometheus_client asks for them."""
        answers = CounterMetricFamily(
            "crossover_answers", "Answers by service and outcome.", labels=("service", "outcome")
        )
        for labels, count in sorted(self._answers.items()):
            answers.add_metric(labels, count)
        yield answers
        for figures in self.figures:
            for name, value in figures.read()._asdict().items():
                kind = GaugeMetricFamily if name in figures.gauges else CounterMetricFamily
                family = kind(f"crossover_{figures.name}_{name}", f"{figures.name}: {name}", labels=("service",))
                family.add_metric((figures.service,), value)
                yield family

    def text(self) -> bytes:
        """All of it in Prometheus' text format, of this worker."""
        return generate_latest(self._registry)

    def status(self) -> dict[str, Any]:
        """All of it as JSON, of this worker."""
        answers: dict[str, dict[str, int]] = {}
        for (service, outcome), count in sorted(self._answers.items()):
            answers.setdefault(service, {})[outcome] = count
        stores: dict[str, dict[str, Any]] = {}
        for figures in self.figures:
            stores.setdefault(figures.service, {})[figures.name] = figures.read()._asdict()
        return {"answers": answers, "stores": stores}
