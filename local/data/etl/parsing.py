"""One line of input to one valid tweet, or to the reason why it is dropped.

Nearly every line decodes straight into the structs below. Whatever does not (lone surrogates, a number where text
belongs, an id beyond 64 bits, malformed JSON) is read again at leisure with `json` and cleaned into the same structs,
so that the rules stand here once.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, NoReturn

import msgspec

from local.data.etl.documents import BOM, DocumentError, values

LANGUAGES = frozenset({"ar", "en", "fr", "in", "pt", "es", "tr", "ja"})
REASONS = {
    "not_utf8": "not UTF-8",
    "not_json": "no JSON object",
    "api_v2": "in the format of API v2, which is not read",
    "no_id": "no id",
    "no_user_id": "no user id",
    "no_created_at": "no date that can be read",
    "no_text": "no text",
    "no_hashtags": "no hashtags",
    "language": "in another language",
    "duplicate": "copy of another tweet",
}
"""Why a line is dropped, in the order of the rules, and in words: the first that holds is the one that is counted."""
MAX_DEPTH = 512
"""JSON nested deeper than this is dropped as `not_json`: no tweet comes near, and every parser has some limit."""

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Row(NamedTuple):
    """What later stages need of a valid tweet."""

    id: int
    created_at: int
    """Seconds since 1970-01-01 UTC."""
    user_id: int
    screen_name: str
    description: str
    text: str
    hashtags: list[str]
    """Lower-cased, every occurrence, in their order; entries without text left out."""
    reply_to: int | None
    retweet_of: int | None
    """The user whose tweet was retweeted."""
    of_screen_name: str
    of_description: str


class User(msgspec.Struct, gc=False):
    """The author of a tweet, or of the tweet that it retweets."""

    id: Id | None = None
    id_str: str | None = None
    screen_name: str | None = None
    description: str | None = None


class Retweeted(msgspec.Struct, gc=False):
    """The tweet that was retweeted."""

    user: User | None = None


class Hashtag(msgspec.Struct, gc=False):
    """One occurrence of a hashtag."""

    text: str | None = None


class Entities(msgspec.Struct, gc=False):
    """What was found in the text."""

    hashtags: list[Hashtag | None] | None = None


class Extended(msgspec.Struct, gc=False):
    """The whole of a long tweet, as streams add it to the shortened one."""

    full_text: str | None = None
    entities: Entities | None = None


class Tweet(msgspec.Struct, gc=False):
    """A tweet of API v1.1, as far as it is used; `full_text` is there with tweet_mode=extended."""

    id: Id | None = None
    id_str: str | None = None
    created_at: str | None = None
    text: str | None = None
    lang: str | None = None
    in_reply_to_user_id: Id | None = None
    in_reply_to_user_id_str: str | None = None
    user: User | None = None
    entities: Entities | None = None
    retweeted_status: Retweeted | None = None
    full_text: str | None = None
    extended_tweet: Extended | None = None


_decode = msgspec.json.Decoder(Tweet).decode
_TIMES = {
    f"{hour:02}:{minute:02}:{second:02}": hour * 3600 + minute * 60 + second
    for hour in range(24)
    for minute in range(60)
    for second in range(60)
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_midnights: dict[str, int] = {}


def parse(line: bytes) -> Row | str:
    """Return the tweet on a line of valid UTF-8, or one of `REASONS`."""
    try:
        tweet = _decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # RFC 8259, 8.1: a parser may ignore a byte order mark. Files that are joined have one in their middle.
        line = line.removeprefix(BOM)
        try:
            tweet = _decode_odd(line)
        except ValueError:
            return "not_json"
    tweet_id = tweet.id
    if tweet_id is None and (tweet_id := whole(tweet.id_str)) is None:
        return "api_v2" if is_api_v2(line) else "no_id"
    user = tweet.user
    if user is None:
        return "no_user_id"
    user_id = user.id
    if user_id is None and (user_id := whole(user.id_str)) is None:
        return "no_user_id"
    if not tweet.created_at or (created_at := instant(tweet.created_at)) is None:
        return "no_created_at"
    text, entities = tweet.full_text or tweet.text, tweet.entities
    if (extended := tweet.extended_tweet) is not None:
        text = extended.full_text or text
        if extended.entities is not None and extended.entities.hashtags is not None:
            entities = extended.entities
    if not text:
        return "no_text"
    if entities is None or not entities.hashtags:
        return "no_hashtags"
    if tweet.lang not in LANGUAGES:
        return "language"
    reply_to = tweet.in_reply_to_user_id
    if reply_to is None and tweet.in_reply_to_user_id_str is not None:
        reply_to = whole(tweet.in_reply_to_user_id_str)
    retweet_of, of_screen_name, of_description = None, "", ""
    if tweet.retweeted_status is not None and (other := tweet.retweeted_status.user) is not None:
        retweet_of = other.id
        if retweet_of is None:
            retweet_of = whole(other.id_str)
        of_screen_name, of_description = other.screen_name or "", other.description or ""
    return Row(
        tweet_id,
        created_at,
        user_id,
        user.screen_name or "",
        user.description or "",
        text,
        [tag.text.lower() for tag in entities.hashtags if tag is not None and tag.text],
        reply_to,
        retweet_of,
        of_screen_name,
        of_description,
    )


def elements_of(line: bytes) -> list[bytes]:
    """Return the elements of a line that is a JSON array with objects in it, none of any other.

    Of an array that is damaged from some element on, what is left of it comes out as one.
    """
    if not line.removeprefix(BOM).lstrip().startswith(b"["):
        return []
    elements: list[bytes] = []
    try:
        elements.extend(values((line,), len(line)))
    except DocumentError:
        elements.append(b"")
    return elements if any(element.startswith(b"{") for element in elements) else []


def is_api_v2(line: bytes) -> bool:
    """Return whether a line without an id of API v1.1 is a tweet of API v2, or an answer that holds some.

    Their ids are text, and their authors are elsewhere.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    data = value.get("data", value)
    tweet = data[0] if isinstance(data, list) and data else data
    return isinstance(tweet, dict) and isinstance(tweet.get("id"), str) and "text" in tweet and "user" not in tweet


