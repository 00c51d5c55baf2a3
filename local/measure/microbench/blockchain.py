"""Benchmarks of the blockchain service, over the real requests of its vectors.

Whole requests, an attempt to mine, and a request as far as each of its steps, so that a step takes what it adds.
Repeated alone, each would be faster.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import cycle

import pybase64
from isal import isal_zlib

from crossover.seam import Compute, Invalid, Request
from functions.blockchain.chain_rules import walk_hashes, walk_ledger
from functions.blockchain.codec import decode, inflate, parse_request, to_json
from functions.blockchain.handler import SERVICE, next_transactions
from functions.blockchain.ledger import Block, ChainAnswer, ChainRequest, seal
from functions.blockchain.limits import ChainLimits
from functions.blockchain.mining import Mined, Mining
from local.measure.microbench.measure import Bench, Call
from local.paths import ROOT

ATTEMPTS = 21
"""Real targets are k/256 with k = 6 ... 16, which takes some 21 attempts on average (the service's contract)."""
ATTEMPTS_AT_ONCE = 100
LEAST_TARGET = "00000000"
LIMITS = ChainLimits()
MINED_REQUEST = Mined("20", "0123abcd")


@cache
def queries(verdict: str) -> list[bytes]:
    """Return the vectors' requests with that verdict, "valid" or "INVALID", as query strings."""
    vectors = json.loads((ROOT / "tests" / "vectors" / "blockchain.json").read_text())
    return [b"cc=" + vector["cc"].encode() for vector in vectors if vector["verdict"] == verdict]


def _over(verdict: str, use: Callable[[bytes], object]) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle(queries(verdict)).__next__
        return lambda: use(following())

    return make


def _answer(query: bytes) -> object:
    """Return a whole request, but that mining takes exactly 21 attempts."""
    step = SERVICE.start(Request(query))
    if not isinstance(step, Compute) or not isinstance(step.computation, Mining):
        raise AssertionError("it needs no mining")
    Mining(step.computation.sealed, LEAST_TARGET, ATTEMPTS).advance(ATTEMPTS)
    return step.then(MINED_REQUEST)


def _refuse(query: bytes) -> None:
    try:
        SERVICE.start(Request(query))
    except Invalid:
        return
    raise AssertionError("it is valid")


def _attempts() -> Call:
    work = Mining(b"5" * 64, LEAST_TARGET, 10 * ATTEMPTS_AT_ONCE)
    return lambda: work.advance(ATTEMPTS_AT_ONCE)


def _cc(query: bytes) -> bytes:
    return Request(query).one(b"cc")


def _asked(query: bytes) -> ChainRequest:
    return decode(_cc(query), LIMITS)


READING: dict[str, Callable[[bytes], object]] = {
    "query": _cc,
    "base64": lambda query: pybase64.b64decode(_cc(query), altchars=b"-_", validate=True),
    "inflate": lambda query: inflate(_cc(query), LIMITS),
    "JSON": lambda query: parse_request(inflate(_cc(query), LIMITS)),
    "keys and types": _asked,
}
"""From the query string to the request's values: each of these begins at the start."""


@dataclass(slots=True)
class Passing:
    """A request that has been read: what each further step leaves for the next."""

    chain_request: ChainRequest
    block: Block | None = None
    text: bytes = b""

    def sign(self) -> None:
        """Complete and sign our transactions."""
        chain_request = self.chain_request
        self.block = Block(
            next_transactions(chain_request),
            MINED_REQUEST.pow,
            len(chain_request.chain),
            MINED_REQUEST.hash,
            chain_request.new_target,
        )

    def mine(self) -> None:
        """Try 21 nonces."""
        chain, block = self.chain_request.chain, self.block
        assert block  # noqa: S101
        Mining(seal(len(chain), chain[-1].hash, block.all_tx).encode(), LEAST_TARGET, ATTEMPTS).advance(ATTEMPTS)

    def write_json(self) -> None:
        """Write the answer as JSON."""
        assert self.block  # noqa: S101
        self.text = to_json(ChainAnswer([*self.chain_request.chain, self.block]))

    def deflate(self) -> None:
        """Compress the answer."""
        self.text = isal_zlib.compress(self.text, 1)

    def write_base64(self) -> None:
        """Write the answer as base64."""
        self.text = pybase64.urlsafe_b64encode(self.text)


PASSING: dict[str, Callable[[Passing], object]] = {
    "rules without hashes": lambda passing: deque(walk_ledger(passing.chain_request), 0),
    "rules by hashes": lambda passing: walk_hashes(passing.chain_request),
    "our transactions": Passing.sign,
    "21 attempts": Passing.mine,
    "JSON of the answer": Passing.write_json,
    "deflate": Passing.deflate,
    "base64 of the answer": Passing.write_base64,
}
"""From the request's values to the answer: each of these needs those before it."""


def _until(last: str) -> Callable[[bytes], object]:
    if last in READING:
        return READING[last]
    steps = list(PASSING.values())[: list(PASSING).index(last) + 1]

    def go(query: bytes) -> None:
        passing = Passing(_asked(query))
        for step in steps:
            step(passing)

    return go


VALID = "blockchain valid, 21 attempts"
BENCHES = (
    Bench(VALID, _over("valid", _answer), 160),
    # One to be refused takes less than a valid one, attempts and all.
    Bench("blockchain invalid", _over("INVALID", _refuse), 160, baseline=VALID, limit_times=1),
    Bench("blockchain 100 attempts", _attempts, 1.1 * ATTEMPTS_AT_ONCE),
    *[Bench(f"blockchain until {last}", _over("valid", _until(last))) for last in (*READING, *PASSING)],
)
