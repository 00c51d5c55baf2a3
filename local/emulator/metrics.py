"""What the emulator shows of itself: counts, percentiles and money's measure, from the records that it writes."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import Any

from local.emulator.actions import Ending
from local.emulator.bill import Record

MAX_DURATIONS = 1_000
"""Durations of the latest invocations that percentiles are drawn from."""


class FunctionMetrics:
    """One function's figures since the start."""

    def __init__(self) -> None:
        self.endings: Counter[str] = Counter()
        self.cold = 0
        self.gb_seconds = 0.0
        self.billed_ms = 0
        self.log_bytes = 0
        self.peak_mb = 0
        self.durations: deque[float] = deque(maxlen=MAX_DURATIONS)
        self.inits: deque[float] = deque(maxlen=MAX_DURATIONS)

    def add(self, record: Record) -> None:
        """Count one invocation."""
        self.endings[record.ending] += 1
        if record.ending == Ending.THROTTLED.value:
            return
        if record.init_ms is not None:
            self.cold += not record.provisioned
            self.inits.append(record.init_ms)
        self.gb_seconds += record.gb_seconds
        self.billed_ms += record.billed_ms
        self.log_bytes += record.log_bytes
        self.peak_mb = max(self.peak_mb, record.max_memory_mb)
        self.durations.append(record.duration_ms)

    def summary(self) -> dict[str, Any]:
        """Return the figures under the names that page and JSON have. Milliseconds, MB, GB-s, bytes."""
        served = sum(self.endings.values()) - self.endings[Ending.THROTTLED.value]
        return {
            "invocations": served,
            "cold_starts": self.cold,
            "throttles": self.endings[Ending.THROTTLED.value],
            "errors": served - self.endings[Ending.SUCCESS.value],
            "endings": dict(self.endings),
            "p50_ms": percentile(self.durations, 0.5),
            "p99_ms": percentile(self.durations, 0.99),
            "init_p50_ms": percentile(self.inits, 0.5),
            "billed_gb_s": round(self.gb_seconds, 6),
            "billed_ms": self.billed_ms,
            "log_bytes": self.log_bytes,
            "peak_mb": self.peak_mb,
        }


def percentile(values: deque[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
