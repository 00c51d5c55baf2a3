"""From a record, a phrase and a hashtag to the ranked rows: bytes only, and most of them already in their order.

Without a match the body is the answer. A match only ever raises a contact, so a few rows are lifted out of the body;
where many match, the rows are sorted.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import repeat
from math import fmod
from typing import Any

from functions.twitter.record import HEAD, RANKS, TAG, TAG_END, numbers_of, opened
from functions.twitter.scores import keywords_score, rounded

Numbers = tuple[Any, ...]
"""A record's arrays, one after the other, n numbers each: order, once, product, starts, ends (n + 1), others, tags."""
Matches = dict[int, int]
"""Row to how often phrase and hashtag match there; rows without a match are left out."""
MAX_FINDS = 6
"""After this many matches, and one more for every 16 contacts, bisecting each match gives way to scanning every text.
Affects speed only."""
MAX_OVERLAPPING_FINDS_PER_CONTACT = 4
"""The same for a phrase that may overlap itself, for each contact: counting such a phrase takes a pattern."""
COMMON_COUNTS = 64
KEYWORDS_SCORES = tuple(map(keywords_score, range(COMMON_COUNTS)))
MAX_LIFTED_SHARE = 1 / 8
"""Up to this share, rows that match are lifted out of the body; above it, all rows are sorted. Affects speed only."""


def answer(data: bytes, phrase: bytes, hashtag: bytes) -> bytes:
    """Return the rows for a phrase and a lower-cased hashtag, both UTF-8 and not empty; no bytes without contacts.

    Raises `CorruptRecord`.
    """
    contacts, body, body_end, others_end = opened(data)
    if contacts < 2:
        return data[body + 1 : body_end]
    find = data.find
    tag = TAG + hashtag + TAG_END
    text_at = find(phrase, body, others_end)
    tag_at = find(tag, others_end)
    if text_at < 0 and tag_at < 0:
        return data[body + 1 : body_end]
    numbers = numbers_of(contacts)(data, HEAD.size)
    matches: Matches = {}
    ends = 4 * contacts
    size = len(phrase)
    finds_left = MAX_FINDS + (contacts >> 4)
    overlapping = False
    while text_at >= 0:
        if text_at >= body_end:
            row = bisect_right(numbers, text_at, ends + contacts + 1, 6 * contacts + 1) - ends - contacts - 1
            matches[row] = matches.get(row, 0) + 1
        else:
            row = bisect_right(numbers, text_at, 3 * contacts, ends) - 3 * contacts
            # It may as well be in a row's other fields, or reach from a text into the next row.
            if text_at + size <= numbers[ends + row]:
                matches[row - 1] = matches.get(row - 1, 0) + 1
        text_at = find(phrase, text_at + 1, others_end)
        finds_left -= 1
        if not finds_left:
            if not overlapping and has_border(phrase):
                overlapping, finds_left = True, MAX_OVERLAPPING_FINDS_PER_CONTACT * contacts
            else:
                matches = _all_counted(data, phrase, numbers, contacts, overlapping)
                break
    while tag_at >= 0:
        row = bisect_right(numbers, tag_at, 6 * contacts + 1) - 6 * contacts - 1
        matches[row] = matches.get(row, 0) + 1
        tag_at = find(tag, tag_at + 1)
    if len(matches) == 1 and 0 in matches:
        return data[body + 1 : body_end]
    lifted = []
    moved = False
    for row, count in matches.items():
        if count == 1:
            key = numbers[contacts + row]
        else:
            keywords = KEYWORDS_SCORES[count] if count < COMMON_COUNTS else keywords_score(count)
            key = fmod(numbers[row], RANKS) - rounded(numbers[2 * contacts + row] * keywords) * RANKS
        lifted.append((key, row))
        if row and key < numbers[row - 1]:
            moved = True
    if not moved:
        return data[body + 1 : body_end]
    if len(lifted) == 1:
        place = numbers[ends + bisect_left(numbers, key, 0, row)]
        start, end = numbers[ends + row], numbers[ends + row + 1]
        return (data[body:place] + data[start:end] + data[place:start] + data[end:body_end])[1:]
    rank = _lifted if len(lifted) <= MAX_LIFTED_SHARE * contacts else _sorted
    return b"".join(rank(data, numbers, contacts, lifted))[1:]


def has_border(phrase: bytes) -> bool:
    """Tell whether two occurrences can overlap: whether the phrase ends as it begins.

    >>> has_border(b"haha"), has_border(b"abc")
    (True, False)
    """
    begin = phrase.find(phrase[:1], 1)
    while begin >= 0 and not phrase.startswith(phrase[begin:]):
        begin = phrase.find(phrase[:1], begin + 1)
    return begin >= 0


def _overlapping(data: bytes, phrase: bytes) -> Callable[[bytes, int, int], int]:
    """Return `data.count` for a phrase that may overlap itself: a pattern that looks ahead and consumes nothing."""
    find_all = re.compile(b"(?=" + re.escape(phrase) + b")").findall
    return lambda _, start, end: len(find_all(data, start, end))


def _all_counted(data: bytes, phrase: bytes, numbers: Numbers, contacts: int, overlapping: bool) -> Matches:
    """Count the occurrences of a phrase text by text."""
    starts, ends, others, tags = 3 * contacts, 4 * contacts, 5 * contacts + 1, 6 * contacts + 1
    count: Callable[[bytes, int, int], int] = _overlapping(data, phrase) if overlapping else data.count
    counts = list(map(count, repeat(phrase), numbers[starts:ends], numbers[ends + 1 : others]))
    start = numbers[others - 1]
    for row, end in enumerate(numbers[others:tags]):
        if start < end:
            counts[row] += count(phrase, start, end)
            start = end
    return {row: matches for row, matches in enumerate(counts) if matches}


def _lifted(data: bytes, numbers: Numbers, contacts: int, lifted: list[tuple[float, int]]) -> list[bytes]:
    """Return the rows in runs, an LF before each; those of `lifted` come before the first row with a greater key."""
    ends = numbers[4 * contacts : 5 * contacts + 1]
    pieces = []
    holes = iter((*sorted(row for _, row in lifted), contacts))
    hole = next(holes)
    done = 0
    for key, row in (*sorted(lifted), (0.0, contacts)):
        place = bisect_left(numbers, key, done, contacts)
        while hole < place:
            if done < hole:
                pieces.append(data[ends[done] : ends[hole]])
            done = hole + 1
            hole = next(holes)
        if done < place:
            pieces.append(data[ends[done] : ends[place]])
            done = place
        if row < contacts:
            pieces.append(data[ends[row] : ends[row + 1]])
    return pieces


def _sorted(data: bytes, numbers: Numbers, contacts: int, lifted: list[tuple[float, int]]) -> list[bytes]:
    """Return the rows one by one, an LF before each."""
    ends = numbers[4 * contacts : 5 * contacts + 1]
    keys = list(numbers[:contacts])
    for key, row in lifted:
        keys[row] = key
    return [data[ends[row] : ends[row + 1]] for row in sorted(range(contacts), key=keys.__getitem__)]
