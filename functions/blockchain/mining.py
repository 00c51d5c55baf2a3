"""Proof of work: the smallest number that gives a block a hash below its target."""

from __future__ import annotations

from typing import NamedTuple

from crossover.seam import Done
from functions.blockchain.ledger import begin_hash

LOWEST_HASH = "00000000"
HEX_DIGITS = "0123456789abcdef"
_AFTER_EVERY_DIGEST = b"\xff" * 32

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
        """Try at most `units` numbers."""
        sealed, target, limit, number = self
        ceiling = digest_ceiling(target)
        until = min(number + units, limit)
        while number < until:
            thousands, ending = divmod(number, 1000)
            beginning = begin_hash()
            beginning.update(b"%b%d" % (sealed, thousands) if thousands else sealed)
            begun = beginning.copy
            endings = _ENDINGS if thousands else _FIRST
            if ending or until - number < 1000:
                endings = endings[ending : ending + until - number]
            for digits in endings:
                hashing = begun()
                hashing.update(digits)
                if hashing.digest() < ceiling:
                    last = 1000 * thousands + int(digits)
                    return Done(Mined(str(last), hashing.hexdigest()[:8]), last + 1 - self.attempt)
            number += 1000 - ending
        return Done(None, until - self.attempt) if until == limit else self._replace(attempt=until)

    def expected_units(self) -> float:
        """Return the attempts that are likely: the mean of those that the target asks for, within the limit."""
        below = int.from_bytes(digest_ceiling(self.target)[:4])
        return min(2.0**32 / below if below else float("inf"), self.limit - self.attempt)


def digest_ceiling(target: str) -> bytes:
    """Return the bytes that a SHA-256 is below where its first 8 hex digits, as a text, are below the target."""
    digits, inclusive = target[:8], len(target) > 8
    if digits.strip(HEX_DIGITS):
        place = next(place for place, character in enumerate(digits) if character not in HEX_DIGITS)
        above = [digit for digit in HEX_DIGITS if digit > digits[place]]
        digits, inclusive = digits[:place] + (above[0] if above else "f" * (8 - place)), not above
    ceiling = bytes.fromhex(digits.ljust(8, "0"))
    return ceiling + _AFTER_EVERY_DIGEST if inclusive else ceiling


def is_unreachable(target: str) -> bool:
    """Tell whether no hash at all is below a target."""
    return target <= LOWEST_HASH
