"""Whether the connections of a fleet fit its database: a pool is per process, the database's limit is for all."""

from __future__ import annotations

from typing import NamedTuple


class Budget(NamedTuple):
    """The connections that a fleet may open, and those that it is given."""

    needed: int
    allowed: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.allowed


def budget(pods: int, workers: int, size: int, max_connections: int, percent: int = 100) -> Budget:
    """What `pods` of `workers` processes with pools of `size` may open, of the database's `max_connections`.

    `percent` is RDS Proxy's MaxConnectionsPercent, and 100 without a proxy. A Lambda function counts as one pod and
    one worker with a pool of 1 for each of its concurrent environments.
    """
    return Budget(pods * workers * size, max_connections * percent // 100)
