"""Records and answers against the definitions, over made-up contacts."""

import random
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from crossover.runner import InlineRunner, answer_at_once
from functions.twitter.answer import answer
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.explain import ranked_contacts
from functions.twitter.handler import SERVICE
from functions.twitter.record import CorruptRecord, key, pack, unpack
from tests.reference import twitter_serving as reference

# Few letters, so that phrases overlap and meet; multi-byte ones that share their first bytes; what rows are made of.
LETTERS = st.sampled_from(["a", "b", "h", "é", "è", "ꀀ", "😂", "😃", "\t", "\n", "\r", " ", "1", "\x00", "ÿ", "#"])
TEXTS = st.text(LETTERS, min_size=1, max_size=12)
TAGS = st.sampled_from(["a", "ab", "b", "é", "😂", "i̇", "ss", "ß", "a#", "ὀδός"])
TWEETS = st.builds(TaggedText, TEXTS, st.lists(TAGS, max_size=4).map(tuple))
COUNTS = st.integers(0, 3) | st.integers(0, 2**32 - 1)
SHARED = st.integers(0, 14) | st.integers(0, 2**32 - 1)


def contacts_of(user_ids, tweets=TWEETS, counts=COUNTS, shared=SHARED):
    return st.builds(
        Contact, user_ids, TEXTS | st.just(""), TEXTS | st.just(""), counts, counts, shared,
        st.lists(tweets, max_size=4).map(tuple),
    )  # fmt: skip


CONTACTS = st.lists(
    contacts_of(st.integers(0, 12) | st.integers(0, 2**63 - 1)), max_size=12, unique_by=lambda contact: contact.user_id
)


def one_contact(*texts, user_id=7, tags=(), **other):
    known = {"screen_name": "", "description": "", "replies": 1, "retweets": 0, "shared_tags": 0} | other
    return Contact(user_id=user_id, tweets=tuple(TaggedText(text, tags) for text in texts), **known)


@settings(max_examples=100, deadline=None)
@given(CONTACTS, TEXTS, TAGS)
def test_an_answer_is_what_the_definitions_say(contacts, phrase, hashtag):
    record = pack(contacts)
    assert answer(record, phrase.encode(), hashtag.encode()) == reference.rows(contacts, phrase, hashtag)


