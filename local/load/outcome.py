"""The outcome of a load: counts, latencies, and whether the numbers mean anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

from local.load.latencies import histogram, milliseconds
from local.load.load_plan import LoadPlan
from local.load.tally import Total

MAX_CPU_SHARE = 0.7
"""Of a core: a generator that is busier measures itself."""
MAX_LAG_MS = 1.0
"""At p99: a generator that sends later than planned sends another load than was asked for."""


def discard_reasons(plan: LoadPlan, cpu_shares: Sequence[float], lag_p99_ms: float | None) -> list[str]:
    """Return why rates and latencies of a run are discarded, a clause each; nothing where they count.

    `cpu_shares` are the generator processes' own, 1.0 being one core; `lag_p99_ms` is how late an open loop sent
    requests for which a connection was free. Where only behaviour is wanted there is no rate and no latency to
    discard: right answers are right, however busy the machine was.
    """
    if plan.behaviour:
        return []
    reasons = [
        f"generator process {number} used {share:.0%} of a core, more than {MAX_CPU_SHARE:.0%}"
        for number, share in enumerate(cpu_shares, 1)
        if share > MAX_CPU_SHARE
    ]
    if plan.rate is not None and lag_p99_ms is not None and lag_p99_ms > MAX_LAG_MS:
        reasons.append(
            f"requests were sent {lag_p99_ms:.2f} ms after their planned moment at p99, more than {MAX_LAG_MS:g} ms"
        )
    return reasons


@dataclass
class LoadOutcome:
    """The whole of a run, all processes together; the warm-up is left out."""

    plan: LoadPlan
    services: dict[str, Total]
    """What came back, by service."""
    seconds: float = 0
    """From the end of the warm-up to the end of sending, or to the last answer where that is later."""
    cpu_shares: list[float] = field(default_factory=list)
    """The CPU that each generator process used while it sent, as a share of one core."""
    cpu_seconds: float = 0
    """The CPU that the generator processes used while they sent."""
    lags: HdrHistogram = field(default_factory=histogram)
    """Open loop: microseconds from the planned moment to the send, of requests for which a connection was free."""
    setups: HdrHistogram = field(default_factory=histogram)
    """Microseconds that connections took to be opened, warm-up included."""
    refused: int = 0
    """Connections that could not be opened, warm-up included."""
    watched: tuple[Any, Any] | None = None
    """What the caller's `watch` said at the end of the warm-up, and once everything was answered."""

    @property
    def total(self) -> Total:
        """All services together."""
        total = Total()
        for service in self.services.values():
            total.add(service)
        return total

    @property
    def lag_p99_ms(self) -> float | None:
        """How late requests were sent at p99; None in a closed loop, which has no schedule."""
        lags = milliseconds(self.lags)
        return lags["p99"] if lags else None

    @property
    def discarded(self) -> list[str]:
        """Why rates and latencies do not count, see `discard_reasons`."""
        return discard_reasons(self.plan, self.cpu_shares, self.lag_p99_ms)

    @property
    def all_right(self) -> bool:
        """Whether every request got its right answer."""
        total = self.total
        return total.right == total.asked

    def add(self, report: dict[str, Any]) -> None:
        """Add a worker's report."""
        for service, data in report["services"].items():
            self.services.setdefault(service, Total()).add_data(data)
        self.lags.decode_and_add(report["lags"])
        self.setups.decode_and_add(report["setups"])
        self.refused += report["refused"]
        self.seconds = max(self.seconds, report["seconds"], report["answering_seconds"])
        self.cpu_seconds += report["cpu_seconds"]
        self.cpu_shares.append(report["cpu_seconds"] / report["seconds"] if report["seconds"] else 0.0)

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values. Where only behaviour was wanted, rates and latencies are None.

        {"asked", "answered", "right", "wrong", "errors": {name: count}, "statuses": {status: count}, "bytes_in",
        "bytes_out", "requests_per_second", "latency_ms": {"p50", "p90", "p99", "p99.9", "max", "mean"} or None,
        "seconds", "services": {name: the same ten}, "connections": {"opened", "failed", "setup_ms"},
        "generator": {"cpu_shares", "cpu_us_per_request", "lag_p99_ms"}, "discarded": [reason]}
        """
        timed = not self.plan.behaviour
        total = self.total
        setup_ms = milliseconds(self.setups)
        return {
            **total.as_data(self.seconds, timed=timed),
            "seconds": round(self.seconds, 3),
            "services": {name: service.as_data(self.seconds, timed=timed) for name, service in self.services.items()},
            "connections": {"opened": self.setups.get_total_count(), "failed": self.refused, "setup_ms": setup_ms},
            "generator": {
                "cpu_shares": [round(share, 3) for share in self.cpu_shares],
                "cpu_us_per_request": round(self.cpu_seconds / total.asked * 1e6, 1) if total.asked else None,
                "lag_p99_ms": self.lag_p99_ms,
            },
            "discarded": self.discarded,
        }
