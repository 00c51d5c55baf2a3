"""From raw tweets through the ETL and a SQLite store to the answer, byte for byte as the reference has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from crossover.stores import open_store
from functions.twitter.handler import SERVICE
from local.data.etl.pipeline import EtlReport, run
from local.data.etl.popular import SHIPPED_TAGS
from local.data.tweets.generator import Generator
from tests.reference.twitter import Reference, query_string

POPULAR = [tag.strip() for tag in SHIPPED_TAGS.read_text().splitlines()]


def load(folder: Path, lines: list[bytes], popular: list[str] = POPULAR) -> tuple[EtlReport, str]:
    """The report and the URL of a store of these lines."""
    tweets = folder / "tweets.jsonl"
    tweets.write_bytes(b"".join(line + b"\n" for line in lines))
    url = f"sqlite:///{folder / 'store.db'}"
    return run([tweets], frozenset(tag.lower() for tag in popular), url), url


def asker(url: str) -> Callable[[bytes], bytes | None]:
    """Asks the service over a store: the rows, or None where there is nothing to list."""
    runner = InlineRunner(open_store(url))

    def ask(query: bytes) -> bytes | None:
        try:
            return answer_at_once(SERVICE, query, runner)
        except Invalid as invalid:
            if invalid.code != "nothing-to-list":
                raise
            return None

    return ask


def same_answers(
    reference: Reference, ask: Callable[[bytes], bytes | None], queries: list[tuple[int, str, str, str]]
) -> int:
    """Compares; returns how many answers had rows."""
    listed = 0
    for number, query in enumerate(queries):
        expected = reference.answer(*query)
        assert ask(query_string(*query, plus=number % 2 == 0)) == expected, query
        listed += expected is not None
    return listed


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reference, EtlReport, Callable[[bytes], bytes | None]]:
    lines = list(Generator(4000, 7, POPULAR).lines())
    report, url = load(tmp_path_factory.mktemp("generated"), lines)
    return Reference(lines, POPULAR), report, asker(url)


@pytest.mark.no_cover
def test_a_thousand_answers_over_generated_tweets_are_the_reference_s(generated: Any) -> None:
    reference, _, ask = generated
    queries = reference.queries(1000, 5)
    listed = same_answers(reference, ask, queries)
    assert listed > 500
    assert len(queries) - listed > 30


def test_each_reason_to_drop_a_line_is_counted_as_the_reference_counts_it(generated: Any) -> None:
    reference, report, _ = generated
    assert {reason: count for reason, count in report.dropped.items() if count} == dict(reference.dropped)
    assert [reason for reason, count in report.dropped.items() if not count] == ["api_v2"], "the others are made"
    assert report.valid == len(reference.tweets) == 4000
    assert report.lines == report.valid + sum(report.dropped.values())


def test_generated_tweets_have_what_real_ones_have(generated: Any) -> None:
    reference, _, _ = generated
    tweets = reference.tweets.values()
    assert any(tweet["reply_to"] == tweet["user"]["id"] for tweet in tweets), "self contacts"
    both = [tweet for tweet in tweets if tweet["reply_to"] is not None and tweet["retweet_of"] is not None]
    assert len({tweet["reply_to"] == tweet["retweet_of"] for tweet in both}) == 2, "both roles, to one user and to two"
    texts = "".join(tweet["text"] for tweet in tweets)
    assert all(
        piece in texts for piece in ("\n", "\r\n", "\t", '"', "&amp;", "\\", "\ufffd", "\0", "😀", "東京", "شكرا")
    )
    assert any(tweet["text"].endswith(" ") for tweet in tweets)
    moments = [tweet["created_at"] for tweet in tweets]
    assert len(moments) - len(set(moments)) > 50, "ties"
    assert max(reference.tweets) > 2**53
    assert any(user > 2**53 for user in reference.uses)
    names = {(tweet["user"]["id"], tweet["user"]["screen_name"]) for tweet in tweets}
    assert len(names) > len({user for user, _ in names}), "names change"
    assert any(
        reference.hashtag_score(user, other) > 1 for user in list(reference.uses)[:99] for other in reference.uses
    )


def tweet(number: int, sender: int, text: str = "text", at: int = 0, **more: Any) -> bytes:
    """A line; `tags` are its hashtags, `to` is replied to, `of` is a retweeted user."""
    user = {"id": sender, "screen_name": f"name{sender}", "description": f"about {sender} "} | more.pop("user", {})
    made: dict[str, Any] = {
        "id": number,
        "created_at": f"Sun Aug 31 00:{at // 60:02}:{at % 60:02} +0000 2014",
        "text": text,
        "lang": "en",
        "user": user,
        "entities": {"hashtags": [{"text": tag} for tag in more.pop("tags", ["tag"])]},
    }
    if "to" in more:
        made["in_reply_to_user_id"] = more.pop("to")
    if "of" in more:
        of = more.pop("of")
        made["retweeted_status"] = {"user": of if isinstance(of, dict) else {"id": of, "screen_name": f"inner{of}"}}
    return json.dumps(made | more).encode()


TIED = (9, 10, 100, 2**53 + 1, 2**53 + 2, 2**63 - 1, -5)
CASES = [
    # Four replies and three retweets, both directions, and other types that count all the same.
    *(tweet(100 + at, 10, f"reply {at}", at, to=11) for at in range(3)),
    tweet(103, 11, "and back", 3, to=10),
    *(tweet(104 + at, 11, f"retweet {at}", 4 + at, of=10) for at in range(3)),
    # A user who never sent anything; one known from a retweet alone.
    tweet(110, 10, "to a stranger", to=12),
    tweet(111, 10, "of a stranger", of={"id": 13, "screen_name": "seen", "description": "inside"}),
    # Reply and retweet at once: towards one user, towards two, towards oneself.
    tweet(120, 20, "hahaha both to 21", to=21, of=21),
    tweet(121, 20, "hahaha to 22 of 23", to=22, of=23),
    tweet(122, 20, "hahaha myself", to=20),
    tweet(123, 20, "hahaha myself twice", to=20, of=20),
    # The newest profile: by date, by tweet id, the outer before the inner.
    tweet(130, 30, at=5, to=31, user={"screen_name": "old"}),
    tweet(132, 30, at=9, to=31, user={"screen_name": "newest, greater id", "description": None}),
    tweet(131, 30, at=9, to=31, user={"screen_name": "newest, smaller id"}),
    tweet(133, 33, at=9, of={"id": 33, "screen_name": "inner"}, user={"screen_name": "outer", "description": "d"}),
    tweet(134, 34, at=8, of={"id": 31, "screen_name": "never sent, seen"}),
    tweet(135, 35, at=8, of={"id": 31, "screen_name": None, "description": "no name"}),
    # The newest text is shown; ties by id.
    tweet(142, 40, "shown: greater id", 7, to=41),
    tweet(141, 41, "not shown: smaller id", 7, to=40),
    tweet(143, 40, "older", 6, of=41),
    # Shared tags: over ten, exactly ten, popular ones left out, case ignored, tweets without contacts counted too.
    *(tweet(200 + at, 50, tags=["ΑΣ", "İ", "POP"]) for at in range(3)),
    *(tweet(210 + at, 51, tags=["ας", "i̇", "Pop"]) for at in range(3)),
    tweet(220, 50, "eleven or more", to=51, tags=["ΑΣ"]),
    *(tweet(230 + at, 52, tags=["ten", "ten"]) for at in range(4)),
    tweet(240, 53, "exactly ten", to=52, tags=["TEN", "ten"]),
    *(tweet(250 + at, 54, "self with tags", to=54, tags=["x"] * 9) for at in range(3)),
    # Equal scores: the greater id first, as a number.
    *(tweet(300 + at, 60, "tie", to=other, tags=["tie"]) for at, other in enumerate(TIED)),
    # Phrases and tags.
    tweet(400, 70, "aaaa aa", to=71, tags=["A", "a", "pop", "Pop"]),
    tweet(401, 70, "éé\u0301é 😀😀 %_ + & = #", to=72, tags=["É", "#hash", " space"]),
    tweet(402, 70, "tab\tnew\nline\r\n\"quoted\" \\ &amp; end ", to=73, tags=["tag"]),
    tweet(403, 70, "\ud83d half", to=74, tags=["\ud83d"]),
    tweet(404, 70, "ids as text", in_reply_to_user_id=None, in_reply_to_user_id_str="75", tags=["tag"]),
    tweet(405, 70, "no contact", retweeted_status={"user": {"screen_name": "x"}}, tags=["tag"]),
    tweet(406, 76, "no hashtag text", to=70, entities={"hashtags": [{"text": None}, {"indices": [1]}, {"text": ""}]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reference, Callable[[bytes], bytes | None]]:
    report, url = load(tmp_path_factory.mktemp("by_hand"), CASES, ["pop"])
    assert report.valid == len(CASES)
    return Reference(CASES, ["pop"]), asker(url)


def test_every_corner_of_the_definitions_answers_as_the_reference(by_hand: Any) -> None:
    reference, ask = by_hand
    words = [
        ("haha", "tag"),
        ("aa", "A"),
        ("é", "é"),
        ("nothing", "pop"),
        (" ", "ΑΣ"),
        ("\ufffd", "\ufffd"),
        ("😀", "#hash"),
    ]
    queries = [
        (user, kind, phrase, tag)
        for user in (*range(1, 80), 100, 2**53 + 1, 2**53 + 2, 2**63 - 1)
        for kind in ("reply", "retweet", "both")
        for phrase, tag in words
    ]
    assert same_answers(reference, ask, queries) > 500


def rows(answer: bytes | None) -> list[list[str]]:
    assert answer is not None
    return [row.split("\t") for row in answer.decode().split("\n")]


def test_a_tie_is_ordered_by_the_id_as_a_number(by_hand: Any) -> None:
    _, ask = by_hand
    ids = [int(row[0]) for row in rows(ask(b"user_id=60&type=both&phrase=x&hashtag=x"))]
    assert ids == sorted(TIED, reverse=True)


def test_the_newest_profile_wins_then_the_greater_id_then_the_outer_user(by_hand: Any) -> None:
    _, ask = by_hand
    assert rows(ask(b"user_id=31&type=reply&phrase=x&hashtag=x"))[0][:3] == ["30", "newest, greater id", ""]
    assert rows(ask(b"user_id=33&type=retweet&phrase=x&hashtag=x"))[0][:3] == ["33", "outer", "d"]
    assert rows(ask(b"user_id=30&type=reply&phrase=x&hashtag=x"))[0][:3] == ["31", "", "no name"]


def test_the_newest_contact_tweet_is_shown_then_the_greater_id(by_hand: Any) -> None:
    _, ask = by_hand
    assert rows(ask(b"user_id=40&type=both&phrase=x&hashtag=x"))[0][3] == "shown: greater id"
    assert rows(ask(b"user_id=40&type=retweet&phrase=x&hashtag=x"))[0][3] == "older"


def test_nothing_is_trimmed_or_escaped(by_hand: Any) -> None:
    _, ask = by_hand
    answer = ask(b"user_id=73&type=reply&phrase=x&hashtag=x")
    assert answer is not None
    assert answer == b"name".join([b"70\t", b'70\tabout 70 \ttab\tnew\nline\r\n"quoted" \\ &amp; end '])
