"""Whether an answer carries the right result, as its service sees it: compressed bytes differ between machines."""

from __future__ import annotations

from functools import cache

from crossover.seam import Service
from functions import registry


def same(service: str, result: bytes, right: bytes) -> bool:
    """Return whether two results of a service are equivalent; it is imported only once two of its results differ."""
    return result == right or (service in registry.SERVICES and _service(service).same(result, right))


@cache
def _service(name: str) -> Service:
    return registry.load([name])[0]
