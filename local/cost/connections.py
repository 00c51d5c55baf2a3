"""Whether a web tier's connections fit a database: its max_connections by its memory, with a proxy or without. Pure.

Without a proxy every process keeps its pool open, and every Lambda environment its connection. With RDS Proxy a request
borrows one for as long as it waits for the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import Bill
from local.cost.exact import plain
from local.cost.formulas import ceiling, known
from local.cost.instances import memory_gib, vcpus
from local.cost.workload import Mix

BYTES_PER_CONNECTION = 12_582_880
"""RDS' default: max_connections = DBInstanceClassMemory / 12582880 (RDS user guide), here of the whole memory."""
MAX_CONNECTIONS = 16_000
"""What RDS MySQL allows at most (RDS user guide)."""
USABLE = Fraction(9, 10)
"""The share for the services; the rest is for loads and people. It is the template's MaxConnectionsPercent."""
POOL_SIZE = 2
"""Connections of one process at most, as the store's URL has it by default (docs/how-to/use-mysql.md)."""


@dataclass(frozen=True)
class DatabaseConnections:
    """The connections that a database has for a web tier."""

    instance: str
    replicas: int = 0
    proxy: bool = False

    @property
    def usable(self) -> Fraction:
        """Connections for the services."""
        by_memory = int(memory_gib(self.instance) * 2**30 / BYTES_PER_CONNECTION)
        return min(Fraction(by_memory), Fraction(MAX_CONNECTIONS)) * (1 + self.replicas) * USABLE

    def needed(self, web: Bill, mix: Mix) -> Fraction:
        """Return the connections that a web tier needs at its bill's rate."""
        if self.proxy:
            seconds = mix.mean(lambda workload: (workload.wait_ms if known(workload.queries) else Fraction(0)) / 1000)
            return known(ceiling(web.rate * seconds))
        if web.quotas:
            return known(ceiling(web.quotas[0].value))
        return known(ceiling(_vcpus(web))) * POOL_SIZE

    def fit(self, web: Bill, mix: Mix) -> bool:
        """Return whether they are enough."""
        return self.needed(web, mix) <= self.usable

    def describe(self, web: Bill, mix: Mix) -> str:
        """Return how many are needed of how many there are."""
        return f"{plain(self.needed(web, mix))} of {plain(self.usable, 5)} connections"


def _vcpus(web: Bill) -> Fraction:
    """Return the vCPUs of a fleet: a process for each keeps a pool."""
    for item in web.items:
        if item.name == "nodes":
            return item.factors[0].value * vcpus(item.price.dimension)
        if item.name == "fargate-vcpu":
            product = Fraction(1)
            for factor in item.factors:
                product *= Fraction(1) if factor.name == "hours" else factor.value
            return product
    return Fraction(0)
