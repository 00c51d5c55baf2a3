"""The metrics of the container: their names, labels and meaning, and what Lambda has in their place."""

from __future__ import annotations

from typing import NamedTuple

from crossover.measures import INVALID, REQUESTS, Measure


class Family(NamedTuple):
    """One metric as Prometheus knows it. A counter's name is without the `_total` that it is exposed with."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    on_lambda: str

    @property
    def shown(self) -> str:
        """The name in queries and alerts."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


def _common(measure: Measure, *labels: str) -> Family:
    return Family(measure.prometheus, "counter", labels, measure.meaning, f"`{measure.cloudwatch}`")


NO_COUNTERPART = "none"

ANSWERED = _common(REQUESTS, "service", "status")
INVALIDS = _common(INVALID, "service", "code")
DURATION = Family(
    "crossover_request_duration_seconds",
    "histogram",
    ("service",),
    "Time from a request's whole arrival until its answer was handed over.",
    "CloudWatch's `Duration`",
)
REFUSED = Family(
    "crossover_refused",
    "counter",
    ("reason",),
    "Connections ended by the server: 400 no HTTP, 408 head too slow, 413 body too large, 431 head too large, "
    "503 one too many, stalled: took no more of an answer.",
    "the load balancer's or gateway's: `Throttles`, `Url4xxCount`",
)
CONNECTIONS = Family("crossover_connections_open", "gauge", (), "Connections open.", NO_COUNTERPART)
LIMIT = Family("crossover_connections_limit", "gauge", (), "Connections that the workers take in all.", NO_COUNTERPART)
WORKERS = Family("crossover_workers", "gauge", (), "Workers that live.", "CloudWatch's `ConcurrentExecutions`")
READY = Family("crossover_workers_ready", "gauge", (), "Workers that are ready.", NO_COUNTERPART)
DRAINING = Family(
    "crossover_workers_draining", "gauge", (), "Workers whose answers close their connections.", NO_COUNTERPART
)
STARTS = Family("crossover_worker_starts", "counter", (), "Starts of workers, the first ones too.", "INIT in `REPORT`")
LINES = Family("crossover_log_lines_dropped", "counter", (), "Log lines over the limit of a second.", NO_COUNTERPART)
CPU = Family("process_cpu_seconds", "counter", (), "CPU time of the workers.", "the bill: `Billed Duration`")
MEMORY = Family("process_resident_memory_bytes", "gauge", (), "Memory of the workers.", "`Max Memory Used` in `REPORT`")

FAMILIES = (
    *(ANSWERED, INVALIDS, DURATION, REFUSED, CONNECTIONS, LIMIT),
    *(WORKERS, READY, DRAINING, STARTS, LINES, CPU, MEMORY),
)

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the histogram, from a good answer's time to the longest that an answer can take."""
STATUSES = (200, 405, 500, 503)
"""The statuses that a service's path can be answered with. A service of routes has more, shown once they occur."""
REASONS = ("400", "408", "413", "431", "503", "stalled")
"""Labels of `REFUSED`."""
