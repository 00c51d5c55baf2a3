"""The stored record: one user's contacts of one type, laid out so that most of it is the answer already.

All numbers are little-endian. A record of n contacts is

| part | bytes | what it holds |
| --- | --- | --- |
| head | 24 | magic and format version, CRC-32 of what follows it, length of the record, n, ends of body and others |
| order | 8 n | -(rounded score without keywords * 2^32 + rank of the id), ascending: the order of the rows |
| product | 8 n | interaction score * hashtag score, a double |
| shown | 8 n | start and end of each shown text in the body |
| others | 4 n | where each contact's other texts end |
| tags | 4 n | where each contact's hashtags end |
| counts | 16 n | replies, retweets, shared tags, bytes of the screen name: for reading back, not for answering |
| body | | the rows as the answer sends them where nothing matches: `id TAB screen_name TAB description TAB text`, LF between |
| others | | per contact its other texts, FF before each |
| tags | | per contact and tweet FF, hashtag, FE for each hashtag, then FD |

Places are counted from the start of the record. FF, FE and FD never occur in UTF-8, so nothing a request asks for
matches across them; UTF-8 is self-synchronising, so bytes match where code points do.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple
from zlib import crc32

from functions.twitter.contacts import Contact, Tweet
from functions.twitter.scores import hashtag_score, interaction_score, rounded

KINDS = {"reply": b"\x01", "retweet": b"\x02", "both": b"\x03"}
"""A requested type, and the last byte of its keys."""

TEXT, TAG, TAG_END, TWEET_END = b"\xff", b"\xff", b"\xfe", b"\xfd"
RANK_BITS = 32
MAGIC = b"CTw\x01"
"""Three letters and the version of the format."""
HEAD = struct.Struct("<4sIIIII")
CHECKED_FROM = 8
PER_CONTACT = 48
COUNTS = struct.Struct("<IIII")

if sys.byteorder != "little":  # pragma: no cover - records are read in place
    raise ImportError("Crossover's records are read in place, on little-endian machines only")


class CorruptRecord(Exception):
    """What a store gave is no whole record of this format: it is truncated, damaged, foreign or of another version."""


def key(user_id: int, kind: str) -> bytes:
    """The key of a user's record of one type: the id as eight bytes, big-endian, then the type's byte."""
    return user_id.to_bytes(8, "big") + KINDS[kind]


class Record(NamedTuple):
    """A record that was checked, with its arrays in place. All places are counted from the start of `data`."""

    data: bytes
    count: int
    body: int
    body_end: int
    others_end: int

    def order(self) -> memoryview:
        return self._array(0, 8, "q")

    def products(self) -> memoryview:
        return self._array(8, 8, "d")

    def shown(self) -> memoryview:
        return self._array(16, 8, "I")

    def others(self) -> memoryview:
        return self._array(24, 4, "I")

    def tags(self) -> memoryview:
        return self._array(28, 4, "I")

    def _array(self, before: int, width: int, code: str) -> memoryview:
        start = HEAD.size + before * self.count
        return memoryview(self.data)[start : start + width * self.count].cast(code)  # type: ignore[call-overload]


def opened(data: bytes) -> Record:
    """A record, checked. Raises `CorruptRecord`."""
    try:
        magic, checksum, length, count, body_end, others_end = HEAD.unpack_from(data)
    except struct.error:
        raise CorruptRecord("shorter than a record's head") from None
    if magic != MAGIC:
        raise CorruptRecord("not a record of this format and version")
    if length != len(data):
        raise CorruptRecord(f"{len(data)} bytes of {length}")
    if crc32(memoryview(data)[CHECKED_FROM:]) != checksum:
        raise CorruptRecord("the checksum does not match")
    return Record(data, count, HEAD.size + PER_CONTACT * count, body_end, others_end)


def pack(contacts: Iterable[Contact]) -> bytes:
    """The record of one user and one type, the same whatever the order of `contacts`.

    Contacts without a tweet are no candidates and are left out. Raises ValueError where a contact comes twice, a count
    does not fit 32 bits, the record would exceed 4 GB, or a text is not Unicode (has a lone surrogate).
    """
    chosen = [contact for contact in contacts if contact.tweets]
    ranks = {user_id: rank for rank, user_id in enumerate(sorted(contact.user_id for contact in chosen))}
    if len(ranks) != len(chosen):
        raise ValueError("a contact comes twice")
    ordered = []
    for contact in chosen:
        product = interaction_score(contact.replies, contact.retweets) * hashtag_score(contact.shared_tags)
        ordered.append((-(rounded(product) << RANK_BITS | ranks[contact.user_id]), product, contact))
    ordered.sort()

    rows, shown, others, tags, counts = [], [], [], [], []
    body = place = HEAD.size + PER_CONTACT * len(ordered)
    for _, _, contact in ordered:
        text = contact.tweets[0].text.encode()
        name = contact.screen_name.encode()
        row = b"%d\t%b\t%b\t%b" % (contact.user_id, name, contact.description.encode(), text)
        place += len(row)
        shown += (place - len(text), place)
        place += 1
        rows.append(row)
        others.append(b"".join(TEXT + tweet.text.encode() for tweet in contact.tweets[1:]))
        tags.append(b"".join(map(_tags, contact.tweets)))
        counts.append((contact.replies, contact.retweets, contact.shared_tags, len(name)))
    rows_bytes, others_bytes, tags_bytes = b"\n".join(rows), b"".join(others), b"".join(tags)
    body_end = body + len(rows_bytes)
    others_end = body_end + len(others_bytes)
    length = others_end + len(tags_bytes)
    count = len(ordered)
    try:
        parts = (
            struct.pack("<IIII", length, count, body_end, others_end),
            struct.pack(f"<{count}q", *(order for order, _, _ in ordered)),
            struct.pack(f"<{count}d", *(product for _, product, _ in ordered)),
            struct.pack(f"<{2 * count}I", *shown),
            struct.pack(f"<{count}I", *_ends(others, body_end)),
            struct.pack(f"<{count}I", *_ends(tags, others_end)),
            b"".join(COUNTS.pack(*four) for four in counts),
        )
    except struct.error:
        raise ValueError("a count does not fit 32 bits, or the record would exceed 4 GB") from None
    checked = b"".join((*parts, rows_bytes, others_bytes, tags_bytes))
    return MAGIC + crc32(checked).to_bytes(4, "little") + checked


def _ends(parts: list[bytes], start: int) -> list[int]:
    return list(accumulate(map(len, parts), initial=start))[1:]


def _tags(tweet: Tweet) -> bytes:
    return b"".join(TAG + tag.encode() + TAG_END for tag in tweet.hashtags) + TWEET_END


def unpack(data: bytes) -> list[Contact]:
    """What was packed, in the record's order. Raises `CorruptRecord`."""
    record = opened(data)
    shown, others, tags = record.shown(), record.others(), record.tags()
    counts = COUNTS.iter_unpack(data[HEAD.size + 32 * record.count : record.body])
    contacts = []
    row, other, tag = record.body, record.body_end, record.others_end
    for at, (replies, retweets, shared, name_length) in enumerate(counts):
        start, end = shown[2 * at], shown[2 * at + 1]
        name = data.index(b"\t", row) + 1
        texts = [data[start:end], *data[other : others[at]].split(TEXT)[1:]]
        marks = data[tag : tags[at]].split(TWEET_END)[:-1]
        contacts.append(
            Contact(
                int(data[row : name - 1]),
                data[name : name + name_length].decode(),
                data[name + name_length + 1 : start - 1].decode(),
                replies,
                retweets,
                shared,
                tuple(
                    Tweet(text.decode(), tuple(one[1:].decode() for one in mark.split(TAG_END)[:-1]))
                    for text, mark in zip(texts, marks, strict=True)
                ),
            )
        )
        row, other, tag = end + 1, others[at], tags[at]
    return contacts
