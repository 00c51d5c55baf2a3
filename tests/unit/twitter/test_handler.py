"""Requests of the Twitter service: what is asked for, and what is refused."""

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid, Request
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.handler import SERVICE, start
from functions.twitter.record import CorruptRecord, key, pack

GOOD = {"user_id": "42", "type": "both", "phrase": "hello", "hashtag": "tea"}


def query(**changes):
    return "&".join(f"{name}={value}" for name, value in (GOOD | changes).items() if value is not None).encode()


def refused(text):
    with pytest.raises(Invalid) as reason:
        start(Request(text))
    return reason.value


def contact(user_id, text, *tags, **known):
    fields = {"screen_name": "name", "description": "", "replies": 1, "retweets": 0, "shared_tags": 0} | known
    return Contact(user_id=user_id, tweets=(TaggedText(text, tags),), **fields)


@pytest.mark.parametrize("kind", ["reply", "retweet", "both"])
def test_a_request_asks_for_the_users_record_of_the_type(kind):
    assert start(Request(query(type=kind))).key == key(42, kind)


def test_a_key_is_the_id_and_the_type_in_nine_bytes():
    assert key(2**63 - 1, "reply") == b"\x7f" + b"\xff" * 7 + b"\x01"
    assert len({key(user_id, kind) for user_id in (0, 1, 256) for kind in ("reply", "retweet", "both")}) == 9


@pytest.mark.parametrize("digits", ["0", "1", "9007199254740993", "9223372036854775807", "000042", "0" * 3000 + "42"])
def test_a_user_id_is_any_number_of_63_bits(digits):
    number = int(digits.lstrip("0") or "0")
    assert start(Request(query(user_id=digits))).key == key(number, "both")


@pytest.mark.parametrize(
    "digits",
    ["9223372036854775808", "18446744073709551615", "1" * 20, "9" * 5000, "-1", "%2B1", "+1", "1.0", "1e3", "0x1f",
     "1_0", "%201", "1%20", "1%00", "%D9%A1", "%EF%BC%91", "%C2%B2", "abc", "1,2"],
)  # fmt: skip
def test_a_user_id_that_is_no_number_of_63_bits_is_refused(digits):
    reason = refused(query(user_id=digits))
    assert reason.code == "parameter"
    assert str(reason) == "parameter: user_id is no whole number from 0 to 2^63 - 1 in ASCII digits"


@pytest.mark.parametrize("kind", ["Reply", "REPLY", "reply%20", "replies", "both,reply", "%00", "%FF", "1"])
def test_another_type_is_refused(kind):
    assert refused(query(type=kind)).code == "parameter"


@pytest.mark.parametrize("name", GOOD)
def test_a_parameter_that_is_missing_empty_or_given_twice_is_refused(name):
    for text, what in (
        (query(**{name: None}), "is missing"),
        (query(**{name: ""}), "is empty"),
        (query() + b"&%s=1" % name.encode(), "is given twice"),
    ):
        reason = refused(text)
        assert (reason.code, str(reason)) == ("parameter", f"parameter: {name} {what}")


# A byte too many or too few, an overlong slash, surrogates alone and as a pair, and more than U+10FFFF.
NO_UTF8 = ["%FF", "a%80", "%C3", "%C3%28", "%E2%82", "%C0%AF", "%ED%A0%BD", "%ED%A0%BD%ED%B8%80", "%F4%90%80%80", "%FE"]


@pytest.mark.parametrize("bad", NO_UTF8)
@pytest.mark.parametrize("name", ["phrase", "hashtag"])
def test_a_phrase_or_hashtag_that_is_not_utf8_is_refused(name, bad):
    reason = refused(query(**{name: bad}))
    assert (reason.code, str(reason)) == ("encoding", f"encoding: {name} is not UTF-8")


def test_no_reason_repeats_input():
    for text in (query(user_id="secret"), query(type="secret"), query(phrase="secret%FF"), query(hashtag="secret%FF")):
        assert "secret" not in str(refused(text))


def test_other_parameters_are_ignored():
    assert start(Request(query() + b"&x=1&x=2&%FF=%FF&teamid=t")).key == key(42, "both")


