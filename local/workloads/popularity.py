"""How often each key is asked for, and what share of the requests a cache of some size would answer.

Two ways that share no code: Che's approximation from the popularity alone, and an exact simulation of a cache that
forgets what was not asked for the longest (LRU), from the requests in their order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import exp, expm1
from typing import NamedTuple

EXACT_RANKS = 1_000
"""Ranks that are reckoned one by one; those after them in groups whose ranks differ by 1 %."""
GROUP_SHARE = 0.01
HALVINGS = 200


class Group(NamedTuple):
    """Keys of about the same popularity."""

    share: float
    """Of all requests, for each of the keys."""
    keys: int


def zipf(keys: int, exponent: float) -> list[Group]:
    """Return a popularity by Zipf's law: the key of rank r is asked for in proportion to r to the minus `exponent`."""
    groups: list[tuple[float, int]] = []
    rank = 1
    while rank <= keys:
        width = 1 if rank <= EXACT_RANKS else max(1, int(rank * GROUP_SHARE))
        width = min(width, keys - rank + 1)
        middle = rank + (width - 1) / 2
        groups.append((middle**-exponent, width))
        rank += width
    total = sum(weight * count for weight, count in groups)
    return [Group(weight / total, count) for weight, count in groups]


def counted(requests: Sequence[object]) -> list[Group]:
    """Return the popularity that requests had."""
    return [Group(times / len(requests), keys) for times, keys in Counter(Counter(requests).values()).items()]


def che(popularity: Sequence[Group], size: int) -> float:
    """Return the hit ratio of an LRU cache of `size` entries by Che's approximation, from 0 to 1.

    An entry stays for a time T that is about the same for all keys (Che and others, "Hierarchical Web Caching
    Systems", 2002): a key is in the cache with probability 1 - exp(-share T), and these sum up to the cache's size.
    """
    if size >= sum(group.keys for group in popularity):
        return 1.0
    if size <= 0:
        return 0.0

    def filled(time: float) -> float:
        return sum(-expm1(-group.share * time) * group.keys for group in popularity)

    low, high = 0.0, 1.0
    while filled(high) < size:
        low, high = high, high * 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if filled(middle) < size:
            low = middle
        else:
            high = middle
    return sum(group.share * (1 - exp(-group.share * high)) * group.keys for group in popularity)


def drawn(keys: int, exponent: float, requests: int, seed: int) -> list[int]:
    """Return requests for keys, drawn independently by Zipf's law."""
    weights = list(accumulate(rank**-exponent for rank in range(1, keys + 1)))
    return random.Random(seed).choices(range(keys), cum_weights=weights, k=requests)  # noqa: S311 - no secret


def lru(requests: Sequence[object], sizes: Sequence[int], warm: int = 0) -> list[float]:
    """Return the exact hit ratios of LRU caches of these sizes, over the requests after the first `warm`.

    One pass for all sizes: a request is a hit in every cache that is larger than the number of other keys that were
    asked for since the key's last request (Mattson and others, "Evaluation techniques for storage hierarchies", 1970).
    """
    distances = Counter(distance for at, distance in enumerate(_distances(requests)) if at >= warm)
    total = sum(distances.values())
    known = sorted((distance, times) for distance, times in distances.items() if distance is not None)
    return [sum(times for distance, times in known if distance < size) / total if total else 0.0 for size in sizes]


def _distances(requests: Sequence[object]) -> Iterator[int | None]:
    """Yield, for each request, how many other keys came since its key's last one; None for a key's first."""
    marks = [0] * (len(requests) + 1)  # a Fenwick tree with a 1 where a key's last request is

    def add(at: int, amount: int) -> None:
        at += 1
        while at < len(marks):
            marks[at] += amount
            at += at & -at

    def upto(at: int) -> int:
        hits = 0
        while at:
            hits += marks[at]
            at -= at & -at
        return hits

    last: dict[object, int] = {}
    for at, key in enumerate(requests):
        before = last.get(key)
        if before is None:
            yield None
        else:
            yield upto(at) - upto(before + 1)
            add(before, -1)
        add(at, 1)
        last[key] = at