@settings(max_examples=100, deadline=None)
@given(CONTACTS, st.data())
def test_phrases_taken_from_rows_and_across_their_borders_match_only_in_texts(contacts, data):
    record = pack(contacts)
    body = reference.rows(contacts, "\x01", "\x01").decode()
    assume(body)
    start = data.draw(st.integers(0, len(body) - 1))
    phrase = body[start : start + data.draw(st.integers(1, 6))]
    assert answer(record, phrase.encode(), b"a") == reference.rows(contacts, phrase, "a")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("abé😂\n"), min_size=1, max_size=40), min_size=1, max_size=3),
    st.text(st.sampled_from("abé😂\n"), min_size=1, max_size=4),
)
@example(["hahaha"], "haha")
@example(["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], "aaa")
def test_overlapping_occurrences_all_count(texts, phrase):
    found = sum(reference.occurrences(text, phrase) for text in texts)
    assert ranked_contacts(pack([one_contact(*texts)]), phrase, "none")[0].matches == found
    # The rival matches as often, or once less or more, so its place tells the count.
    for rival_matches in {max(found + difference, 0) for difference in (-1, 0, 1)}:
        rival = one_contact("-", *[phrase] * rival_matches, user_id=8)
        assume(reference.matches(rival, phrase, "none") == rival_matches)
        contacts = [one_contact(*texts), rival]
        assert answer(pack(contacts), phrase.encode(), b"none") == reference.rows(contacts, phrase, "none")


@pytest.mark.parametrize("count", [2, 5, 17, 60, 240, 1000])
def test_large_answers_are_what_the_definitions_say(count):
    rng = random.Random(count)
    words = ["haha", "ha", "a", " ", "b", "rare", "été", "😂", "é"]
    contacts = [
        Contact(
            rng.randrange(2**63), "n", rng.choice(words), rng.randrange(3), rng.randrange(1, 4), rng.randrange(16),
            tuple(
                TaggedText("".join(rng.choices(words, [9, 9, 9, 9, 9, 1, 2, 3, 4], k=rng.randrange(1, 9))),
                      tuple(rng.choices("xyz", k=rng.randrange(3))))
                for _ in range(rng.choice((1, 1, 2, 5)))
            ),
        )
        for _ in range(count)
    ]  # fmt: skip
    record = pack(contacts)
    for phrase in (*words, "none", "aha", "haha haha", "hah"):
        for hashtag in ("x", "none"):
            assert answer(record, phrase.encode(), hashtag.encode()) == reference.rows(contacts, phrase, hashtag)


@pytest.mark.parametrize("matching", [0, 1, 2, 3, 4, 5, 20, 59, 60])
def test_rows_move_up_however_many_match(matching):
    contacts = [
        one_contact("yes" if at % 60 >= 60 - matching else "no", user_id=at, replies=60 - at, tags=("t",))
        for at in range(60)
    ]
    assert answer(pack(contacts), b"yes", b"none") == reference.rows(contacts, "yes", "none")


def test_equal_scores_are_ordered_by_id_as_a_number():
    contacts = [one_contact("yes", user_id=user_id) for user_id in (9, 10, 2**53, 2**53 + 1, 2**63 - 1, 0)]
    rows = answer(pack(contacts), b"yes", b"none").split(b"\n")
    assert [int(row.split(b"\t")[0]) for row in rows] == [2**63 - 1, 2**53 + 1, 2**53, 10, 9, 0]


def test_a_row_that_a_match_lifts_to_another_rows_score_stands_by_its_id():
    # ln(1 + 2) * 1 is ln(3); ln(1 + 1) * (1 + ln(...)) never is, so equal scores come from equal products.
    contacts = [one_contact("a", "b", user_id=5), one_contact("b", "a", user_id=9), one_contact("aa", user_id=1)]
    assert answer(pack(contacts), b"a", b"none") == reference.rows(contacts, "a", "none")


@settings(max_examples=80, deadline=None)
@given(CONTACTS)
def test_unpacking_gives_what_was_packed(contacts):
    record = pack(contacts)
    assert sorted(unpack(record)) == sorted(contact for contact in contacts if contact.tweets)
    assert pack(reversed(contacts)) == record


@settings(max_examples=80, deadline=None)
@given(CONTACTS, TEXTS, TAGS)
def test_an_explanation_has_the_answers_order_and_the_definitions_counts(contacts, phrase, hashtag):
    explained = ranked_contacts(pack(contacts), phrase, hashtag.upper() if hashtag != "i̇" else "İ")
    by_id = {contact.user_id: contact for contact in contacts}
    shown = "\n".join(f"{e.user_id}\t{e.screen_name}\t{e.description}\t{e.tweets[0].text}" for e in explained)
    asked = hashtag.upper() if hashtag != "i̇" else "İ"
    assert shown.encode() == reference.rows(contacts, phrase, asked)
    for one in explained:
        assert one.matches == reference.matches(by_id[one.user_id], phrase, asked)
        assert f"{one.final:.5f}" == str(reference.final_score(by_id[one.user_id], one.matches))


SMALL = pack([one_contact("haha", "né", user_id=3, tags=("t",)), one_contact("x", user_id=2**60, shared_tags=30)])


def test_every_truncation_of_a_record_is_noticed():
    for length in range(len(SMALL)):
        with pytest.raises(CorruptRecord):
            answer(SMALL[:length], b"ha", b"t")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_record(data):
    with pytest.raises(CorruptRecord):
        answer(data, b"a", b"b")
    with pytest.raises(CorruptRecord):
        unpack(data)


class Records:
    """A store in memory."""

    def __init__(self, records):
        self.records = records

    def fetch(self, key):
        return self.records.get(key)


@settings(max_examples=60, deadline=None)
@given(CONTACTS, TEXTS, st.sampled_from(["a", "AB", "É", "İ", "ὈΔΌΣ", "ß", "SS", "a#", "😂"]), st.booleans())
def test_a_query_string_is_answered_as_the_definitions_say(contacts, phrase, hashtag, plus):
    assume(any(contact.tweets for contact in contacts))
    encode = quote_plus if plus else quote
    query = f"hashtag={encode(hashtag)}&phrase={encode(phrase)}&user_id=42&other=1&type=retweet".encode()
    runner = InlineRunner(Records({key(42, "retweet"): pack(contacts)}))
    assert answer_at_once(SERVICE, query, runner) == reference.rows(contacts, phrase, hashtag)
