"""Where records live. One port, its adapters side by side, each named after what it talks to."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from crossover.stores.port import Loaded, Report, Store, ignore

ADAPTERS = {
    "sqlite": "crossover.stores.sqlite",
    "mysql": "crossover_mysql.store",
    "dynamodb": "crossover_dynamodb.store",
}
"""The scheme of a store's URL to the module that has `open_store(url)` and `load(url, records, report)` for it."""


def open_store(url: str) -> Store:
    """Return the store at a URL, `sqlite:///PATH` for instance.

    Raises ValueError where the URL is none of a store, and `crossover.runner.Unavailable` where there is no store
    that can be read. No message repeats a part of the URL that could be a password.
    """
    return _adapter(url).open_store(url)  # type: ignore[no-any-return]


def load(url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore) -> Loaded:
    """Build a whole new load from (key, record) pairs beside the one that serves, and put it in its place.

    `report` is called by a store that takes long after the last record.

    Raises ValueError for a URL, `LoadFailed` where the load came to nothing; then, as after an error of `records`
    itself or a kill at any moment, what was loaded before still serves.
    """
    return _adapter(url).load(url, records, report)  # type: ignore[no-any-return]


def _adapter(url: str) -> Any:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in ADAPTERS:
        raise ValueError(f"a store's URL begins with {' or '.join(f'{name}://' for name in ADAPTERS)}")
    return import_module(ADAPTERS[scheme])
