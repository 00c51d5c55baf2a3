"""The ledger's values as they travel, and the hashes that hold them together."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

begin_hash = sha256().copy
"""Makes an empty SHA-256. A copy takes less than `sha256()`, which looks the algorithm up each time."""
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
    """A transaction: signed, a reward, or one that our account is asked to make.

    A signed one has every field, a reward neither `sig`, `fee` nor `send`; one of ours to be made has `recv`, `amt` and
    `time` alone.
    """

    recv: Natural
    amt: Amount
    time: Time
    sig: Natural | UnsetType = UNSET
    fee: Amount | UnsetType = UNSET
    send: Natural | UnsetType = UNSET
    hash: Text | UnsetType = UNSET


class Block(Struct, forbid_unknown_fields=True, gc=False):
    """A block: signed transactions, and then its miner's reward."""

    all_tx: list[Transaction]
    pow: Text
    id: Natural
    hash: Text
    target: Text


class ChainRequest(Struct, forbid_unknown_fields=True, dict=True):
    """What a request carries: a chain, and what the next block has to be."""

    chain: list[Block]
    new_target: Text
    new_tx: list[Transaction]

    def __post_init__(self) -> None:
        """Put all transactions in one list."""
        self.transactions: list[Transaction] = []
        """In the order of the chain and on through the new ones."""
        for block in self.chain:
            self.transactions += block.all_tx
        self.transactions += self.new_tx

    def by_place(self) -> list[list[Transaction]]:
        """Return the transactions of each block, and then the new ones."""
        return [*[block.all_tx for block in self.chain], self.new_tx]

    def place(self, transaction: Transaction) -> tuple[int | None, int]:
        """Return which block a transaction is in, None for the new ones, and its place there."""
        for block, transactions in enumerate(self.by_place()):
            for place, each in enumerate(transactions):
                if each is transaction:
                    return block if block < len(self.chain) else None, place
        raise LookupError(transaction)


class ChainAnswer(Struct, gc=False):
    """What an answer carries: the chain with one more block."""

    chain: list[Block]


def sha256_hex(text: str) -> str:
    """Return the contract's SHA: the 64 hex digits of a text's SHA-256."""
    hashing = begin_hash()
    hashing.update(text.encode())
    return hashing.hexdigest()


def short_hash(text: str) -> str:
    """Return the contract's CCHash: the first 8 of the 64 hex digits of a text's SHA-256."""
    return sha256_hex(text)[:8]


def transaction_hash(transaction: Transaction) -> str:
    """Return the hash that a signed transaction or a reward has to carry; absent fields count as empty."""
    send = transaction.send
    if send is UNSET:
        text = f"{transaction.time}||{transaction.recv}|{transaction.amt}|"
    else:
        text = f"{transaction.time}|{send}|{transaction.recv}|{transaction.amt}|{transaction.fee}"
    hashing = begin_hash()
    hashing.update(text.encode())
    return hashing.hexdigest()[:8]


def seal(number: int, previous: str, transactions: list[Transaction]) -> str:
    """Return what a proof of work is appended to, 64 hex digits: the hash of id, previous hash and content."""
    hashes = "|".join([transaction.hash for transaction in transactions])  # type: ignore[misc]
    return sha256_hex(f"{number}|{previous}|{hashes}")


def reward_of(number: int) -> int:
    """Return the reward of the block with that id."""
    return FIRST_REWARD >> (number // 2)
