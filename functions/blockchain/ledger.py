"""The ledger's values as they travel, and the hashes that hold them together."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

FIRST_REWARD = 500_000_000
"""The reward of the first two blocks; every two blocks later it is half of that (the contract's rule 8)."""
BEFORE_THE_FIRST = "00000000"
"""What block 0 has for the hash of the block before it."""
MAX_TEXT = 64
"""Characters of a proof of work, a hash or a target, at most."""
MAX_TIME_DIGITS = 20

Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Amount = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
"""May be negative as it travels; the rules refuse that."""
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Time = Annotated[str, Meta(min_length=1, max_length=MAX_TIME_DIGITS)]
"""Nanoseconds since the epoch, as a decimal string."""


class Transaction(Struct, forbid_unknown_fields=True, gc=False):
    """A transaction. One that is signed has every field, a reward neither `sig`, `fee` nor `send`; one that our account
    is asked to make has `recv`, `amt` and `time` alone.
    """

    recv: Natural
    amt: Amount
    time: Time
    sig: Natural | UnsetType = UNSET
    fee: Amount | UnsetType = UNSET
    send: Natural | UnsetType = UNSET
    hash: Text | UnsetType = UNSET

    @property
    def signed(self) -> bool:
        """Whether it has every field."""
        return self.hash is not UNSET and self.sig is not UNSET and self.send is not UNSET and self.fee is not UNSET

    @property
    def reward(self) -> bool:
        """Whether it has the fields of a reward, and no others."""
        return self.hash is not UNSET and self.sig is UNSET and self.send is UNSET and self.fee is UNSET

    @property
    def own(self) -> bool:
        """Whether our account is asked to make it."""
        return self.hash is UNSET and self.sig is UNSET and self.send is UNSET and self.fee is UNSET


class Block(Struct, forbid_unknown_fields=True, gc=False):
    """A block: signed transactions, and then its miner's reward."""

    all_tx: list[Transaction]
    pow: Text
    id: Natural
    hash: Text
    target: Text


class Asked(Struct, forbid_unknown_fields=True, gc=False):
    """What a request carries: a chain, and what the next block has to be."""

    chain: list[Block]
    new_target: Text
    new_tx: list[Transaction]

    def by_place(self) -> list[list[Transaction]]:
        """The transactions of each block, and then the new ones."""
        return [*[block.all_tx for block in self.chain], self.new_tx]

    def transactions(self) -> list[Transaction]:
        """All of them, in the order of the chain and on through the new ones."""
        all_of_them: list[Transaction] = []
        for block in self.chain:
            all_of_them += block.all_tx
        all_of_them += self.new_tx
        return all_of_them


class Answered(Struct, gc=False):
    """What an answer carries: the chain with one more block."""

    chain: list[Block]


def short_hash(text: str) -> str:
    """The contract's CCHash: the first 8 of the 64 hex digits of a text's SHA-256."""
    return sha256(text.encode()).hexdigest()[:8]


def transaction_hash(transaction: Transaction) -> str:
    """The hash that a signed transaction or a reward has to carry; fields that it has not are empty."""
    send = transaction.send
    if send is UNSET:
        return short_hash(f"{transaction.time}||{transaction.recv}|{transaction.amt}|")
    return short_hash(f"{transaction.time}|{send}|{transaction.recv}|{transaction.amt}|{transaction.fee}")


def seal(number: int, previous: str, transactions: list[Transaction]) -> str:
    """What the proof of work is written behind, 64 hex digits: the hash of a block's id, previous hash and content."""
    hashes = "|".join([transaction.hash for transaction in transactions])  # type: ignore[misc]
    return sha256(f"{number}|{previous}|{hashes}".encode()).hexdigest()


def reward_of(number: int) -> int:
    """The reward of the block with that id."""
    return FIRST_REWARD >> (number // 2)
