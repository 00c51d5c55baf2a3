"""What the tools know of a service beyond the service itself: requests like its real ones, and data to try it on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

WORKLOADS = {
    "qrcode": "local.workloads.qrcode",
    "blockchain": "local.workloads.blockchain.workload",
    "twitter": "local.workloads.twitter",
}
"""Service name to the module that has its workload as `WORKLOAD`; a service without one repeats its examples."""


class WrongAnswer(Exception):
    """The service itself, asked without a platform, does not say what is right: nothing can be checked against it."""


class Sample(NamedTuple):
    """A request that the page offers."""

    title: str
    query: str


def no_samples(store: str) -> list[Sample]:
    """Offer nothing but the documented examples."""
    return []


class Workload(NamedTuple):
    """Requests of one service. A store is the URL of the service's store, empty where the service has none."""

    queries: Callable[[random.Random, str], Iterator[str] | None]
    """Query strings without end, good and bad ones; None where the store is not one that can be looked into. Raises
    `WrongAnswer` where a right answer is known and the service has another one."""
    samples: Callable[[str], list[Sample]] = no_samples
    """Requests that the page offers of a service over that store."""
    demo_store: Callable[[Path], str] | None = None
    """Makes a store of synthetic records in a folder, unless it is there, and returns its URL."""


def workload_of(name: str) -> Workload | None:
    """Return the workload of the service of that name, if it has one."""
    if name not in WORKLOADS:
        return None
    workload: Workload = import_module(WORKLOADS[name]).WORKLOAD
    return workload
