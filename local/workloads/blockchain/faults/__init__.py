"""What can be wrong with a request: each kind of fault, the reason it has to be refused for, and how it is made."""

from __future__ import annotations

from local.workloads.blockchain.faults import broken_rules, shapes, values, wire
from local.workloads.blockchain.faults.kinds import FAULTS, ChainFault, Stage

__all__ = ["FAULTS", "ChainFault", "Stage", "broken_rules", "shapes", "values", "wire"]
