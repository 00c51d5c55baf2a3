"""The proxy's figures under CloudWatch's names, of one dimension set: the proxy's.

Latencies are sums in microseconds beside their counts, so that a reader can take CloudWatch's `Average`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from local.emulator.metrics import percentile

KEPT_LATENCIES = 1_000
"""The latest borrow and response latencies, which percentiles are drawn from."""

COUNTERS = {
    "ClientConnectionsReceived": "client connection requests received",
    "ClientConnectionsClosed": "client connections closed",
    "ClientConnectionsSetupSucceeded": "client connections established",
    "ClientConnectionsSetupFailedAuth": "client connections that failed for their authentication or TLS",
    "DatabaseConnectionRequests": "requests to create a database connection",
    "DatabaseConnectionRequestsWithTLS": "requests to create a database connection with TLS",
    "DatabaseConnectionsSetupSucceeded": "database connections established",
    "DatabaseConnectionsSetupFailed": "database connections that could not be established",
    "QueryRequests": "queries received; one of several statements is one",
    "QueryRequestsTLS": "queries received over TLS",
    "QueryRequestsNoTLS": "queries received without TLS",
}
"""What only grows, and CloudWatch's description of it."""
GAUGES = {
    "ClientConnections": "current client connections",
    "ClientConnectionsTLS": "current client connections with TLS",
    "ClientConnectionsNoTLS": "current client connections without TLS",
    "DatabaseConnections": "current database connections",
    "DatabaseConnectionsWithTLS": "current database connections with TLS",
    "DatabaseConnectionsCurrentlyBorrowed": "database connections in the borrow state",
    "DatabaseConnectionsCurrentlyInTransaction": "database connections in a transaction",
    "DatabaseConnectionsCurrentlySessionPinned": "database connections pinned to a client",
    "MaxDatabaseConnectionsAllowed": "database connections that the proxy may open",
}
"""What goes down too."""
LATENCIES = {
    "DatabaseConnectionsBorrowLatency": "microseconds that a client waited for a database connection",
    "QueryDatabaseResponseLatency": "microseconds that the database took to respond",
    "QueryResponseLatency": "microseconds between a query and the end of the response to it",
}
"""Sums of microseconds, beside the count of what they are of."""
OWN = {
    "emulator_pins": "clients pinned, ever",
    "emulator_leaks": "statements that left session state behind unnoticed",
    "emulator_borrow_timeouts": "clients that got error 9501",
    "emulator_resets": "connections reset because no one of a session's values was left",
    "emulator_cancelled": "clients ended because their database connection was lost in a statement or transaction",
    "emulator_refused": "clients refused by a limit",
    "emulator_idle_clients_closed": "clients ended by IdleClientTimeout",
}
"""What CloudWatch does not have."""


class ProxyFigures:
    """Counters and latencies since the start."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys((*COUNTERS, *OWN), 0)
        self.sums = dict.fromkeys(LATENCIES, 0.0)
        self.numbers = dict.fromkeys(LATENCIES, 0)
        self.latest: dict[str, deque[float]] = {name: deque(maxlen=KEPT_LATENCIES) for name in LATENCIES}

    def latency(self, name: str, seconds: float) -> None:
        """Take one latency."""
        microseconds = seconds * 1e6
        self.sums[name] += microseconds
        self.numbers[name] += 1
        self.latest[name].append(microseconds)

    def summary(self, gauges: dict[str, int]) -> dict[str, Any]:
        """All figures as plain values."""
        latencies = {
            name: {
                "sum": self.sums[name],
                "count": self.numbers[name],
                "average": self.sums[name] / self.numbers[name] if self.numbers[name] else 0.0,
                "p50": percentile(self.latest[name], 0.5),
                "p99": percentile(self.latest[name], 0.99),
            }
            for name in LATENCIES
        }
        return {**gauges, **self.counts, **latencies}

    def exposition(self, gauges: dict[str, int], proxy: str) -> str:
        """All figures as Prometheus reads them, under CloudWatch's names."""
        lines = []
        label = f'{{ProxyName="{proxy}"}}'
        for name, meaning in (*GAUGES.items(), *COUNTERS.items(), *OWN.items()):
            kind = "gauge" if name in GAUGES else "counter"
            value = gauges[name] if name in GAUGES else self.counts[name]
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", f"{name}{label} {value}"]
        for name, meaning in LATENCIES.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} summary"]
            lines += [f"{name}_sum{label} {self.sums[name]:.0f}", f"{name}_count{label} {self.numbers[name]}"]
        return "\n".join(lines) + "\n"
