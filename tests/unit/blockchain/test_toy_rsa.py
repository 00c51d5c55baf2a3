"""The toy signatures, by an independent library: textbook RSA and nothing else."""

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Util.number import GCD, inverse, isPrime
from hypothesis import example, given
from hypothesis import strategies as st

from functions.blockchain import toy_rsa
from functions.blockchain.ledger import short_hash
from functions.blockchain.toy_rsa import MODULUS, OUR_ACCOUNT, OUR_PRIVATE_EXPONENT, sign, verifies

P, Q = 1231697, 1268093
HASHES = st.integers(0, 2**32 - 1)
NATURAL = st.integers(0, 2**63 - 1)


def test_the_modulus_is_the_contract_s_and_its_two_factors_are_prime() -> None:
    assert MODULUS == P * Q == 1561906343821
    assert isPrime(P)
    assert isPrime(Q)
    assert "toy" in (toy_rsa.__doc__ or "").lower()


def test_our_exponents_are_each_other_s_inverse() -> None:
    order = (P - 1) * (Q - 1) // GCD(P - 1, Q - 1)
    assert inverse(OUR_ACCOUNT, order) == OUR_PRIVATE_EXPONENT % order
    assert RSA.construct((MODULUS, OUR_ACCOUNT, OUR_PRIVATE_EXPONENT, P, Q), consistency_check=True)


@given(HASHES)
def test_a_signature_of_ours_verifies_and_no_other_does(hashed: int) -> None:
    text = f"{hashed:08x}"
    signature = sign(text)
    assert signature == pow(hashed, OUR_PRIVATE_EXPONENT, MODULUS)
    assert verifies(signature, OUR_ACCOUNT, text)
    assert verifies(signature + MODULUS, OUR_ACCOUNT, text)
    assert not verifies(signature + 1, OUR_ACCOUNT, text)
    assert not verifies(signature, OUR_ACCOUNT, f"{hashed ^ 1:08x}")


@given(NATURAL, NATURAL, HASHES)
@example(0, 0, 1)
@example(0, 0, 0)
@example(0, 1, 0)
@example(5, 0, 1)
@example(5, 0, 2)
@example(P, P - 1, 1)
@example(Q, Q - 1, 1)
@example(P * 7, (P - 1) * (Q - 1), 1)
@example(0, (P - 1) * (Q - 1), 0)
@example(1, 2**63 - 1, 1)
@example(2**63 - 1, 2**63 - 1, 1)
def test_verifying_is_the_power_modulo_the_modulus(signature: int, account: int, hashed: int) -> None:
    powered = pow(signature, account, MODULUS)
    assert verifies(signature, account, f"{hashed:08x}") == (powered == hashed)
    if powered < 2**32:
        assert verifies(signature, account, f"{powered:08x}")


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, P, Q, MODULUS]), st.integers(-1, 1))
def test_so_it_is_near_the_multiples_of_the_factors(times: int, power: int, factor: int, more: int) -> None:
    signature, account = abs(times * factor + more), abs(power * (P - 1) + more)
    powered = pow(signature, account, MODULUS)
    for hashed in {powered % 2**32, 0, 1}:
        assert verifies(signature, account, f"{hashed:08x}") == (powered == hashed)


@pytest.mark.parametrize("text", ["", "1582520400000000000||895456882897|500000000|", "x" * 300])
def test_a_short_hash_is_the_beginning_of_a_sha256(text: str) -> None:
    assert short_hash(text) == SHA256.new(text.encode()).hexdigest()[:8]
