"""Packing: what a record holds, and what cannot be packed."""

import struct
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import nextafter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.twitter import record as format
from functions.twitter.answer import answer, has_border
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import CorruptRecord, pack, unpack
from functions.twitter.scores import hashtag_score, rounded


def contact(user_id=1, *texts, tags=(), **known):
    fields = {"screen_name": "", "description": "", "replies": 1, "retweets": 0, "shared_tags": 0} | known
    return Contact(user_id=user_id, tweets=tuple(TaggedText(text, tags) for text in texts), **fields)


def test_a_contact_without_a_tweet_is_no_candidate():
    assert [one.user_id for one in unpack(pack([contact(1), contact(2, "x")]))] == [2]
    assert answer(pack([contact(1)]), b"x", b"y") == b""


def test_a_contact_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="a contact comes twice"):
        pack([contact(1, "x"), contact(1, "y")])


@pytest.mark.parametrize("field", ["replies", "retweets", "shared_tags"])
def test_a_count_that_does_not_fit_is_refused(field):
    pack([contact(1, "x", **{field: 2**32 - 1})])
    with pytest.raises(ValueError, match="32 bits"):
        pack([contact(1, "x", **{field: 2**32})])


def test_more_contacts_than_a_record_can_rank_are_refused(monkeypatch):
    monkeypatch.setattr(format, "RANKS", 2.0)
    with pytest.raises(ValueError, match="more than 2 contacts"):
        pack([contact(number, "x") for number in range(3)])


def test_a_lone_surrogate_is_refused():
    with pytest.raises(ValueError, match="surrogates"):
        pack([contact(1, "\ud83d")])


def test_names_and_descriptions_may_hold_tabs_and_newlines_and_texts_and_tags_may_be_empty():
    odd = [contact(1, "", "", "x", tags=("", "a"), screen_name="a\tb\n", description="\t\n"), contact(2, "", tags=())]
    assert sorted(unpack(pack(odd))) == odd


def test_a_record_of_another_version_is_told_from_a_damaged_one():
    record = pack([contact(1, "x")])
    with pytest.raises(CorruptRecord, match="format and version"):
        unpack(record[:3] + b"\x01" + record[4:])
    with pytest.raises(CorruptRecord, match="bytes of"):
        unpack(record + b"\0")
    with pytest.raises(CorruptRecord, match="shorter"):
        unpack(b"")


def test_a_record_is_the_same_bytes_everywhere():
    # The format is a promise to stores that are already loaded: change it, and the version has to change.
    record = pack([contact(7, "hé", "x", tags=("t",), screen_name="n", description="d", shared_tags=12)])
    head = b"CTw\x02" + struct.pack("<IIII", len(record), 1, 90, 92)
    product = 1.0986122886681098 * (1 + 1.0986122886681098)
    orders = [-(rounded(score) * 2.0**22) for score in (product, product * 1.6931471805599454)]
    arrays = struct.pack("<dddIIIII", *orders, product, 87, 80, 90, 92, 100)
    counts = struct.pack("<IIII", 1, 0, 12, 1)
    assert record == head + arrays + counts + b"\n7\tn\td\th\xc3\xa9" + b"\xffx" + b"\xfft\xfe\xfd\xfft\xfe\xfd"


@pytest.mark.parametrize(("shared", "score"), [(0, 1), (9, 1), (10, 1), (11, 1.6931471805599454)])
def test_the_hashtag_score_rises_from_eleven_on(shared, score):
    assert hashtag_score(shared) == pytest.approx(score, abs=1e-15)


def half_up(score):
    return Decimal(score).quantize(Decimal("0.00001"), ROUND_HALF_UP) * 100_000


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(-3, 3))
def test_a_score_near_a_half_is_rounded_by_the_exact_value_of_the_double(whole, steps):
    score = (2 * whole + 1) / 200_000
    for _ in range(abs(steps)):
        score = nextafter(score, 0 if steps < 0 else 1e9)
    assert rounded(score) == half_up(score)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 10_000))
def test_any_score_is_rounded_half_up(score):
    assert rounded(score) == half_up(score)


@pytest.mark.parametrize("sixty_fourths", [1, 3, 65, 127, 64_001])
def test_an_exact_tie_goes_up(sixty_fourths):
    score = sixty_fourths / 64
    assert Fraction(score) * 100_000 % 1 == Fraction(1, 2)
    assert rounded(score) == half_up(score) == int(score * 100_000) + 1


@given(st.text("ab", min_size=1, max_size=8))
def test_a_border_is_a_beginning_that_is_an_end_too(phrase):
    borders = [phrase[:length] for length in range(1, len(phrase)) if phrase.endswith(phrase[:length])]
    assert has_border(phrase.encode()) == bool(borders)
