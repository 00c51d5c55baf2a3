"""A seal holds for one key and one record, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.runner import Refused
from crossover.stores.sealing import Damaged, seal, unseal


@given(st.binary(max_size=12), st.binary(max_size=60))
def test_a_sealed_record_comes_back_under_its_key(key, record):
    assert unseal(key, seal(key, record)) == record


def test_every_flipped_bit_is_noticed():
    sealed = seal(b"user\x01", b"a record of some length")
    for bit in range(8 * len(sealed)):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            unseal(b"user\x01", bytes(damaged))


@pytest.mark.parametrize("key", [b"user\x02", b"user", b"user\x01\x00", b""])
def test_a_record_under_another_key_is_noticed(key):
    with pytest.raises(Damaged, match="load it again with crossover etl"):
        unseal(key, seal(b"user\x01", b"record"))


def test_key_and_record_cannot_be_divided_in_another_way():
    with pytest.raises(Damaged):
        unseal(b"ab", seal(b"a", b"bc")[1:])


@pytest.mark.parametrize("sealed", [None, "text", 7, 1.5, b"", b"\0\0\0"])
def test_what_is_no_sealed_record_is_damaged(sealed):
    with pytest.raises(Damaged):
        unseal(b"key", sealed)


def test_damage_to_one_record_is_no_outage_of_the_store():
    assert issubclass(Damaged, Refused)