def test_a_user_without_a_record_has_nothing_to_list():
    for record in (None, pack([])):
        with pytest.raises(Invalid, match="nothing-to-list: the user has no contact of this type"):
            start(Request(query())).then(record)


def test_a_damaged_record_is_no_fault_of_the_request():
    for record in (b"", b"garbage" * 9, pack([contact(1, "hello")])[:-1]):
        with pytest.raises(CorruptRecord):
            start(Request(query())).then(record)


def test_a_plus_is_a_space_and_an_encoded_plus_is_a_plus():
    record = pack([contact(1, "a b"), contact(2, "a+b"), contact(3, "ab")])
    ids = [row.split(b"\t")[0] for row in start(Request(query(phrase="a+b"))).then(record).split(b"\n")]
    assert ids == [b"1", b"3", b"2"]
    ids = [row.split(b"\t")[0] for row in start(Request(query(phrase="a%2Bb"))).then(record).split(b"\n")]
    assert ids == [b"2", b"3", b"1"]


@pytest.mark.parametrize(
    ("asked", "tag"),
    [("TEA", "tea"), ("%C3%89T%C3%89", "été"), ("%C4%B0", "i̇"), ("%CE%91%CE%A3", "ας"), ("%E1%BA%9E", "ß"),
     ("%23tea", "#tea")],
)  # fmt: skip
def test_a_hashtag_is_compared_whole_and_in_lower_case(asked, tag):
    record = pack([contact(1, "x", tag), contact(2, "x", tag + "s"), contact(3, "x", "s" + tag)])
    assert start(Request(query(hashtag=asked))).then(record).startswith(b"1\t")


def test_rows_are_sent_untrimmed_and_unescaped():
    odd = ' \t"text"\r\n&amp; \\n \u2028\x00 '
    record = pack([contact(1, odd, description="line\nline ", screen_name="")])
    assert start(Request(query())).then(record) == f"1\t\tline\nline \t{odd}".encode()


def test_four_replies_and_three_retweets_score_2_485():
    from functions.twitter.explain import ranked_contacts

    (one,) = ranked_contacts(pack([contact(1, "x", replies=4, retweets=3)]), "none", "none")
    assert f"{one.interaction:.3f}" == "2.485"
    assert one.final == 2.48491


def test_haha_is_twice_in_hahaha_and_an_explanation_tells_where():
    from functions.twitter.explain import ranked_contacts

    (one,) = ranked_contacts(pack([contact(1, "é hahaha", "tea", "tea", "teapot")]), "haha", "TEA")
    assert one.tweets[0].phrase_at == (2, 4)
    assert one.tweets[0].hashtag_matches == 2
    assert one.matches == 4


def test_the_service_describes_itself():
    assert SERVICE.stored
    assert SERVICE.name == "twitter"
    assert {parameter.name for parameter in SERVICE.parameters} == set(GOOD)
    assert set(SERVICE.reasons) == {"parameter", "encoding", "nothing-to-list"}
    for example in SERVICE.examples:
        with pytest.raises(Invalid, match="nothing-to-list"):
            answer_at_once(SERVICE, example.query.encode(), InlineRunner(EMPTY))


class Empty:
    def fetch(self, key):
        return None


EMPTY = Empty()


def explanation_of(record, brief, **parameters):
    request = Request(query(**parameters))
    return SERVICE.explain(request, brief).need.then(record).data


def test_a_brief_explanation_has_the_first_contacts_and_their_newest_tweets():
    contacts = [contact(user_id, "x") for user_id in range(60)]
    contacts[59] = contacts[59]._replace(tweets=contacts[59].tweets * 5)
    brief, whole = (explanation_of(pack(contacts), brief) for brief in (True, False))
    assert (brief["count"], len(brief["contacts"]), len(brief["contacts"][0]["tweets"])) == (60, 50, 3)
    assert (whole["count"], len(whole["contacts"]), len(whole["contacts"][0]["tweets"])) == (60, 60, 5)


def test_a_record_too_large_to_take_apart_is_explained_only_in_full():
    record = pack([contact(1, "x" * 300_000)])
    assert explanation_of(record, True)["problem"].startswith("too many contacts")
    assert explanation_of(record, False)["count"] == 1


def test_what_the_service_refuses_is_not_explained():
    with pytest.raises(Invalid, match="nothing-to-list"):
        explanation_of(None, True)
