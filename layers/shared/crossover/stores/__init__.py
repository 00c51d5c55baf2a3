"""Where records live. One port, its adapters side by side, each named after what it talks to."""

from __future__ import annotations

from crossover.stores.port import Store


def open_store(url: str) -> Store:
    raise ValueError(f"no adapter for {url.partition(':')[0]}")
