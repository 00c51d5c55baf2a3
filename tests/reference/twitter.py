"""The Twitter service as its contract defines it, brute force, from raw lines to the bytes of an answer.

Plain dictionaries, `json`, `strptime` and Decimal; it shares no code with what it judges.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote, quote_plus

LANGUAGES = ["ar", "en", "fr", "in", "pt", "es", "tr", "ja"]


class Dropped(Exception):
    """Why a line is dropped; the message is the reason's name."""


class Reference:
    """All valid tweets of some lines, and the answers over them."""

    def __init__(self, lines: Iterable[bytes], popular: Iterable[str]) -> None:
        self.popular = {tag.strip().lower() for tag in popular} - {""}
        self.dropped: Counter[str] = Counter()
        self.tweets: dict[int, dict[str, Any]] = {}
        for line in lines:
            try:
                tweet = valid_tweet(line)
            except Dropped as reason:
                self.dropped[str(reason)] += 1
                continue
            if tweet["id"] in self.tweets:
                self.dropped["duplicate"] += 1
                # The contract lets one copy be kept, whichever; only copies that say the same can be judged here.
                assert self.tweets[tweet["id"]] == tweet
            self.tweets[tweet["id"]] = tweet
        self.uses: dict[int, Counter[str]] = {}
        self.contact_tweets: dict[int, list[dict[str, Any]]] = {}
        self.profiles: dict[int, tuple[tuple[int, int, bool], str, str]] = {}
        for tweet in self.tweets.values():
            own = self.uses.setdefault(tweet["user"]["id"], Counter())
            own.update(tag for tag in tweet["tags"] if tag not in self.popular)
            for user in {tweet["user"]["id"], tweet["reply_to"], tweet["retweet_of"]} - {None}:
                if tweet["reply_to"] is not None or tweet["retweet_of"] is not None:
                    self.contact_tweets.setdefault(user, []).append(tweet)
            for user, outer in ((tweet["user"], True), (tweet["inner_user"], False)):
                if user is not None:
                    entry = ((tweet["created_at"], tweet["id"], outer), user["screen_name"], user["description"])
                    if user["id"] not in self.profiles or entry[0] > self.profiles[user["id"]][0]:
                        self.profiles[user["id"]] = entry

    def answer(self, user: int, kind: str, phrase: str, hashtag: str) -> bytes | None:
        """The rows of the answer; None where there is nothing to list."""
        found = []
        others = set()
        for tweet in self.contact_tweets.get(user, []):
            others |= {tweet["user"]["id"], tweet["reply_to"], tweet["retweet_of"]} - {None}
        for other in others:
            replies = retweets = matches = 0
            shown: dict[str, Any] | None = None
            for tweet in self.contact_tweets[user]:
                is_reply = _links(tweet["user"]["id"], tweet["reply_to"], user, other)
                is_retweet = _links(tweet["user"]["id"], tweet["retweet_of"], user, other)
                replies += is_reply
                retweets += is_retweet
                if (is_reply and kind != "retweet") or (is_retweet and kind != "reply"):
                    matches += overlapping(tweet["text"], phrase) + tweet["tags"].count(hashtag.lower())
                    if shown is None or (shown["created_at"], shown["id"]) < (tweet["created_at"], tweet["id"]):
                        shown = tweet
            if shown is None:
                continue
            interaction = math.log(1 + 2 * replies + retweets)
            score = interaction * self.hashtag_score(user, other) * (1 + math.log(1 + matches))
            rounded = Decimal(score).quantize(Decimal("0.00001"), ROUND_HALF_UP)
            _, screen_name, description = self.profiles.get(other, (None, "", ""))
            found.append((rounded, other, f"{other}\t{screen_name}\t{description}\t{shown['text']}"))
        found.sort(reverse=True)
        return "\n".join(row for _, _, row in found).encode() if found else None

    def hashtag_score(self, user: int, other: int) -> float:
        if user == other:
            return 1.0
        mine, theirs = self.uses.get(user, Counter()), self.uses.get(other, Counter())
        common = sum(mine[tag] + theirs[tag] for tag in mine if tag in theirs)
        return 1 + math.log(1 + common - 10) if common > 10 else 1.0

    def queries(self, count: int, seed: int) -> list[tuple[int, str, str, str]]:
        """Queries worth asking: every sort of user, phrases and hashtags that match here and there, or nowhere."""
        rng = random.Random(seed)
        texts = [tweet["text"] for tweet in self.tweets.values()]
        tags = [tag for tweet in self.tweets.values() for tag in tweet["tags"]]
        users = list(self.contact_tweets)
        busiest = sorted(users, key=lambda user: len(self.contact_tweets[user]))[-20:]
        senders = [user for user in self.uses if user not in self.contact_tweets] or [1]
        queries = []
        for _ in range(count):
            where = rng.random()
            user = rng.choice(busiest if where < 0.1 else users if where < 0.97 else senders)
            source = rng.choice(texts)
            if user in self.contact_tweets and rng.random() < 0.7:
                source = rng.choice(self.contact_tweets[user])["text"]
            start = rng.randrange(len(source))
            phrase = rng.choice([source[start : start + rng.randrange(1, 9)], "aa", "haha", "a", " ", "the", "nowhere"])
            tag = rng.choice(tags)
            if user in self.contact_tweets and rng.random() < 0.7:
                tag = rng.choice(rng.choice(self.contact_tweets[user])["tags"] or [tag])
            hashtag = rng.choice([tag, tag, tag.upper() if tag.upper().lower() == tag else tag, "nobody" + tag])
            queries.append((user, rng.choice(["reply", "retweet", "both"]), phrase, hashtag))
        return [query for query in queries if 0 <= query[0] < 2**63]


