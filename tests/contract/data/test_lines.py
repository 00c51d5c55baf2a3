"""Every line, however odd, is read or dropped as the reference does it."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.data.etl.parsing import parse
from local.data.etl.parts import is_utf8
from local.data.tweets.generator import Generator
from tests.reference.twitter import Dropped, valid_tweet

LINES = list(Generator(300, 9, ["now"]).lines())
ODD = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 1.0, 1e300, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1]),
    st.sampled_from(
        ["", "0", "007", "-7", "+7", " 7", "7 ", "٧", "1_0", "1e3", "9223372036854775808", "en", "EN", "in"]
    ),
    st.sampled_from(
        ["Sun Aug 31 00:29:15 +0000 2014", "Sun Aug  3 00:29:15 +0000 2014", "Sun Aug 3 0:29:15 +0530 2014"]
    ),
    st.sampled_from(["sun aug 31 00:29:15 +0000 2014", "Mon Aug 31 00:29:15 +0000 2014", "Sun Aug 31 00:29:15 Z 2014"]),
    st.sampled_from(["\ud83d", "\ude00\ud83d", "\x00", "İΑΣ", "\ufeff"]),
    st.sampled_from(
        [[], {}, [None], [{}], [{"text": None}], [{"text": "A"}, {"text": "\ud83d"}], {"id": 5}, {"user": 5}]
    ),
    st.sampled_from([{"id": 6, "screen_name": 5}, {"id_str": "6"}, {"user": {"id": 7}}, {"hashtags": [{"text": "x"}]}]),
    st.text(max_size=5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
FIELDS = (
    "id",
    "id_str",
    "created_at",
    "text",
    "lang",
    "in_reply_to_user_id",
    "in_reply_to_user_id_str",
    "user",
    "entities",
    "retweeted_status",
    "user.id",
    "user.id_str",
    "user.screen_name",
    "user.description",
    "entities.hashtags",
    "retweeted_status.user",
    "full_text",
    "extended_tweet",
    "extended_tweet.full_text",
    "extended_tweet.entities",
    "data",
)
TWEET = {
    "id": 1,
    "created_at": "Sun Aug 31 00:29:15 +0000 2014",
    "text": "text",
    "lang": "en",
    "user": {"id": 2, "screen_name": "name", "description": "about"},
    "entities": {"hashtags": [{"text": "Tag"}]},
    "retweeted_status": {"user": {"id": 3, "screen_name": "other", "description": None}},
    "full_text": "the full text",
    "extended_tweet": {"full_text": "the extended text", "entities": {"hashtags": [{"text": "Extended"}]}},
}


def outcome(line: bytes) -> dict[str, Any] | str:
    """What the parser makes of a line, in the words of the reference."""
    row = parse(line) if is_utf8(line) else "not_utf8"
    if isinstance(row, str):
        return row
    inner = {"id": row.retweet_of, "screen_name": row.of_screen_name, "description": row.of_description}
    return {
        "id": row.id,
        "created_at": row.created_at,
        "text": row.text,
        "tags": row.hashtags,
        "user": {"id": row.user_id, "screen_name": row.screen_name, "description": row.description},
        "inner_user": inner if row.retweet_of is not None else None,
        "reply_to": row.reply_to,
        "retweet_of": row.retweet_of,
    }


def expected(line: bytes) -> dict[str, Any] | str:
    try:
        return valid_tweet(line)
    except Dropped as reason:
        return str(reason)


@given(changes=st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=4), escaped=st.booleans())
@settings(max_examples=300, deadline=None)
def test_odd_values_in_any_field(changes: dict[str, Any], escaped: bool) -> None:
    tweet = json.loads(json.dumps(TWEET))
    for field, value in changes.items():
        holder, _, name = field.rpartition(".")
        place = tweet.get(holder) if holder else tweet
        if isinstance(place, dict):
            place[name] = copy.deepcopy(value)
    line = json.dumps(tweet, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert outcome(line) == expected(line)


@pytest.mark.parametrize("seed", range(4))
def test_damage_to_any_byte(seed: int) -> None:
    rng = random.Random(seed)
    for line in LINES:
        damaged = bytearray(line)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(damaged) or 1)
            piece = rng.choice(
                [b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"e", b"-", b"\x01", b"\xff", b"\xc3"]
            )
            damaged[place : place + rng.randrange(3)] = piece
        found = bytes(damaged).replace(b"\n", b"")
        assert outcome(found) == expected(found), found


@pytest.mark.parametrize(
    ("fields", "text", "tags"),
    [
        ({}, "the extended text", ["extended"]),
        ({"extended_tweet": None}, "the full text", ["tag"]),
        ({"extended_tweet": None, "text": None}, "the full text", ["tag"]),
        ({"extended_tweet": None, "full_text": None}, "text", ["tag"]),
        ({"extended_tweet": {"full_text": "long"}}, "long", ["tag"]),
        ({"extended_tweet": {"full_text": "long", "entities": {"hashtags": [{"text": "B"}]}}}, "long", ["b"]),
    ],
)
@pytest.mark.parametrize("odd", ["", "\ud800"])
def test_a_long_tweet_has_its_whole_text_and_its_own_hashtags(
    fields: dict[str, Any], text: str, tags: list[str], odd: str
) -> None:
    line = json.dumps(TWEET | fields | {"source": odd}).encode()
    found = outcome(line)
    assert found == expected(line)
    assert isinstance(found, dict)
    assert (found["text"], found["tags"]) == (text, tags)


def test_a_byte_order_mark_before_a_tweet_is_ignored() -> None:
    line = b"\xef\xbb\xbf" + json.dumps(TWEET).encode()
    assert outcome(line) == expected(line) == outcome(line[3:])
    assert outcome(b"\xef\xbb\xbf" + line) == expected(b"\xef\xbb\xbf" + line) == "not_json"


@pytest.mark.parametrize(
    "value",
    [
        {"data": {"id": "7", "text": "x"}},
        {"data": [{"id": "7", "text": "x"}], "includes": {"users": []}},
        {"id": "7", "text": "x", "author_id": "8", "lang": "en", "created_at": "2021-01-06T18:40:40.000Z"},
    ],
)
def test_a_tweet_of_api_v2_is_dropped_by_its_name(value: dict[str, Any]) -> None:
    line = json.dumps(value).encode()
    assert outcome(line) == expected(line) == "api_v2"


def test_every_generated_line() -> None:
    for line in LINES:
        assert outcome(line) == expected(line), line
