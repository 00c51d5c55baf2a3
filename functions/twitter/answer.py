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
PATIENCE = 6
"""Occurrences of a phrase that are looked up one by one, and one more for every 16 contacts, before all the texts
are counted through. Only speed depends on it."""
OVERLAPPING_PATIENCE = 4
"""The same for a phrase that may overlap itself, for each contact: counting such a one through takes a pattern."""
COMMON_COUNTS = 64
KEYWORDS_SCORES = tuple(map(keywords_score, range(COMMON_COUNTS)))
FEW = 1 / 8
"""The share of the rows up to which those that match are lifted; of more, all are sorted. Only speed depends on it."""


def answer(data: bytes, phrase: bytes, hashtag: bytes) -> bytes:
    """The rows for a phrase and a lower-cased hashtag, both UTF-8 and not empty. No contacts: no bytes.

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
    patience = PATIENCE + (contacts >> 4)
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
        patience -= 1
        if not patience:
            if not overlapping and has_border(phrase):
                overlapping, patience = True, OVERLAPPING_PATIENCE * contacts
            else:
                matches = _all_counted(data, phrase, body_end, numbers, contacts, overlapping)
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
    rank = _lifted if len(lifted) <= FEW * contacts else _sorted
    return b"".join(rank(data, numbers, contacts, lifted))[1:]


def has_border(phrase: bytes) -> bool:
    """Whether two occurrences can overlap: whether the phrase ends as it begins.

    >>> has_border(b"haha"), has_border(b"abc")
    (True, False)
    """
    begin = phrase.find(phrase[:1], 1)
    while begin >= 0 and not phrase.startswith(phrase[begin:]):
        begin = phrase.find(phrase[:1], begin + 1)
    return begin >= 0


def _overlapping(data: bytes, phrase: bytes) -> Callable[[bytes, int, int], int]:
    """`data.count` for a phrase that may overlap itself: it counts where the phrase is seen ahead, taking nothing."""
    find_all = re.compile(b"(?=" + re.escape(phrase) + b")").findall
    return lambda _, start, end: len(find_all(data, start, end))


def _all_counted(
    data: bytes, phrase: bytes, body_end: int, numbers: Numbers, contacts: int, overlapping: bool
) -> Matches:
    """The occurrences of a phrase, counted text by text."""
    starts, ends, others, tags = 3 * contacts, 4 * contacts, 5 * contacts + 1, 6 * contacts + 1
    count: Callable[[bytes, int, int], int] = _overlapping(data, phrase) if overlapping else data.count
    counts = list(map(count, repeat(phrase), numbers[starts:ends], numbers[ends + 1 : others]))
    start = body_end
    for row, end in enumerate(numbers[others:tags]):
        if start < end:
            counts[row] += count(phrase, start, end)
            start = end
    return {row: found for row, found in enumerate(counts) if found}


def _lifted(data: bytes, numbers: Numbers, contacts: int, lifted: list[tuple[float, int]]) -> list[bytes]:
    """The rows, an LF before each, in runs: those of `lifted` come before the first row that their key is less than."""
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
    """The rows, an LF before each, one by one."""
    ends = numbers[4 * contacts : 5 * contacts + 1]
    keys = list(numbers[:contacts])
    for key, row in lifted:
        keys[row] = key
    return [data[ends[row] : ends[row + 1]] for row in sorted(range(contacts), key=keys.__getitem__)]
