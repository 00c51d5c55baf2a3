"""The protocol's signatures: textbook RSA with a modulus of 41 bits, shared by everybody. A toy; it protects nothing.

Whoever factors 1561906343821, which takes no time, signs for every account. Nothing but this protocol may use it.
"""

from __future__ import annotations

P, Q = 1231697, 1268093
MODULUS = P * Q
"""1561906343821. Everything is computed modulo its two primes, in small numbers: that takes a third of the time."""
OUR_ACCOUNT = 1097844002039
"""An account number IS its public exponent; this one is ours."""
OUR_PRIVATE_EXPONENT = 343710770439

_OUR_EXPONENT_P, _OUR_EXPONENT_Q = OUR_PRIVATE_EXPONENT % (P - 1), OUR_PRIVATE_EXPONENT % (Q - 1)
_INVERSE_OF_Q = pow(Q, -1, P)


def sign(short_hash: str) -> int:
    """Our signature of a transaction's hash of 8 hex digits."""
    hashed = int(short_hash, 16)
    by_p, by_q = pow(hashed, _OUR_EXPONENT_P, P), pow(hashed, _OUR_EXPONENT_Q, Q)
    return by_q + Q * ((by_p - by_q) * _INVERSE_OF_Q % P)


def verifies(signature: int, account: int, short_hash: str) -> bool:
    """Whether a signature of a hash of 8 hex digits is that account's: `signature ** account % MODULUS` is the hash."""
    hashed = int(short_hash, 16)
    if not account:
        return hashed == 1
    # By Fermat an exponent may be reduced to 1 ... p - 1; to 0 it may not, because of multiples of p.
    account -= 1
    return (
        pow(signature, account % (P - 1) + 1, P) == hashed % P
        and pow(signature, account % (Q - 1) + 1, Q) == hashed % Q
    )
