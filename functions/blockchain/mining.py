"""Proof of work: the smallest number that gives a block a hash below its target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from crossover.seam import Done

LEAST_HASH = "00000000"


class Mined(NamedTuple):
    """A proof of work and the hash that it gives."""

    pow: str
    hash: str


@dataclass(frozen=True, slots=True)
class Mining:
    """Tries numbers from `attempt` up to `limit`; its end is `Mined`, or None where none of them will do."""

    sealed: bytes
    """The 64 bytes that numbers are written behind: exactly one block of SHA-256, hashed once."""
    target: str
    limit: int
    attempt: int = 0

    def advance(self, units: int) -> Mining | Done:
        """Tries at most `units` numbers."""
        target = self.target
        until = min(self.attempt + units, self.limit)
        begun = sha256(self.sealed).copy
        for number in range(self.attempt, until):
            hashing = begun()
            hashing.update(b"%d" % number)
            found = hashing.hexdigest()[:8]
            if found < target:
                return Done(Mined(str(number), found))
        return Done(None) if until == self.limit else replace(self, attempt=until)


def hopeless(target: str) -> bool:
    """Whether no hash at all is below a target."""
    return target <= LEAST_HASH
