"""How much one request may ask for; a real one stays far below."""

from __future__ import annotations

from dataclasses import dataclass

from crossover.settings import setting


@dataclass(frozen=True)
class ChainLimits:
    """Beyond each of these a request is INVALID, on every platform alike."""

    pow_max_attempts: int = setting(65_536, "blockchain: numbers that mining tries at most", 1, 10_000_000)
    cc_max_characters: int = setting(12_288, "blockchain: characters of a request's `cc`", 1, 1_000_000)
    cc_max_bytes: int = setting(1_048_576, "blockchain: bytes of a request's JSON, inflated", 1, 100_000_000)
    chain_max_blocks: int = setting(1_000, "blockchain: blocks of a request's chain", 1, 1_000_000)
    chain_max_transactions: int = setting(
        10_000, "blockchain: transactions of a request, new ones included", 1, 10_000_000
    )
