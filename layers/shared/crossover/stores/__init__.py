"""Where records live. One port, its adapters side by side, each named after what it talks to."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossover.stores.port import Loaded, RemoteStore, Report, Store, ignore

if TYPE_CHECKING:
    from crossover.stores.cache_port import Cache, CacheTarget

ADAPTERS = {
    "sqlite": "crossover.stores.sqlite",
    "mysql": "crossover_mysql.store",
    "dynamodb": "crossover_dynamodb.store",
}
"""The scheme of a store's URL to the module that has `open_store(url)` and `load(url, records, report)` for it."""

REDIS = "crossover_cache.redis"
"""The module of the caches in a server."""


def open_store(url: str) -> Store:
    """Return the store at a URL, `sqlite:///PATH` for instance, with the cache that the URL names.

    Raises ValueError where the URL is none of a store, and `crossover.runner.Unavailable` where there is no store
    that can be read. No message repeats a part of the URL that could be a password.
    """
    if "cache" not in url:
        return _adapter(url).open_store(url)  # type: ignore[no-any-return]
    from crossover.stores.cache_port import split_cache

    url, cache = split_cache(url)
    if cache is None:
        return _adapter(url).open_store(url)  # type: ignore[no-any-return]
    if url.startswith("sqlite:"):
        raise ValueError("a cache is for a store that is asked over a network")
    return _with_cache(_adapter(url).open_store(url), cache)


def load(url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore) -> Loaded:
    """Build a whole new load from (key, record) pairs beside the one that serves, and put it in its place.

    `report` is called by a store that takes long after the last record.

    Raises ValueError for a URL, `LoadFailed` where the load came to nothing; then, as after an error of `records`
    itself or a kill at any moment, what was loaded before still serves.
    """
    if "cache" in url:
        from crossover.stores.cache_port import split_cache

        url, _ = split_cache(url)
    return _adapter(url).load(url, records, report)  # type: ignore[no-any-return]


def _with_cache(store: RemoteStore, target: CacheTarget) -> Store:
    from crossover.stores.caching import CachedStore
    from crossover.stores.local_cache import LocalCache

    cache: Cache
    if target.size_bytes:
        cache = LocalCache(target.size_bytes)
    else:
        cache = import_module(REDIS).open_cache(target, store.threads)
    return CachedStore(store, cache, target)


def _adapter(url: str) -> Any:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in ADAPTERS:
        raise ValueError(f"a store's URL begins with {' or '.join(f'{name}://' for name in ADAPTERS)}")
    return import_module(ADAPTERS[scheme])
