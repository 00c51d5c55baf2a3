"""The store port: what a platform asks of whatever keeps a service's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Store(Protocol):
    """Records of bytes under keys of bytes, loaded as a whole and then only read.

    Every method raises `crossover.runner.Unavailable` where the store cannot answer now.
    """

    def fetch(self, key: bytes) -> bytes | None:
        """The record under `key`, or None where there is none."""
        ...

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The records under `keys`, in their order, in one round trip."""
        ...

    def version(self) -> str:
        """What is loaded: changes with every load, and is the same for everybody who reads the same load."""
        ...

    def close(self) -> None:
        """Gives back what it holds. Closing twice is harmless."""
        ...