def query_string(user: int, kind: str, phrase: str, hashtag: str, plus: bool = False) -> bytes:
    """A query as it stands in a URL; `plus` writes spaces as `+`."""
    encode = quote_plus if plus else quote
    return f"user_id={user}&type={kind}&phrase={encode(phrase, '')}&hashtag={encode(hashtag, '')}".encode()


def overlapping(text: str, phrase: str) -> int:
    return sum(text.startswith(phrase, start) for start in range(len(text)))


def _links(sender: int, contacted: int | None, user: int, other: int) -> bool:
    return contacted is not None and (sender, contacted) in ((user, other), (other, user))


def valid_tweet(line: bytes) -> dict[str, Any]:
    """What counts of a line. Raises `Dropped`."""
    try:
        text = line.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Dropped("not_utf8") from None
    try:
        # Twitter's own files have no byte order mark; editors and joined files do.
        tweet = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant, parse_int=_number)
    except ValueError:
        raise Dropped("not_json") from None
    if not isinstance(tweet, dict):
        raise Dropped("not_json")
    tweet_id = number(tweet, "id")
    if tweet_id is None:
        raise Dropped("api_v2" if is_api_v2(tweet) else "no_id")
    user = profile(tweet.get("user"))
    if user is None:
        raise Dropped("no_user_id")
    try:
        moment = datetime.strptime(tweet.get("created_at"), "%a %b %d %H:%M:%S %z %Y")
    except (ValueError, TypeError):
        raise Dropped("no_created_at") from None
    # A long tweet has its whole text as full_text (tweet_mode=extended), or in extended_tweet (streams), with entities.
    extended = tweet["extended_tweet"] if isinstance(tweet.get("extended_tweet"), dict) else {}
    texts = [extended.get("full_text"), tweet.get("full_text"), tweet.get("text")]
    texts = [text for text in texts if isinstance(text, str) and text != ""]
    if not texts:
        raise Dropped("no_text")
    hashtags = None
    for entities in (tweet.get("entities"), extended.get("entities")):
        if isinstance(entities, dict) and isinstance(entities.get("hashtags"), list):
            hashtags = entities["hashtags"]
    if not isinstance(hashtags, list) or not hashtags:
        raise Dropped("no_hashtags")
    if tweet.get("lang") not in LANGUAGES:
        raise Dropped("language")
    retweeted = tweet.get("retweeted_status")
    inner_user = profile(retweeted.get("user")) if isinstance(retweeted, dict) else None
    return {
        "id": tweet_id,
        "created_at": int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()),
        "text": whole_characters(texts[0]),
        "tags": [
            whole_characters(tag["text"]).lower()
            for tag in hashtags
            if isinstance(tag, dict) and isinstance(tag.get("text"), str) and tag["text"]
        ],
        "user": user,
        "inner_user": inner_user,
        "reply_to": number(tweet, "in_reply_to_user_id"),
        "retweet_of": inner_user["id"] if inner_user else None,
    }


def is_api_v2(value: dict[str, Any]) -> bool:
    tweet = value.get("data", value)
    if isinstance(tweet, list) and tweet:
        tweet = tweet[0]
    return isinstance(tweet, dict) and isinstance(tweet.get("id"), str) and "text" in tweet and "user" not in tweet


def profile(user: Any) -> dict[str, Any] | None:
    if not isinstance(user, dict) or number(user, "id") is None:
        return None
    named = {name: user[name] if isinstance(user.get(name), str) else "" for name in ("screen_name", "description")}
    return {"id": number(user, "id")} | {name: whole_characters(value) for name, value in named.items()}


def number(holder: dict[str, Any], name: str) -> int | None:
    """A number from its first form, else from its string; what is no whole number of 64 bits counts as not given."""
    value = holder.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    text = holder.get(name + "_str")
    if isinstance(text, str) and re.fullmatch("-?[0-9]{1,1000}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    return None


def whole_characters(text: str) -> str:
    return "".join("\ufffd" if 0xD800 <= ord(character) <= 0xDFFF else character for character in text)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 1000 else math.inf


def _no_constant(name: str) -> Any:
    raise ValueError(name)
