"""The protocol's signatures: textbook RSA with a modulus of 41 bits, shared by everybody. A toy; it protects nothing.

Whoever factors 1561906343821, which takes no time, signs for every account. Nothing but this protocol may use it.
"""

from __future__ import annotations

from gmpy2 import powmod

MODULUS = 1561906343821
OUR_ACCOUNT = 1097844002039
"""An account number IS its public exponent; this one is ours."""
OUR_PRIVATE_EXPONENT = 343710770439


def sign(short_hash: str) -> int:
    """Our signature of a transaction's hash of 8 hex digits."""
    return int(powmod(int(short_hash, 16), OUR_PRIVATE_EXPONENT, MODULUS))


def verifies(signature: int, account: int, short_hash: str) -> bool:
    """Whether a signature of a hash of 8 hex digits is that account's: `signature ** account % MODULUS` is the hash."""
    return powmod(signature, account, MODULUS) == int(short_hash, 16)  # type: ignore[no-any-return]
