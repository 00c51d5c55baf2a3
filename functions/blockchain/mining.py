"""Proof of work: the smallest number that gives a block a hash below its target."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from crossover.seam import Done

LEAST_HASH = "00000000"
AFTER_EVERY_DIGIT = "~"

_FIRST = [b"%d" % number for number in range(1000)]
_ENDINGS = [b"%03d" % number for number in range(1000)]
"""The last three digits of all numbers: making them costs a third of an attempt, so they are made once."""


class Mined(NamedTuple):
    """A proof of work and the hash that it gives."""

    pow: str
    hash: str


class Mining(NamedTuple):
    """Tries numbers from `attempt` up to `limit`; its end is `Mined`, or None where none of them will do."""

    sealed: bytes
    """The 64 bytes that numbers are written behind: exactly one block of SHA-256, hashed once in a thousand."""
    target: str
    limit: int
    attempt: int = 0

    def advance(self, units: int) -> Mining | Done:
        """Tries at most `units` numbers."""
        # All 64 digits are below this exactly where the first 8, which are the hash, are below the target.
        ceiling = self.target if len(self.target) <= 8 else self.target[:8] + AFTER_EVERY_DIGIT
        number, until = self.attempt, min(self.attempt + units, self.limit)
        while number < until:
            thousands, ending = divmod(number, 1000)
            begun = sha256(b"%b%d" % (self.sealed, thousands) if thousands else self.sealed).copy
            for digits in (_ENDINGS if thousands else _FIRST)[ending : ending + until - number]:
                hashing = begun()
                hashing.update(digits)
                if hashing.hexdigest() < ceiling:
                    last = 1000 * thousands + int(digits)
                    return Done(Mined(str(last), hashing.hexdigest()[:8]), last + 1 - self.attempt)
            number += 1000 - ending
        return Done(None, until - self.attempt) if until == self.limit else self._replace(attempt=until)


def hopeless(target: str) -> bool:
    """Whether no hash at all is below a target."""
    return target <= LEAST_HASH
