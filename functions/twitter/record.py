"""The stored record: one user's contacts of one type, laid out so that most of it is the answer already.

All numbers are little-endian. A record of n contacts is

| part | bytes | what it holds |
| --- | --- | --- |
| head | 20 | magic and format version, length of the record, n, end of the body, end of the others |
| order | 8 n | -(rounded score without keywords * 2^22 + rank of the id), a double, ascending: the order of the rows |
| once | 8 n | the same key with one match, by far the commonest count of a row that matches |
| product | 8 n | interaction score * hashtag score, a double |
| starts | 4 n | where each row's text starts, the shown one |
| ends | 4 n + 4 | where the body's first row begins, and where each row and with it its text ends |
| others | 4 n | where each contact's other texts end |
| tags | 4 n | where each contact's hashtags end |
| counts | 16 n | replies, retweets, shared tags, bytes of the screen name: for reading back, not for answering |
| body | | the rows in their order, LF before each: id TAB screen_name TAB description TAB shown text |
| others | | per contact its other texts, FF before each |
| tags | | per contact and tweet FF, hashtag, FE for each hashtag, then FD |

Places are counted from the start of the record. FF, FE and FD never occur in UTF-8, so nothing a request asks for
matches across them; UTF-8 is self-synchronising, so bytes match where code points do.

A record has no checksum of its own: that it is the one that was loaded under a key is for the store to check
(`crossover.stores.sealing`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Any

from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.scores import hashtag_score, interaction_score, keywords_score, rounded

KINDS = {"reply": b"\x01", "retweet": b"\x02", "both": b"\x03"}
"""A requested type, and the last byte of its keys."""

TEXT, TAG, TAG_END, TWEET_END = b"\xff", b"\xff", b"\xfe", b"\xfd"
RANKS = 2.0**22
"""Contacts that a record can have: a rank and a rounded score, under 2^31 as counts are under 2^32, fit a double."""
MAGIC = int.from_bytes(b"CTw\x02", "little")
"""Three letters and the version of the format."""
HEAD = struct.Struct("<IIIII")
_unpack_head = HEAD.unpack_from
COUNTS = struct.Struct("<IIII")
PER_CONTACT = 40 + COUNTS.size


class CorruptRecord(Exception):
    """What a store gave is not a whole record of this format: it is truncated, foreign or of another version."""


def key(user_id: int, kind: str) -> bytes:
    """Return the key of a user's record of one type: the id as eight bytes, big-endian, then the type's byte."""
    return user_id.to_bytes(8, "big") + KINDS[kind]


def opened(data: bytes) -> tuple[int, int, int, int]:
    """Check a record and return n, and where its body begins, its body ends and its other texts end.

    Raises `CorruptRecord`.
    """
    try:
        magic, length, contacts, body_end, others_end = _unpack_head(data)
    except struct.error:
        raise CorruptRecord("shorter than a record's head") from None
    if magic != MAGIC:
        raise CorruptRecord("not a record of this format and version")
    if length != len(data):
        raise CorruptRecord(f"{len(data)} bytes of {length}")
    return contacts, HEAD.size + PER_CONTACT * contacts + 4, body_end, others_end


@lru_cache(1024)
def arrays(contacts: int) -> struct.Struct:
    """Return the layout of the arrays of numbers in a record: order, once, product, starts, ends, others, tags."""
    return struct.Struct(f"<{3 * contacts}d{4 * contacts + 1}I")


@lru_cache(1024)
def numbers_of(contacts: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    """Return the function that reads all the arrays of a record at once, as one tuple."""
    return arrays(contacts).unpack_from


def order_key(score: float, rank: float) -> float:
    """Return what rows are ordered by, ascending: the rounded score, then the rank of the id, both descending."""
    return -(rounded(score) * RANKS + rank)


def pack(contacts: Iterable[Contact]) -> bytes:
    """Pack the record of one user and one type, the same for any order of `contacts`.

    Contacts without a tweet are no candidates and are left out. Raises ValueError where a contact comes twice, a count
    does not fit 32 bits, the record would exceed 4 GB, or a text is not Unicode (has a lone surrogate).
    """
    chosen = [contact for contact in contacts if contact.tweets]
    ranks = {user_id: rank for rank, user_id in enumerate(sorted(contact.user_id for contact in chosen))}
    if len(ranks) != len(chosen):
        raise ValueError("a contact comes twice")
    if len(chosen) > RANKS:
        raise ValueError(f"more than {RANKS:.0f} contacts")
    ordered = []
    for contact in chosen:
        product = interaction_score(contact.replies, contact.retweets) * hashtag_score(contact.shared_tags)
        rank = ranks[contact.user_id]
        ordered.append((order_key(product, rank), order_key(product * keywords_score(1), rank), product, contact))
    ordered.sort()

    rows: list[bytes] = []
    starts: list[int] = []
    others: list[bytes] = []
    tags: list[bytes] = []
    counts: list[tuple[int, int, int, int]] = []
    body = HEAD.size + PER_CONTACT * len(ordered) + 4
    ends = [body]
    for *_, contact in ordered:
        text = contact.tweets[0].text.encode()
        name = contact.screen_name.encode()
        row = b"\n%d\t%b\t%b\t%b" % (contact.user_id, name, contact.description.encode(), text)
        ends.append(ends[-1] + len(row))
        starts.append(ends[-1] - len(text))
        rows.append(row)
        others.append(b"".join(TEXT + tweet.text.encode() for tweet in contact.tweets[1:]))
        tags.append(b"".join(map(_tags, contact.tweets)))
        counts.append((contact.replies, contact.retweets, contact.shared_tags, len(name)))
    others_bytes, tags_bytes = b"".join(others), b"".join(tags)
    body_end = ends[-1]
    others_end = body_end + len(others_bytes)
    length = others_end + len(tags_bytes)
    try:
        parts = (
            HEAD.pack(MAGIC, length, len(ordered), body_end, others_end),
            arrays(len(ordered)).pack(
                *(order for order, _, _, _ in ordered),
                *(once for _, once, _, _ in ordered),
                *(product for _, _, product, _ in ordered),
                *starts,
                *ends,
                *_ends(others, body_end),
                *_ends(tags, others_end),
            ),
            *(COUNTS.pack(*four) for four in counts),
        )
    except struct.error:
        raise ValueError("a count does not fit 32 bits, or the record would exceed 4 GB") from None
    return b"".join((*parts, *rows, others_bytes, tags_bytes))


def _ends(parts: list[bytes], start: int) -> list[int]:
    return list(accumulate(map(len, parts), initial=start))[1:]


def _tags(tweet: TaggedText) -> bytes:
    return b"".join(TAG + tag.encode() + TAG_END for tag in tweet.hashtags) + TWEET_END


def unpack(data: bytes) -> list[Contact]:
    """Return what was packed, in the record's order. Raises `CorruptRecord`."""
    contacts, body, other, tag = opened(data)
    numbers = numbers_of(contacts)(data, HEAD.size)[3 * contacts :]
    starts, ends = numbers[:contacts], numbers[contacts : 2 * contacts + 1]
    others, tags = numbers[2 * contacts + 1 :], numbers[3 * contacts + 1 :]
    counts = COUNTS.iter_unpack(data[body - COUNTS.size * contacts : body])
    unpacked = []
    for at, (replies, retweets, shared, name_length) in enumerate(counts):
        row, start, end = ends[at] + 1, starts[at], ends[at + 1]
        name = data.index(b"\t", row) + 1
        texts = [data[start:end], *data[other : others[at]].split(TEXT)[1:]]
        marks = data[tag : tags[at]].split(TWEET_END)[:-1]
        unpacked.append(
            Contact(
                int(data[row : name - 1]),
                data[name : name + name_length].decode(),
                data[name + name_length + 1 : start - 1].decode(),
                replies,
                retweets,
                shared,
                tuple(
                    TaggedText(text.decode(), tuple(one[1:].decode() for one in mark.split(TAG_END)[:-1]))
                    for text, mark in zip(texts, marks, strict=True)
                ),
            )
        )
        other, tag = others[at], tags[at]
    return unpacked
