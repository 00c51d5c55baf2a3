"""Mining: the smallest number that will do, in any slices, and never more attempts than it may take."""

import hashlib
import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossover.seam import Done
from functions.blockchain.mining import Mined, Mining, digest_ceiling, is_unreachable

SEALED = hashlib.sha256(b"sealed").hexdigest().encode()


def plain(target: str, limit: int) -> Mined | None:
    """One string at a time, as the contract says."""
    for number in range(limit):
        found = hashlib.sha256(SEALED + str(number).encode()).hexdigest()[:8]
        if found < target:
            return Mined(str(number), found)
    return None


def mined(target: str, limit: int, units: int) -> Mined | None:
    """Mined in slices; no slice takes more attempts than it may, and all together no more than the limit."""
    rest: Mining | Done = Mining(SEALED, target, limit)
    slices = 0
    while not isinstance(rest, Done):
        attempt = rest.attempt
        rest = pickle.loads(pickle.dumps(rest)).advance(units)  # noqa: S301 - as a process pool does
        slices += 1
        if isinstance(rest, Mining):
            assert rest.attempt == attempt + units < limit
    assert slices <= -(-limit // units)
    if limit:
        assert rest.units == (int(rest.value.pow) + 1 if rest.value else limit) - attempt
    return rest.value


@pytest.mark.parametrize("target", ["1", "06", "0f", "007", "0ab", "0012", "00000001"])
@pytest.mark.parametrize("units", [1, 7, 50, 999, 1000, 1001, 1_000_000])
def test_the_smallest_number_is_found_in_any_slices(target: str, units: int) -> None:
    assert mined(target, 2500, units) == plain(target, 2500)


ANY_TARGET = st.text("0123456789abcdef", max_size=10) | st.text(st.characters(max_codepoint=127), max_size=12)


@given(ANY_TARGET, st.integers(0, 120))
@example("0" * 8, 50)
@example("0" * 9, 50)
@example("0f" + "A" * 62, 120)
@settings(max_examples=150, deadline=None)
def test_a_hash_is_below_any_target_exactly_where_it_is_as_a_string(target: str, limit: int) -> None:
    assert mined(target, limit, 50) == plain(target, limit) if limit else True


@pytest.mark.parametrize("number", [0, 9, 999, 1000, 1001, 1999, 2000, 10_000])
def test_a_target_that_is_a_hash_or_one_that_begins_with_it_is_met_as_strings_compare(number: int) -> None:
    found = hashlib.sha256(SEALED + str(number).encode()).hexdigest()[:8]
    tried = Mining(SEALED, found, number + 1, number)
    assert tried.advance(1) == Done(None, units=1)
    for more in ("0", "f", "~", " ", "\x00", "A" * 56):
        assert tried._replace(target=found + more).advance(1) == Done(Mined(str(number), found), units=1)


@pytest.mark.parametrize(
    ("target", "ceiling"),
    [
        ("", "00000000"),
        ("06", "06000000"),
        ("fffffffe", "fffffffe"),
        ("0000000a ", "0000000a" + "ff" * 32),
        ("0F", "0a000000"),
        ("7 ", "70000000"),
        ("1:", "1a000000"),
        ("1~0", "1fffffff" + "ff" * 32),
        ("~", "ffffffff" + "ff" * 32),
    ],
)
def test_a_target_is_a_ceiling_of_digests(target: str, ceiling: str) -> None:
    assert digest_ceiling(target).hex() == ceiling


def test_the_limit_is_the_number_of_attempts() -> None:
    first = plain("0f", 1000)
    assert first
    attempts = int(first.pow) + 1
    assert mined("0f", attempts, 3) == first
    assert mined("0f", attempts - 1, 3) is None


def test_a_target_is_hopeless_where_no_hash_is_below_it() -> None:
    assert all(map(is_unreachable, ("", "0", "0000000", "00000000", "-", " ~", "\x7f"[:0], "/")))
    assert not any(map(is_unreachable, ("00000001", "000000000", "1", "A", "00000000 ", "~")))


@pytest.mark.parametrize(
    ("target", "attempts"), [("1", 16), ("007", 16**3 / 7), ("08", 32), ("00000001", 60_000), ("0", 60_000), ("~", 1)]
)
def test_the_attempts_that_are_likely_follow_from_the_target_within_the_limit(target: str, attempts: float) -> None:
    assert Mining(b"5" * 64, target, 65_536, 5_536).expected_units() == pytest.approx(attempts)
