"""The register of faults."""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple


class Stage(Enum):
    """What a fault is made to, on a request's way from a draft to a query."""

    DRAFT = "draft"
    """A `local.workloads.blockchain.draft.Draft`, changed in place."""
    VALUE = "value"
    """The JSON values, changed in place or returned anew."""
    TEXT = "text"
    """The JSON text."""
    STREAM = "stream"
    """The zlib stream: bytes in, bytes out."""
    CC = "cc"
    """The base64 text."""
    QUERY = "query"
    """The query string."""


class ChainFault(NamedTuple):
    """A kind of fault. `make` is given what its stage has, and returns it wrong; None where it was changed in place."""

    name: str
    code: str
    """The CODE of its reason."""
    stage: Stage
    make: Callable[[Any, random.Random], Any]


FAULTS: dict[str, ChainFault] = {}
"""Every kind of fault by its name."""


Make = Callable[[Any, random.Random], Any]


def register(stage: Stage, name: str, code: str, make: Make) -> None:
    """Add a kind of fault."""
    FAULTS[name] = ChainFault(name, code, stage, make)
