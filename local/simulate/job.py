"""What is simulated: a platform, its traffic, its work and its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.cost.formulas import known
from local.cost.workload import Mix
from local.simulate.faults import InjectedFault
from local.simulate.settings import Settings
from local.simulate.traffic import Traffic

Tell = Callable[[float], None]


@dataclass(frozen=True)
class Job:
    """A platform and what it has to serve."""

    platform: str
    traffic: Traffic
    mix: Mix
    settings: Settings
    faults: tuple[InjectedFault, ...] = ()
    tell: Tell = lambda share: None
    """Called with the share that is done."""


def query_share(mix: Mix) -> float:
    """Return the share of the requests that need a database."""
    return sum(float(known(share)) for work, share in mix.shares if known(work.queries))
