"""The figures of a scenario whose figures are known."""

from __future__ import annotations

from local.emulator.rds_proxy.figures import COUNTERS, GAUGES
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import ask

CLOUDWATCH = (
    "ClientConnections",
    "ClientConnectionsClosed",
    "ClientConnectionsNoTLS",
    "ClientConnectionsReceived",
    "ClientConnectionsSetupFailedAuth",
    "ClientConnectionsSetupSucceeded",
    "ClientConnectionsTLS",
    "DatabaseConnectionRequests",
    "DatabaseConnectionRequestsWithTLS",
    "DatabaseConnections",
    "DatabaseConnectionsBorrowLatency",
    "DatabaseConnectionsCurrentlyBorrowed",
    "DatabaseConnectionsCurrentlyInTransaction",
    "DatabaseConnectionsCurrentlySessionPinned",
    "DatabaseConnectionsSetupFailed",
    "DatabaseConnectionsSetupSucceeded",
    "DatabaseConnectionsWithTLS",
    "MaxDatabaseConnectionsAllowed",
    "QueryDatabaseResponseLatency",
    "QueryRequests",
    "QueryRequestsNoTLS",
    "QueryRequestsTLS",
    "QueryResponseLatency",
)
"""The metrics of the guide, but for AvailabilityPercentage."""


def test_figures_have_cloudwatchs_names_and_count_what_it_says(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=4)
    pinned, busy, idle = (proxy.connect(client_flag=1 << 16) for _ in range(3))
    ask(pinned, "SET @x = 1")
    ask(busy, "BEGIN")
    ask(idle, "SELECT 1; SELECT 2")
    idle.close()
    text = proxy.inside(lambda proxy: proxy.figures.exposition(proxy.gauges(), "default"))
    figures = {line.split("{")[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
    queries = 3 + 3  # each client's SET NAMES, and one of each
    assert figures["QueryRequests"] == figures["QueryRequestsNoTLS"] == queries
    assert figures["QueryResponseLatency_count"] == figures["QueryDatabaseResponseLatency_count"] == queries
    assert figures["DatabaseConnectionsBorrowLatency_count"] == queries
    assert figures["DatabaseConnectionsCurrentlySessionPinned"] == 1
    assert figures["DatabaseConnectionsCurrentlyInTransaction"] == 1
    assert figures["DatabaseConnectionsCurrentlyBorrowed"] == 2
    assert figures["ClientConnectionsReceived"] == figures["ClientConnectionsSetupSucceeded"] == 3
    assert figures["MaxDatabaseConnectionsAllowed"] == 4
    assert figures["emulator_pins"] == 1
    assert 0 < figures["QueryResponseLatency_sum"] < 60e6
    for name in CLOUDWATCH:
        assert name in figures or f"{name}_sum" in figures
    assert {*COUNTERS, *GAUGES} <= set(CLOUDWATCH)
