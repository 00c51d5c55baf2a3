"""One line to one tweet, or to the reason why it is dropped: rule by rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.data.etl.parsing import MAX_DEPTH, REASONS, Row, instant, parse

GOOD: dict[str, Any] = {
    "id": 1,
    "created_at": "Sun Aug 31 00:29:15 +0000 2014",
    "text": "hello",
    "lang": "en",
    "user": {"id": 2, "screen_name": "two", "description": "the second"},
    "entities": {"hashtags": [{"text": "Tag"}]},
}


def line(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not ...}).encode()


def row(**changes: Any) -> Row:
    outcome = parse(line(**changes))
    assert isinstance(outcome, Row), outcome
    return outcome


def test_a_plain_tweet_gives_its_row() -> None:
    assert row() == Row(1, 1409444955, 2, "two", "the second", "hello", ["tag"], None, None, "", "")


def test_a_reply_and_retweet_gives_both_users_and_the_inner_profile() -> None:
    inner = {"user": {"id": 9, "screen_name": "nine", "description": None}, "text": "x", "lang": "de"}
    found = row(in_reply_to_user_id=8, retweeted_status=inner)
    assert (found.reply_to, found.retweet_of, found.of_screen_name, found.of_description) == (8, 9, "nine", "")


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b" ",
        b"\r",
        b"not json",
        b"[]",
        b'"text"',
        b"null",
        b"17",
        line()[:-1],
        line() + b"{}",
        b"\xef\xbb\xbf\xef\xbb\xbf" + line(),
        line().replace(b'"id": 1', b'"id": NaN'),
        line().replace(b'"id": 1', b'"id": Infinity'),
        line().replace(b'"id": 1', b'"id": 01'),
        line().replace(b"hello", b"a\tb"),
        line().replace(b"hello", b"\\q"),
        line().replace(b"}]", b"},]"),
    ],
)
def test_what_is_no_json_object_is_dropped(bad: bytes) -> None:
    assert parse(bad) == "not_json"


@pytest.mark.parametrize("space", [b"\r", b" ", b"\t\r"])
def test_white_space_at_the_end_of_a_line_is_part_of_no_tweet(space: bytes) -> None:
    assert parse(line() + space) == row()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ...}, "no_id"),
        ({"id": None}, "no_id"),
        ({"id": None, "id_str": None}, "no_id"),
        ({"id": None, "id_str": ""}, "no_id"),
        ({"id": 2**63}, "no_id"),
        ({"id": 1.0}, "no_id"),
        ({"id": True}, "no_id"),
        ({"id": "1"}, "no_id"),
        ({"user": ...}, "no_user_id"),
        ({"user": None}, "no_user_id"),
        ({"user": [1]}, "no_user_id"),
        ({"user": {}}, "no_user_id"),
        ({"user": {"id": None, "id_str": None}}, "no_user_id"),
        ({"created_at": ...}, "no_created_at"),
        ({"created_at": None}, "no_created_at"),
        ({"created_at": 1409444955}, "no_created_at"),
        ({"created_at": "2014-08-31T00:29:15Z"}, "no_created_at"),
        ({"created_at": "Sun Feb 30 00:29:15 +0000 2014"}, "no_created_at"),
        ({"created_at": "Sun Aug 31 24:00:00 +0000 2014"}, "no_created_at"),
        ({"text": ...}, "no_text"),
        ({"text": None}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": 5}, "no_text"),
        ({"entities": ...}, "no_hashtags"),
        ({"entities": None}, "no_hashtags"),
        ({"entities": {}}, "no_hashtags"),
        ({"entities": {"hashtags": None}}, "no_hashtags"),
        ({"entities": {"hashtags": []}}, "no_hashtags"),
        ({"entities": {"hashtags": {"text": "x"}}}, "no_hashtags"),
        ({"lang": ...}, "language"),
        ({"lang": None}, "language"),
        ({"lang": "de"}, "language"),
        ({"lang": "EN"}, "language"),
        ({"lang": ["en"]}, "language"),
    ],
)
def test_a_tweet_is_dropped_for(changes: dict[str, Any], reason: str) -> None:
    assert parse(line(**changes)) == reason


def test_the_first_rule_that_holds_is_the_reason() -> None:
    removed: dict[str, Any] = {}
    order = []
    for field, value in (("lang", "de"), ("entities", None), ("text", ""), ("created_at", "x"), ("user", None)):
        removed[field] = value
        order.append(parse(line(**removed)))
    order.append(parse(line(**removed, id=None)))
    assert order == ["language", "no_hashtags", "no_text", "no_created_at", "no_user_id", "no_id"]
    assert order[::-1] == list(REASONS)[3:9]


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "in", "pt", "es", "tr", "ja"])
def test_eight_languages_are_kept(lang: str) -> None:
    assert row(lang=lang).id == 1


@pytest.mark.parametrize(
    ("number", "string", "read"),
    [
        (5, "6", 5),
        (5, None, 5),
        (None, "6", 6),
        (..., "6", 6),
        (5, "six", 5),
        (5, 6, 5),
        (1.5, "6", 6),
        (True, "6", 6),
        (2**64, "6", 6),
        ("HUGE", "6", 6),
        (..., "9007199254740993", 2**53 + 1),
        (2**63 - 1, ..., 2**63 - 1),
        (-(2**63), ..., -(2**63)),
        (..., "-5", -5),
        (0, "6", 0),
    ],
)
def test_a_number_is_read_from_its_string_where_it_is_given_there_alone(number: Any, string: Any, read: int) -> None:
    both = json.dumps({"id": "NUMBER", "id_str": string}) if string is not ... else '{"id": "NUMBER"}'
    if number is ...:
        both = json.dumps({"id_str": string})
    digits = "1" + "0" * 5000 if number == "HUGE" else json.dumps(number if number is not ... else None)
    both = both.replace('"NUMBER"', digits)
    start = line(id=..., user="USER").decode()
    in_tweet = parse((both[:-1] + ", " + start[1:].replace('"USER"', '{"id": 2}')).encode())
    assert isinstance(in_tweet, Row)
    assert in_tweet.id == read
    as_user = parse(line(user="USER").replace(b'"USER"', both.encode()))
    assert isinstance(as_user, Row)
    assert as_user.user_id == read
    as_reply = parse((both[:-1].replace("id", "in_reply_to_user_id") + ", " + line().decode()[1:]).encode())
    assert isinstance(as_reply, Row)
    assert as_reply.reply_to == read
    as_retweet = parse(line(retweeted_status={"user": "USER"}).replace(b'"USER"', both.encode()))
    assert isinstance(as_retweet, Row)
    assert as_retweet.retweet_of == read


@pytest.mark.parametrize(
    "retweeted",
    [
        None,
        {},
        {"user": None},
        {"user": {}},
        {"user": {"id": None, "screen_name": "x"}},
        {"user": 5},
        "RT",
        [1],
        {"id": 5},
    ],
)
def test_a_retweeted_status_without_a_user_id_makes_no_contact(retweeted: Any) -> None:
    assert row(retweeted_status=retweeted).retweet_of is None


def test_hashtag_entries_without_text_are_skipped_and_the_tweet_stays() -> None:
    entries = [None, {}, {"text": None}, {"text": ""}, {"text": 5}, "x", {"text": "A"}, {"text": "a"}]
    assert row(entities={"hashtags": entries}).hashtags == ["a", "a"]
    assert row(entities={"hashtags": [{}]}).hashtags == []


@pytest.mark.parametrize(
    ("tag", "lower"), [("İ", "i̇"), ("ΑΣ", "ας"), ("ΑΣΑ", "ασα"), ("STRASSE", "strasse"), ("ẞ", "ß"), ("Ǆ", "ǆ")]
)
def test_hashtags_are_lower_cased_in_full(tag: str, lower: str) -> None:
    assert row(entities={"hashtags": [{"text": tag}]}).hashtags == [lower]


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("\\ud83d\\ude00", "😀"),
        ("\\ud83d", "\ufffd"),
        ("x\\ude00y", "x\ufffdy"),
        ("\\ude00\\ud83d", "\ufffd\ufffd"),
        ("\\ud83d\\ud83d\\ude00", "\ufffd😀"),
        ("\\u0000", "\0"),
        (" a\\r\\n\\t&amp; ", " a\r\n\t&amp; "),
    ],
)
def test_texts_come_out_as_decoded_with_a_replacement_for_half_a_character(escaped: str, text: str) -> None:
    found = parse(line().replace(b"hello", escaped.encode()).replace(b"Tag", escaped.encode()))
    assert isinstance(found, Row)
    assert (found.text, found.hashtags) == (text, [text.lower()])


def test_names_and_descriptions_that_are_null_or_missing_or_no_text_are_empty() -> None:
    assert row(user={"id": 2})[3:5] == ("", "")
    assert row(user={"id": 2, "screen_name": None, "description": None})[3:5] == ("", "")
    assert row(user={"id": 2, "screen_name": 7, "description": ["x"]})[3:5] == ("", "")


def test_of_a_field_given_twice_the_last_one_counts() -> None:
    twice = line().replace(b'"text": "hello"', b'"text": "first", "text": "last"')
    found = parse(twice)
    assert isinstance(found, Row)
    assert found.text == "last"


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("Thu Jan 01 00:00:00 +0000 1970", 0),
        ("Sun Aug 31 00:29:15 +0000 2014", 1409444955),
        ("Sun Aug 31 02:29:15 +0200 2014", 1409444955),
        ("Sun Aug 31 23:59:59 +0000 2014", 1409529599),
        ("Mon Feb 29 12:00:00 +0000 2016", 1456747200),
        ("Wed Dec 31 23:59:59 +0000 1969", -1),
        ("Mon Feb 29 12:00:00 +0000 2015", None),
        ("Sun Aug 31 00:29:60 +0000 2014", None),
        ("Sun Aug 31 00:29:15 2014", None),
        ("", None),
        ("Sun Aug 31 00:29:15 +0000 2014 ", None),
    ],
)
def test_dates_are_read_to_the_second(moment: str, seconds: int | None) -> None:
    assert instant(moment) == seconds
    assert instant(moment) == seconds, "the second time, from what the first one left"


def test_ever_new_days_do_not_fill_the_memory() -> None:
    from local.data.etl import parsing

    for year in range(1000, 1400):
        for day in range(1, 29):
            assert instant(f"Sun Aug {day:02} 00:00:00 +0000 {year}") is not None
    assert len(parsing._midnights) <= 10_001


def test_nesting_has_a_limit_that_no_tweet_comes_near() -> None:
    deep = line(text="x", extra="DEEP").replace(b'"DEEP"', b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2))
    assert isinstance(parse(deep), Row)
    bomb = line(text="x", extra="DEEP").replace(b'"DEEP"', b"[" * 200_000 + b"]" * 200_000)
    assert parse(bomb) == "not_json"
    odd_bomb = bomb.replace(b'"x"', b'"\\ud83d"')
    assert parse(odd_bomb) == "not_json"
    many = line(text="\ud83d", extra=[[]] * 2000, more='[{"' * 2000)
    assert isinstance(parse(many), Row), "many brackets are not deep ones"
