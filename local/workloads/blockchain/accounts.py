"""Accounts of the protocol, with the private exponents that a toy of a modulus cannot hide."""

from __future__ import annotations

import random
from functools import cache
from math import gcd, isqrt
from typing import NamedTuple

from functions.blockchain.toy_rsa import MODULUS, OUR_ACCOUNT, OUR_PRIVATE_EXPONENT

OTHERS = 40
"""Accounts besides ours."""


class Account(NamedTuple):
    """An account's number, which is its public exponent, and what signs for it."""

    number: int
    private_exponent: int

    def sign(self, short_hash: str) -> int:
        """Return the account's signature of a hash in hex."""
        return pow(int(short_hash, 16), self.private_exponent, MODULUS)


@cache
def accounts() -> tuple[Account, ...]:
    """Ours, and then as many others: the same ones at every call."""
    random_ = random.Random(MODULUS)  # noqa: S311 - which accounts there are is no secret, nor could it be
    totient = _totient()
    accounts = {OUR_ACCOUNT: OUR_PRIVATE_EXPONENT}
    while len(accounts) <= OTHERS:
        number = random_.randrange(3, totient, 2)
        if gcd(number, totient) == 1:
            accounts[number] = pow(number, -1, totient)
    return tuple(Account(number, private) for number, private in accounts.items())


@cache
def by_number() -> dict[int, Account]:
    """All accounts by their number."""
    return {account.number: account for account in accounts()}


def _totient() -> int:
    """How many numbers below the modulus have no factor in common with it: (p - 1)(q - 1), by looking for p."""
    factor = next(number for number in range(3, isqrt(MODULUS) + 1, 2) if MODULUS % number == 0)
    return (factor - 1) * (MODULUS // factor - 1)
