"""The signatures of the protocol: textbook RSA with a modulus of 41 bits that all accounts share. A toy: no protection.

Anyone who factors 1561906343821, which takes no time, signs for every account. Nothing but this protocol may use it.
"""

from __future__ import annotations

from gmpy2 import mpz, powmod

MODULUS = 1561906343821
OUR_ACCOUNT = 1097844002039
"""An account number IS its public exponent; this one is ours."""
OUR_PRIVATE_EXPONENT = 343710770439
_MODULUS = mpz(MODULUS)


def sign(short_hash: str) -> int:
    """Return our signature of a transaction's hash of 8 hex digits."""
    return int(powmod(int(short_hash, 16), OUR_PRIVATE_EXPONENT, _MODULUS))


def verifies(signature: int, account: int, short_hash: str) -> bool:
    """Tell whether a signature of a short hash is that account's: `signature ** account % MODULUS` is the hash."""
    return powmod(signature, account, _MODULUS) == int(short_hash, 16)  # type: ignore[no-any-return]
