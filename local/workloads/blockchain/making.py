"""Requests, valid and singly faulted, made with the verdict that is right: the same ones for the same seed."""

from __future__ import annotations

import json
import random
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from local.workloads.blockchain.completion import can_be_mined, complete
from local.workloads.blockchain.draft import Shape, draw
from local.workloads.blockchain.faults import FAULTS, ChainFault, Stage
from local.workloads.blockchain.faults.wire import LIMIT_CHARACTERS

TOO_HARD = FAULTS["proof-of-work-too-hard"]
ANY = "any"
"""Asks for all kinds of faults, by chance, but for `TOO_HARD`: it costs a server as much as hundreds of others, so that
whoever wants it names it."""
NONE = "none"


class TooLarge(ValueError):
    """A request of that shape would be refused for its length alone."""


class Made(NamedTuple):
    """A request, and what is right to say to it."""

    query: str
    cc: str | None
    """The parameter's value, unless the fault is in the query string itself."""
    verdict: str
    """`VALID` or `INVALID`."""
    reason: str | None
    """The CODE of the reason, where it is INVALID."""
    fault: str | None

    def line(self) -> dict[str, str | None]:
        """Return what `crossover blockchain make` writes of it."""
        known: dict[str, str | None] = {"cc": self.cc, "verdict": self.verdict}
        known |= {"reason": self.reason, "fault": self.fault}
        return known if self.cc is not None else {**known, "query": self.query}


def made(seed: int, shape: Shape, fault: str = NONE, faulty_share: float = 1.0) -> Iterator[Made]:
    """Yield requests without end. Of them `faulty_share` have a fault of that kind, or of `ANY`, and the rest is valid.

    Raises KeyError for a kind that is none, and `TooLarge`.
    """
    kinds = [kind for kind in FAULTS.values() if kind is not TOO_HARD] if fault == ANY else []
    kinds = kinds or ([FAULTS[fault]] if fault != NONE else [])
    random_ = random.Random(seed)  # noqa: S311 - requests to repeat, no secrets
    while True:
        faulty = kinds and random_.random() < faulty_share
        yield make(random_, shape, random_.choice(kinds) if faulty else None)


def make(random_: random.Random, shape: Shape, fault: ChainFault | None) -> Made:
    """One request: valid, or with one fault. Raises `TooLarge`."""
    draft = draw(random_, shape, faulty=fault is not None)
    draft = _at(Stage.DRAFT, draft, fault, random_)
    value = complete(draft, random_)
    if fault is None and shape.target is not None and not can_be_mined(value):
        fault = TOO_HARD
    value = _at(Stage.VALUE, value, fault, random_)
    if isinstance(value, tuple):
        (value,) = value
    text = _at(Stage.TEXT, _text(value, random_, plain=fault is not None), fault, random_)
    content = text if isinstance(text, bytes) else text.encode()
    stream = _at(Stage.STREAM, zlib.compress(content, random_.randint(1, 9)), fault, random_)
    cc = urlsafe_b64encode(stream).decode()
    if fault is None and random_.random() < 0.1:
        cc = cc.rstrip("=")
    if len(cc) > LIMIT_CHARACTERS and (fault is None or fault.code != "limit"):
        raise TooLarge(f"a request of {len(cc):,} characters is beyond the {LIMIT_CHARACTERS:,} that the service takes")
    cc = _at(Stage.CC, cc, fault, random_)
    query = _at(Stage.QUERY, f"cc={quote(cc, safe='=' if random_.random() < 0.5 else '')}", fault, random_)
    if fault is None:
        return Made(query, cc, "VALID", None, None)
    return Made(query, None if fault.stage is Stage.QUERY else cc, "INVALID", fault.code, fault.name)


def _at(stage: Stage, thing: Any, fault: ChainFault | None, random_: random.Random) -> Any:
    if fault is None or fault.stage is not stage:
        return thing
    changed = fault.make(thing, random_)
    return thing if changed is None else changed


def _text(value: Any, random_: random.Random, *, plain: bool) -> str:
    """Compact JSON; of a valid request now and then with white space, or with its keys in another order."""
    dress = 1.0 if plain else random_.random()
    if dress < 0.1:
        value = _shuffled(value, random_)
    indent = 1 if 0.05 < dress < 0.1 else None
    return json.dumps(value, separators=None if indent else (",", ":"), indent=indent, ensure_ascii=not plain)


def _shuffled(value: Any, random_: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(item, random_) for item in value]
    if not isinstance(value, dict):
        return value
    keys = random_.sample(list(value), len(value))
    return {key: _shuffled(value[key], random_) for key in keys}
