"""What both platforms count, under the names that each of them gives it."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """One figure: a metric of CloudWatch on Lambda, a counter of Prometheus in the container (without its `_total`)."""

    cloudwatch: str
    prometheus: str
    meaning: str


REQUESTS = Measure("Requests", "crossover_requests", "Requests answered, whatever the answer.")
INVALID = Measure("Invalid", "crossover_invalid", "Answers INVALID.")
NAMESPACE = "Crossover"
"""Of the metrics of CloudWatch; their one dimension is `service`, as it is a label of Prometheus' counters."""
