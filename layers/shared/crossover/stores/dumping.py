"""Reading all records of a store, to load them elsewhere: over more databases, or of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from heapq import merge

from crossover.runner import Unavailable
from crossover.stores import adapter_of
from crossover.stores.cache_port import split_cache
from crossover.stores.parts import Part, load_of, split_shards


def dump(url: str) -> Iterator[tuple[bytes, bytes]]:
    """Return the (key, record) pairs of the store at a URL, in the order of their keys where its databases keep one.

    A page of records of each database is in memory. The store is read as it is at the beginning.

    Raises:
        ValueError: For a URL.
        Unavailable: Also while the pairs are read: where a database does not answer, or another load takes the place
            of the one that is read; and where the databases of the store have different loads.
    """
    urls = split_shards(split_cache(url)[0])
    parts = [Part(at, len(urls)) for at in range(len(urls))]
    versions = []
    for one, part in zip(urls, parts, strict=True):
        with closing(adapter_of(one).open_store(one, part=part)) as store:
            versions.append(store.version())
    if len({load_of(version) for version in versions}) > 1:
        raise Unavailable("the databases of the store have different loads: load it again with crossover etl first")
    dumps = [adapter_of(one).dump(one, part, version) for one, part, version in zip(urls, parts, versions, strict=True)]
    return iter(dumps[0] if len(dumps) == 1 else merge(*dumps))