def whole(text: str | None) -> int | None:
    """Return a decimal of ASCII digits within signed 64 bits, perhaps negative; else None, as if it were missing."""
    if text is None or not _WHOLE.fullmatch(text):
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None


def instant(text: str) -> int | None:
    """Return the seconds since 1970 of `Sun Aug 31 00:29:15 +0000 2014`, as `strptime` reads it, or None."""
    day = text[:11] + text[19:]
    try:
        return _midnights[day] + _TIMES[text[11:19]]
    except KeyError:
        pass
    try:
        seconds = (datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y") - _EPOCH) // _SECOND
    except (ValueError, OverflowError):
        return None
    if len(text) == 30 and text[10] == text[19] == " " and text[11:19] in _TIMES:
        if len(_midnights) > 10_000:
            _midnights.clear()
        _midnights[day] = seconds - _TIMES[text[11:19]]
    return seconds


def _decode_odd(line: bytes) -> Tweet:
    """Decode any JSON object, slowly; values of the wrong type count as missing. Raises ValueError."""
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    try:
        value = json.loads(line.decode(), parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return Tweet(
        id=_id(value.get("id")),
        id_str=_text(value.get("id_str")),
        created_at=_text(value.get("created_at")),
        text=_text(value.get("text")),
        lang=_text(value.get("lang")),
        in_reply_to_user_id=_id(value.get("in_reply_to_user_id")),
        in_reply_to_user_id_str=_text(value.get("in_reply_to_user_id_str")),
        user=_user(value.get("user")),
        entities=_entities(value.get("entities")),
        retweeted_status=_retweeted(value.get("retweeted_status")),
        full_text=_text(value.get("full_text")),
        extended_tweet=_extended(value.get("extended_tweet")),
    )


def _user(value: Any) -> User | None:
    if not isinstance(value, dict):
        return None
    return User(
        id=_id(value.get("id")),
        id_str=_text(value.get("id_str")),
        screen_name=_text(value.get("screen_name")),
        description=_text(value.get("description")),
    )


def _retweeted(value: Any) -> Retweeted | None:
    return Retweeted(user=_user(value.get("user"))) if isinstance(value, dict) else None


def _extended(value: Any) -> Extended | None:
    if not isinstance(value, dict):
        return None
    return Extended(full_text=_text(value.get("full_text")), entities=_entities(value.get("entities")))


def _entities(value: Any) -> Entities | None:
    tags = value.get("hashtags") if isinstance(value, dict) else None
    if not isinstance(tags, list):
        return None
    return Entities([Hashtag(_text(tag.get("text"))) if isinstance(tag, dict) else None for tag in tags])


def _text(value: Any) -> str | None:
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else None


def _id(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _integer(digits: str) -> int | None:
    """Convert an integer of JSON: thousands of digits are valid JSON, but no id, and `int` refuses them."""
    return int(digits) if len(digits) <= 20 else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth(line: bytes) -> int:
    deepest = depth = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


_SECOND = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)
_WHOLE = re.compile(r"-?[0-9]{1,4000}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
