"""Benchmarks of the blockchain service, over the real requests of its vectors: whole requests, an attempt to mine, each
step of a request, and each step by the tools that could do it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import cycle
from typing import Any, NamedTuple

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Compute, Invalid, Request
from functions.blockchain.codec import decode, encode, inflate
from functions.blockchain.handler import SERVICE, next_transactions
from functions.blockchain.ledger import Answered, Asked, Block, seal
from functions.blockchain.limits import Limits
from functions.blockchain.mining import Mined, Mining
from functions.blockchain.rules import RULES, judge
from local.bench.measure import Bench, Call
from local.cli.places import ROOT

VECTORS = ROOT / "tests" / "vectors" / "blockchain.json"
ATTEMPTS = 21
"""Real targets are k/256 with k = 6 ... 16, which takes some 21 attempts on average (the service's contract)."""
ATTEMPTS_AT_ONCE = 100
LIMITS = Limits()


class Sample(NamedTuple):
    """A valid request in every state that it passes through."""

    query: bytes
    cc: bytes
    packed: bytes
    text: bytes
    asked: Asked
    sealed: bytes
    chain: list[Block]
    json: bytes
    answer: bytes


@cache
def samples() -> list[Sample]:
    """The valid requests of the vectors."""
    return [_sample(vector["cc"].encode()) for vector in _vectors() if vector["verdict"] == "valid"]


def _vectors() -> list[dict[str, Any]]:
    return json.loads(VECTORS.read_text())  # type: ignore[no-any-return]


def _sample(cc: bytes) -> Sample:
    asked = decode(cc, LIMITS)
    transactions = next_transactions(asked)
    sealed = seal(len(asked.chain), asked.chain[-1].hash, transactions).encode()
    answer = answer_at_once(SERVICE, b"cc=" + cc, InlineRunner())
    chain = _chain_of(answer)
    text = inflate(answer, replace(LIMITS, cc_max_characters=100_000))
    return Sample(
        b"cc=" + cc, cc, base64.urlsafe_b64decode(cc), inflate(cc, LIMITS), asked, sealed, chain, text, answer
    )


def _chain_of(answer: bytes) -> list[Block]:
    import msgspec

    return msgspec.json.decode(zlib.decompress(base64.urlsafe_b64decode(answer)), type=Answered).chain


def _over(use: Callable[[Any], object], inputs: Callable[[], Sequence[Any]]) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle(inputs()).__next__
        return lambda: use(following())

    return make


def _on(part: str, use: Callable[[Any], object]) -> Callable[[], Call]:
    return _over(use, lambda: [getattr(sample, part) for sample in samples()])


def _answer_after_21_attempts(given: tuple[bytes, Mined]) -> object:
    """A whole request as an inline runner has it, but that mining takes exactly so many attempts."""
    query, mined = given
    step = SERVICE.start(Request(query))
    assert isinstance(step, Compute)  # noqa: S101
    Mining(step.work.sealed, "00000000", ATTEMPTS).advance(1_000_000)  # type: ignore[attr-defined]
    return step.then(mined)


def _valid() -> list[tuple[bytes, Mined]]:
    return [(sample.query, Mined(sample.chain[-1].pow, sample.chain[-1].hash)) for sample in samples()]


def _invalid() -> list[bytes]:
    return [b"cc=" + vector["cc"].encode() for vector in _vectors() if vector["verdict"] == "INVALID"]


def _refuse(query: bytes) -> None:
    try:
        SERVICE.start(Request(query))
    except Invalid:
        return
    raise AssertionError("it is valid")


def _attempts() -> Call:
    work = Mining(b"5" * 64, "00000000", 10 * ATTEMPTS_AT_ONCE)
    return lambda: work.advance(ATTEMPTS_AT_ONCE)


BENCHES = (
    Bench("blockchain valid, 21 attempts", _over(_answer_after_21_attempts, _valid), 160),
    Bench("blockchain invalid", _over(_refuse, _invalid), 160),
    Bench("blockchain 100 attempts", _attempts, 1.1 * ATTEMPTS_AT_ONCE),
    Bench("blockchain part: query", _on("query", Request)),
    Bench("blockchain part: inflate", _on("cc", lambda cc: inflate(cc, LIMITS))),
    Bench("blockchain part: decode", _on("cc", lambda cc: decode(cc, LIMITS))),
    *[Bench(f"blockchain part: {rule.__name__}", _on("asked", rule)) for rule in RULES],
    Bench("blockchain part: judge", _on("asked", judge)),
    Bench("blockchain part: next", _on("asked", next_transactions)),
    Bench("blockchain part: encode", _on("chain", encode)),
)
