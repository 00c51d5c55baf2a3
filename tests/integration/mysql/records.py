"""Records that the tests load, of all that is hard to keep: every script, quotes, white space, ids at the edges."""

from __future__ import annotations

from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import KINDS, key, pack

TEXTS = (
    "plain",
    " spaces and tabs\t \r\n",
    "quotes ' \" ` \\ and %s %% \\0 \0 \x1a",
    "emoji \U0001f389\U0001f469\u200d\U0001f467, CJK 漢字, Arabic عربى",
    "ß ẞ İ ı Σ ς ﬃ é e\u0301",
    "",
)
IDS = (0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63))


def contacts(user: int, number: int) -> list[Contact]:
    """Some contacts of a user, the same each time. What is known of a pair or of a user is the same everywhere."""
    return [
        Contact(
            IDS[at % 6] if at < 6 else 1_000_000 + at,
            f"name{at}",
            TEXTS[at % 6],
            at,
            user % 7,
            3 * at,
            tuple(
                TaggedText(TEXTS[(at + tweet) % 6] + f" {user} {tweet}", tuple(TEXTS[:tweet]))
                for tweet in range(1 + at % 4)
            ),
        )
        for at in range(number)
    ]


USERS = (0, 1, 24906000, 2**53 + 1, 2**63 - 1, *range(100, 160))
PAIRS = [
    (key(user, kind), pack(contacts(user, 1 + (user + at) % 12)))
    for user in USERS
    for at, kind in enumerate(KINDS)
    if (user + at) % 5
]
RECORDS = dict(PAIRS)
MISSING = key(77, "both")
