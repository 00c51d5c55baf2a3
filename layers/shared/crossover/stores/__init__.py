"""Where records live. One port, its adapters side by side, each named after what it talks to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossover.runner import Unavailable
from crossover.stores.parts import Part, WrongPart, split_shards
from crossover.stores.port import Loaded, LoadFailed, RemoteStore, Report, Store, ignore

if TYPE_CHECKING:
    from crossover.stores.cache_port import Cache, CacheTarget
    from crossover.stores.caching import CachedStore

ADAPTERS = {
    "sqlite": "crossover.stores.sqlite",
    "mysql": "crossover_mysql.store",
    "dynamodb": "crossover_dynamodb.store",
}
"""The scheme of a store's URL to the module that has `open_store(url, part=...)` for it, which opens what holds this
part of a store, `load(url, records, report, loading)` and `dump(url, part, version)`."""

REDIS = "crossover_cache.redis"
"""The module of the caches in a server."""


def open_store(url: str) -> Store:
    """Return the store at a URL, `sqlite:///PATH` for instance, with the cache that the URL names.

    Where the URL names several databases, `URL|URL`, it is a `crossover.stores.sharded.ShardedStore`, and the cache,
    which is then named in the last of them, is in front of each.

    Raises ValueError where the URL is none of a store, and `crossover.runner.Unavailable` where there is no store
    that can be read. No message repeats a part of the URL that could be a password.
    """
    cache = None
    if "cache" in url:
        from crossover.stores.cache_port import split_cache

        url, cache = split_cache(url)
        if cache is not None and url.startswith("sqlite:"):
            raise ValueError("a cache is for a store that is asked over a network")
    urls = split_shards(url)
    shards = [_shard(one, Part(at, len(urls))) for at, one in enumerate(urls)]
    if cache is not None:
        shards = _with_cache(shards, cache)
    if len(shards) == 1:
        return shards[0]  # type: ignore[no-any-return]
    from crossover.stores.sharded import ShardedStore

    return ShardedStore(shards)


def _shard(url: str, part: Part) -> Any:
    """Return the store of one database. A file that is gone, of several, is opened once it is there."""

    def open_it() -> Store:
        return adapter_of(url).open_store(url, part=part)  # type: ignore[no-any-return]

    try:
        return open_it()
    except WrongPart:
        raise
    except Unavailable:
        if part.total == 1 or not url.startswith("sqlite:"):
            raise
    from crossover.stores.lazy import LazyStore

    return LazyStore(open_it)


def load(url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore) -> Loaded:
    """Build a whole new load from (key, record) pairs beside the one that serves, and put it in its place.

    `report` is called by a store that takes long after the last record.

    Raises ValueError for a URL, `LoadFailed` where the load came to nothing; then, as after an error of `records`
    itself or a kill at any moment, what was loaded before still serves. Where the URL names several databases, see
    `crossover.stores.sharded_loading` for what this means.
    """
    if "cache" in url:
        from crossover.stores.cache_port import split_cache

        url, _ = split_cache(url)
    urls = split_shards(url)
    check_parts(url)
    if len(urls) == 1:
        return adapter_of(url).load(url, records, report)  # type: ignore[no-any-return]
    from crossover.stores.sharded_loading import load_shards

    if url.startswith("sqlite:") and len({adapter_of(one).path_of(one).resolve() for one in urls}) < len(urls):
        raise ValueError("a store's URL names each of its databases once")
    return load_shards(
        len(urls),
        lambda at, *load: adapter_of(urls[at]).load(urls[at], *load),
        records,
        report,
        by_workers=url.startswith("mysql:"),
    )


def check_parts(url: str) -> None:
    """Raise `LoadFailed` where a database of a store's URL holds another part than a load would put there."""
    urls = split_shards(url)
    for at, one in enumerate(urls):
        _check_replaced(one, Part(at, len(urls)))


def _check_replaced(url: str, part: Part) -> None:
    """Raise `LoadFailed` where a database holds another part: those who read that would get wrong answers."""
    try:
        with closing(adapter_of(url).open_store(url, part=part)) as store:
            store.version()
    except WrongPart as problem:
        raise LoadFailed(f"{problem}; to use it for something else, empty it first") from None
    except Unavailable:
        return  # nothing is loaded, or what is wrong shows in the load


def _with_cache(stores: Sequence[RemoteStore], target: CacheTarget) -> list[CachedStore]:
    from crossover.stores.caching import CachedStore
    from crossover.stores.local_cache import LocalCache

    cache: Cache
    if target.size_bytes:
        cache = LocalCache(target.size_bytes)
    else:
        cache = import_module(REDIS).open_cache(target, sum(store.threads for store in stores))
    return [CachedStore(store, cache, target) for store in stores]


def adapter_of(url: str) -> Any:
    """Return the module for the URL of one database. Raises ValueError."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in ADAPTERS:
        raise ValueError(f"a store's URL begins with {' or '.join(f'{name}://' for name in ADAPTERS)}")
    return import_module(ADAPTERS[scheme])
