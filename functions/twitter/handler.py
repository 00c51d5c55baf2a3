"""`GET /twitter?user_id=ID&type=TYPE&phrase=PHRASE&hashtag=HASHTAG`: the people a user should contact, best first."""

from __future__ import annotations

from crossover.seam import Example, Explanation, Fetch, Invalid, Parameter, Request, Service
from functions.twitter.answer import answer
from functions.twitter.record import KINDS, key

MAX_USER_ID = 2**63 - 1
MAX_DIGITS = len(str(MAX_USER_ID))
TYPES = {kind.encode(): kind for kind in KINDS}


def start(request: Request) -> Fetch[bytes]:
    """Return what to fetch for a request, and how its record becomes the answer.

    Raises `Invalid` ("parameter", "encoding"); what goes on raises `Invalid` ("nothing-to-list"), and `CorruptRecord`
    where the store's record is damaged: that is no fault of the request, so the platform answers and logs an error.
    """
    user_id = _user_id(_filled(request, b"user_id"))
    kind = TYPES.get(_filled(request, b"type"))
    if kind is None:
        raise Invalid("parameter", "type is none of reply, retweet and both")
    phrase = _filled(request, b"phrase")
    if not phrase.isascii():
        _decoded(phrase, "phrase")
    hashtag = _filled(request, b"hashtag")
    hashtag = hashtag.lower() if hashtag.isascii() else _decoded(hashtag, "hashtag").lower().encode()

    def listed(record: bytes | None) -> bytes:
        rows = answer(record, phrase, hashtag) if record is not None else b""
        if not rows:
            raise Invalid("nothing-to-list", "the user has no contact of this type")
        return rows

    return Fetch(key(user_id, kind), listed)


def _explain(request: Request, brief: bool) -> Explanation:
    from functions.twitter.explain import explain

    return explain(request, brief)


def _filled(request: Request, name: bytes) -> bytes:
    value = request.one(name)
    if not value:
        raise Invalid("parameter", f"{name.decode()} is empty")
    return value


def _user_id(digits: bytes) -> int:
    if digits.isdigit():
        if len(digits) > MAX_DIGITS:
            digits = digits.lstrip(b"0")
        if len(digits) <= MAX_DIGITS and (user_id := int(digits or b"0")) <= MAX_USER_ID:
            return user_id
    raise Invalid("parameter", "user_id is no whole number from 0 to 2^63 - 1 in ASCII digits")


def _decoded(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid("encoding", f"{name} is not UTF-8") from None


SERVICE = Service(
    name="twitter",
    summary="Whom should a user contact? Ranked by interaction, common hashtags and keywords.",
    start=start,
    parameters=(
        Parameter(
            "user_id",
            "The user to recommend contacts to, a signed 64-bit number in decimal.",
            {"type": "string", "pattern": "^[0-9]+$"},
            "1000000001",
        ),
        Parameter(
            "type",
            "The contact tweets that make a contact and that the phrase and the hashtag are looked for in.",
            {"type": "string", "enum": list(KINDS)},
            "both",
        ),
        Parameter(
            "phrase",
            "Text to look for in the contact tweets, case-sensitive; every occurrence counts, overlapping ones too.",
            {"type": "string", "minLength": 1},
            "good morning",
        ),
        Parameter(
            "hashtag",
            "Hashtag to look for in the contact tweets, without #, in whatever case.",
            {"type": "string", "minLength": 1},
            "coffee",
        ),
    ),
    reasons=("parameter", "encoding", "nothing-to-list"),
    examples=(
        Example("Replies and retweets", "user_id=1000000001&type=both&phrase=good%20morning&hashtag=coffee"),
        Example("Not only ASCII", "user_id=1000000001&type=reply&phrase=%F0%9F%98%82&hashtag=caf%C3%A9"),
    ),
    stored=True,
    explain=_explain,
)
