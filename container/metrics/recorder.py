"""What `/metrics` and `/status` show, of all the workers of this server whichever of them is asked."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from container.metrics import families
from container.metrics.columns import BEAT, DRAINING, OTHER, PID, READY, Columns, Figures
from container.metrics.families import BUCKETS, Family
from container.metrics.sheets import Sheet, Sheets
from crossover.asgi import Observe, Scope
from crossover.responses import Response
from crossover.seam import Service

__all__ = ["ARRIVED", "Figures", "Metrics"]

ARRIVED = "crossover.arrived"
"""Where a request's ASGI scope has the time of its arrival, in seconds of `time.monotonic`."""
AT_ONCE = 128
"""Good answers that are counted together, if not before when the second is over."""
STATES = {PID: families.WORKERS, READY: families.READY, DRAINING: families.DRAINING}
"""Families that count the workers that live and have something in their header."""
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class Metrics:
    """Counts what happens as it happens, and reads everything else when it is published or asked for."""

    def __init__(
        self,
        services: Iterable[Service] = (),
        figures: Iterable[Figures] = (),
        max_connections: int = 0,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Shares its numbers with the workers that have the same folder; without one there is this worker alone."""
        self._clock = clock
        self._columns = columns = Columns(services, figures)
        self._sheets = Sheets(len(columns), folder)
        self._numbers = numbers = self._sheets.own
        for place in range(len(columns)):
            if not columns.goes_on(place):
                numbers[place] = 0.0
        self._before = numbers.tolist()
        self._good: dict[str, list[float]] = {service: [] for service in columns.answers}
        """Durations of good answers that are not counted yet."""
        self.observe = self._observer()
        numbers[BEAT] = clock()
        numbers[PID] = os.getpid()  # only now: whoever finds this worker's header judges it by its beat
        numbers[columns.limit] = max_connections
        numbers[columns.starts] += 1.0
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.publish()

    # What happens: all of this is on the way of a request or a connection.

    def _observer(self) -> Observe:
        """Counts an answer that was handed over, and the time that it took.

        Of a good answer only the time is noted, and counted with others: each step that is done between two requests
        takes several times as much as in a row.
        """
        good, clock = self._good, self._clock

        def observe(service: str, response: Response, scope: Scope) -> None:
            now = clock()
            took = now - scope.get(ARRIVED, now)
            if response.status == 200 and len(response.headers) == 2:
                noted = good[service]
                noted.append(took)
                if len(noted) >= AT_ONCE:
                    self._count(service, 200, noted)
                    noted.clear()
            else:
                self._count(service, response.status, (took,))
                if response.status == 200:
                    codes = self._columns.answers[service].codes
                    code = dict(response.headers)[b"x-invalid-reason"].partition(b":")[0].decode()
                    self._numbers[codes.get(code, codes[OTHER])] += 1.0

        return observe

    def _count(self, service: str, status: int, durations: Sequence[float]) -> None:
        numbers, places = self._numbers, self._columns.answers[service]
        first = places.buckets.start
        for took in durations:
            numbers[first + bisect_left(BUCKETS, took)] += 1.0
        numbers[places.seconds] += sum(durations)
        numbers[places.statuses[status]] += len(durations)

    def connected(self) -> None:
        """Counts a connection in."""
        self._numbers[self._columns.connections] += 1.0

    def disconnected(self) -> None:
        """Counts a connection out."""
        self._numbers[self._columns.connections] -= 1.0

    def refused(self, reason: str) -> None:
        """Counts a connection that the server ended, for one of `container.metrics.recorder.families.REASONS`."""
        self._numbers[self._columns.refused[reason]] += 1.0

    def line_dropped(self) -> None:
        """Counts a log line that was not written."""
        self._numbers[self._columns.lines] += 1.0

    def state(self, which: int, value: bool) -> None:
        """Tells whoever reads that this worker is, or is no longer, READY, RETIRING or DRAINING."""
        self._numbers[which] = value

    # What is shown.

    def answered(self) -> int:
        """Requests that this worker has answered since its start, as far as they were published."""
        places = [place for each in self._columns.answers.values() for place in each.buckets]
        return int(sum(self._numbers[place] - self._before[place] for place in places))

    def publish(self) -> None:
        """Writes down what was noted or is read, for others to show, and that this worker lives."""
        self._numbers[BEAT] = self._clock()
        for service, durations in self._good.items():
            self._count(service, 200, durations)
            durations.clear()
        self._write(self._columns.cpu, time.process_time())
        self._write(self._columns.memory, _resident_bytes())
        for figures, places in self._columns.figures:
            for place, value in zip(places, figures.read(), strict=True):
                self._write(place, value)

    def collect(self) -> Iterator[Metric]:
        """The metrics as prometheus_client asks for them."""
        self.publish()
        sheets = self._sheets.read()
        for family, places in self._columns.by_family().items():
            if family.kind == "histogram":
                yield self._histogram(family, sheets)
            else:
                kind = GaugeMetricFamily if family.kind == "gauge" else CounterMetricFamily
                metric = kind(family.name, family.meaning, labels=family.labels)
                for place in places:
                    metric.add_metric(self._columns.labels[place], self._columns.total(sheets, place))
                yield metric
        for state, family in STATES.items():
            count = sum(each.alive and each.numbers[state] > 0 for each in sheets)
            yield GaugeMetricFamily(family.name, family.meaning, value=count)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def status(self) -> dict[str, Any]:
        """All of it for people: answers by outcome, figures by service, and each worker that lives."""
        self.publish()
        sheets = self._sheets.read()
        return {
            "answers": {service: self._outcomes(service, sheets) for service in self._columns.answers},
            "figures": self._figures(sheets),
            "workers": [self._worker(each) for each in sheets if each.alive],
        }

    def _write(self, place: int, value: float) -> None:
        self._numbers[place] = value + (self._before[place] if self._columns.goes_on(place) else 0.0)

    def _histogram(self, family: Family, sheets: Sequence[Sheet]) -> HistogramMetricFamily:
        metric = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
        for service, places in self._columns.answers.items():
            so_far, buckets = 0.0, []
            for place, bound in zip(places.buckets, (*map(str, BUCKETS), "+Inf"), strict=True):
                so_far += self._columns.total(sheets, place)
                buckets.append((bound, so_far))
            metric.add_metric((service,), buckets, sum_value=self._columns.total(sheets, places.seconds))
        return metric

    def _outcomes(self, service: str, sheets: Sequence[Sheet]) -> dict[str, int]:
        places = self._columns.answers[service]
        of_status = {str(status): self._columns.total(sheets, place) for status, place in places.statuses.items()}
        of_code = {code: self._columns.total(sheets, place) for code, place in places.codes.items()}
        of_status["ok"] = of_status.pop("200") - sum(of_code.values())
        return {outcome: int(count) for outcome, count in sorted({**of_status, **of_code}.items()) if count}

    def _figures(self, sheets: Sequence[Sheet]) -> dict[str, dict[str, dict[str, float]]]:
        found: dict[str, dict[str, dict[str, float]]] = {}
        for figures, places in self._columns.figures:
            totals = (self._columns.total(sheets, place) for place in places)
            found.setdefault(figures.service, {})[figures.name] = dict(zip(figures.read()._fields, totals, strict=True))
        return found

    def _worker(self, sheet: Sheet) -> dict[str, Any]:
        return {
            "pid": int(sheet.numbers[PID]),
            "ready": bool(sheet.numbers[READY]),
            "draining": bool(sheet.numbers[DRAINING]),
            "connections": int(sheet.numbers[self._columns.connections]),
            "memory_mb": round(sheet.numbers[self._columns.memory] / 1e6, 1),
        }


def _resident_bytes() -> float:
    """Memory of this process; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE_SIZE
    except OSError:
        return 0.0
