"""Whether the connections of a fleet fit its database: a pool is per process, the database's limit is for all."""

from __future__ import annotations

from typing import NamedTuple


class Budget(NamedTuple):
    """The connections that a fleet may open, and those that the database allows."""

    needed: int
    allowed: int

    @property
    def fits(self) -> bool:
        """Whether they are no more than the database allows."""
        return self.needed <= self.allowed


def budget(pods: int, workers: int, size: int, max_connections: int, percent: int = 100) -> Budget:
    """Compare the connections that a fleet may open with those that its database allows.

    For a Lambda function, give its concurrent environments as pods of one worker with a pool of 1.

    Args:
        pods: Pods at most.
        workers: Processes of a pod.
        size: Connections of a process.
        max_connections: The database's limit.
        percent: RDS Proxy's MaxConnectionsPercent; 100 without a proxy.
    """
    return Budget(pods * workers * size, max_connections * percent // 100)
