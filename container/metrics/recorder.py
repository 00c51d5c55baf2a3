"""Records what a worker does, with prometheus_client, in batches that cost a request next to nothing.

One worker keeps its metrics in memory. Several workers of a server share them in prometheus_client's multiprocess mode:
each writes into mapped files of its own in a folder, and the worker that is asked adds up all of them. Both modes have
the same code here; `container.metrics.multiprocess` decides which it is.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from container.metrics import families, multiprocess
from container.metrics.families import BUCKETS, NO_COUNTERPART, REASONS, STATUSES, Family
from crossover.asgi import Headers
from crossover.protocol import INVALID_REASON
from crossover.responses import Response
from crossover.seam import Service

BATCH = 128
"""Answers that are counted together, unless the second is over before."""
OTHER = "other"
"""The code of a reason that a service did not announce."""
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Figures(NamedTuple):
    """A source of figures: `read` returns a named tuple of numbers, of which `gauges` are those that also fall.

    They are shown as `crossover_NAME_FIELD` with the label `service`.
    """

    name: str
    service: str
    read: Callable[[], Any]
    gauges: frozenset[str]


class BatchedHistogram(Histogram):
    """A histogram that takes many observations at the price of one per bucket."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Observe every amount. Uses the values that `Histogram.observe` itself adds to, one observation at a time."""
        bounds = self._upper_bounds
        for index, count in Tally([bisect_left(bounds, amount) for amount in amounts]).items():
            self._buckets[index].inc(count)
        self._sum.inc(sum(amounts))


class ServiceMetrics:
    """The answers of one service. `answered` and `invalid` are on the path of every request."""

    def __init__(self, service: Service, answers: Counter, invalids: Counter, duration: BatchedHistogram) -> None:
        self._answers, self._name = answers, service.name
        self._statuses = {status: answers.labels(service.name, str(status)) for status in STATUSES}
        self._codes = {code: invalids.labels(service.name, code) for code in (*service.reasons, OTHER)}
        self._duration = duration.labels(service.name)
        self._durations: list[float] = []
        """Of answers with status 200 that are not counted yet, as are the `_reasons`."""
        self._reasons: list[str] = []

    def answered(self, seconds: float) -> None:
        """Count an answer with status 200."""
        durations = self._durations
        durations.append(seconds)
        if len(durations) >= BATCH:
            self.flush()

    def invalid(self, code: str, seconds: float) -> None:
        """Count an answer INVALID, whose status is 200 as well."""
        self._reasons.append(code)
        self.answered(seconds)

    def failed(self, status: int, seconds: float) -> None:
        """Count an answer with another status."""
        if status not in self._statuses:  # of a service of routes; HTTP has some sixty
            self._statuses[status] = self._answers.labels(self._name, str(status))
        self._statuses[status].inc()
        self._duration.observe(seconds)

    def flush(self) -> None:
        """Count what was noted."""
        durations, reasons = self._durations, self._reasons
        if durations:
            self._statuses[200].inc(len(durations))
            self._duration.observe_all(durations)
            durations.clear()
        if reasons:
            for code, count in Tally(reasons).items():
                self._codes.get(code, self._codes[OTHER]).inc(count)
            reasons.clear()


class Metrics:
    """Everything that a worker shows. `publish` is called once a second, and before figures are shown."""

    def __init__(
        self, services: Iterable[Service] = (), figures: Iterable[Figures] = (), max_connections: int = 0
    ) -> None:
        self._registry = CollectorRegistry()
        answers, invalids = self._counter(families.ANSWERED), self._counter(families.INVALIDS)
        duration = BatchedHistogram(
            families.DURATION.name,
            families.DURATION.meaning,
            families.DURATION.labels,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self.services = {service.name: ServiceMetrics(service, answers, invalids, duration) for service in services}
        refused = self._counter(families.REFUSED)
        self._refused = {reason: refused.labels(reason) for reason in REASONS}
        self._connections = self._gauge(families.CONNECTIONS)
        self._ready, self._draining = self._gauge(families.READY), self._gauge(families.DRAINING)
        self._lines = self._counter(families.LINES)
        self._memory = self._gauge(families.MEMORY)
        self._cpu, self._cpu_seconds = self._counter(families.CPU), 0.0
        self._open = 0
        self._shared: dict[str, Counter | Gauge] = {}
        self._sources = [self._source(source) for source in figures]
        self._gauge(families.LIMIT).set(max_connections)
        self._gauge(families.WORKERS).set(1)
        self._counter(families.STARTS).inc()

    def observe(self, service: str, response: Response, seconds: float, headers: Headers = ()) -> None:
        """Count an answer that was handed over, `seconds` after its request's arrival."""
        metrics = self.services[service]
        if response.status != 200:
            metrics.failed(response.status, seconds)
        elif (reason := dict(response.headers).get(INVALID_REASON)) is None:
            metrics.answered(seconds)
        else:
            metrics.invalid(reason.partition(b":")[0].decode(), seconds)

    def connected(self) -> None:
        """Count a connection in."""
        self._open += 1

    def disconnected(self) -> None:
        """Count a connection out."""
        self._open -= 1

    def refused(self, reason: str) -> None:
        """Count a connection that the server ended, for one of `families.REASONS`."""
        self._refused[reason].inc()

    def line_dropped(self) -> None:
        """Count a log line that was not written."""
        self._lines.inc()

    def state(self, ready: bool, draining: bool) -> None:
        """Show whether this worker is ready, and whether it drains."""
        self._ready.set(ready)
        self._draining.set(draining)

    def publish(self) -> None:
        """Count what was noted, and read everything that is not counted as it happens."""
        for service in self.services.values():
            service.flush()
        self._connections.set(self._open)
        self._memory.set(_resident_bytes())
        cpu = time.process_time()
        self._cpu.inc(cpu - self._cpu_seconds)
        self._cpu_seconds = cpu
        for source in self._sources:
            source.publish()

    def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text format."""
        self.publish()
        return generate_latest(multiprocess.registry() or self._registry)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.meaning, family.labels, registry=self._registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.meaning, family.labels, registry=self._registry, multiprocess_mode="livesum")

    def _source(self, figures: Figures) -> _Source:
        metrics = []
        for field in figures.read()._fields:
            kind = "gauge" if field in figures.gauges else "counter"
            name, meaning = f"crossover_{figures.name}_{field}", f"{figures.name}: {field}"
            family = Family(name, kind, ("service",), meaning, NO_COUNTERPART)
            if name not in self._shared:
                self._shared[name] = self._gauge(family) if kind == "gauge" else self._counter(family)
            metrics.append(self._shared[name].labels(figures.service))
        return _Source(figures.read, metrics)


class _Source:
    """The metrics of one `Figures`, and what its counters showed last."""

    def __init__(self, read: Callable[[], Any], metrics: list[Counter | Gauge]) -> None:
        self._read = read
        self._metrics = metrics
        self._before = [0.0] * len(metrics)

    def publish(self) -> None:
        values = self._read()
        for metric, value, before in zip(self._metrics, values, self._before, strict=True):
            if isinstance(metric, Gauge):
                metric.set(value)
            else:
                metric.inc(value - before)
        self._before = list(values)


def _resident_bytes() -> float:
    """Memory of this process; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE_SIZE
    except OSError:
        return 0.0
