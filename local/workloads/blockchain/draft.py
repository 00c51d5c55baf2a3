"""Requests as drafts: who pays whom. What a draft leaves open is made right at its completion; what it sets, stays.

So a fault sets one thing wrong, and everything that follows from it (amounts, hashes, signatures, proofs of work) is
made to agree with it: the request breaks that rule alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from functions.blockchain.toy_rsa import OUR_ACCOUNT
from local.workloads.blockchain.accounts import accounts


class Span(NamedTuple):
    """From `low` to `high`, both included."""

    low: int
    high: int

    def draw(self, random_: random.Random, least: int = 0) -> int:
        """Return a number of the span, `least` at least."""
        return max(least, random_.randint(self.low, self.high))


TYPICAL_BLOCKS = Span(2, 4)
TYPICAL_PAYMENTS = Span(1, 2)
TYPICAL_NEW = Span(0, 4)


@dataclass(frozen=True)
class Shape:
    """How large requests are. The defaults are what real ones look like."""

    blocks: Span = TYPICAL_BLOCKS
    transactions: Span = TYPICAL_PAYMENTS
    """Signed transactions of a block, its reward not counted; the first block has none to spend."""
    new: Span = TYPICAL_NEW
    target: str | None = None
    """The new block's target; None draws k/256 with k from 6 to 16, as real ones have."""


@dataclass
class Payment:
    """A transaction: signed where it has a sender, else a reward in a block and one of ours to sign among the new."""

    recv: int
    send: int | None = None
    amt: int | Callable[[int], int] | None = None
    """Or what is made of the sender's balance; for a reward, of its block's fees."""
    fee: int | None = None
    time: Callable[[int, int], int] | None = None
    """What is made of the time before it, and the time of the reward of the block to be mined."""
    say_time: Callable[[str], str] = str
    """How the time is written."""
    hash: Callable[[str], str] | None = None
    """What is made of the right hash."""
    sig: Callable[[int], int] | None = None
    """What is made of the right signature."""
    signer: int | None = None
    """The account that signs, where that is not the sender."""
    signs: Callable[[str], str] | None = None
    """What is made of the hash that is signed."""
    omit: str = ""
    """A key that is not there."""


@dataclass
class DraftBlock:
    """A block: payments, then the reward."""

    id: int
    target: str | Callable[[str], str]
    """Or what is made of the block's hash."""
    payments: list[Payment]
    reward: Payment
    previous: Callable[[str], str] | None = None
    """What is made of the previous block's hash."""
    sealed_order: Callable[[list[str]], list[str]] | None = None
    """What is made of the list of its transactions' hashes."""
    mined: Callable[[str], bool] | None = None
    """Which hash will do; by default one below the target."""
    pow_begins: str = ""
    hash: Callable[[str], str] | None = None
    pow: Callable[[str], str] | None = None


@dataclass
class Draft:
    """A request before its numbers."""

    blocks: list[DraftBlock]
    new: list[Payment]
    new_target: str
    accounts: list[int] = field(default_factory=list)
    """The accounts that take part, and then one that does not."""

    @property
    def last(self) -> DraftBlock:
        """The last block."""
        return self.blocks[-1]

    def any_block(self, random_: random.Random) -> DraftBlock:
        """Return a block with payments."""
        return random_.choice([block for block in self.blocks if block.payments])

    def any_payment(self, random_: random.Random) -> Payment:
        """Return a signed transaction of a block."""
        return random_.choice(self.any_block(random_).payments)

    def any_new(self, random_: random.Random, *, own: bool) -> Payment:
        """Return a new transaction: one of ours to sign, or one that is signed."""
        return random_.choice([payment for payment in self.new if (payment.send is None) is own])

    @property
    def stranger(self) -> int:
        """An account that has nothing."""
        return self.accounts[-1]


def draw_target(random_: random.Random) -> str:
    """Return a target as real requests have them: k/256 with k from 6 to 16."""
    share = random_.randint(6, 16)
    return "1" if share == 16 else f"0{share:x}"


def draw(random_: random.Random, shape: Shape, faulty: bool) -> Draft:
    """Return a draft of that shape. One to be made faulty has what faults need: two blocks, payments of all kinds."""
    least = 1 if faulty else 0
    part = [OUR_ACCOUNT, *random_.sample([account.number for account in accounts()[1:]], 4)]
    random_.shuffle(part)
    stranger = part.pop() if part[-1] != OUR_ACCOUNT else part.pop(0)
    holders: list[int] = []
    blocks = []
    for number in range(shape.blocks.draw(random_, 1 + least)):
        count = shape.transactions.draw(random_, least) if number else 0
        payments = [_payment(random_, part, holders) for _ in range(count)]
        reward = Payment(random_.choice(part))
        holders.append(reward.recv)
        blocks.append(DraftBlock(number, draw_target(random_), payments, reward))
    new = [
        Payment(random_.choice(part)) if random_.random() < 0.4 else _payment(random_, part, holders)
        for _ in range(shape.new.draw(random_))
    ]
    if faulty:
        new += [Payment(random_.choice(part)), _payment(random_, part, holders)]
        random_.shuffle(new)
    target = draw_target(random_) if shape.target is None else shape.target
    return Draft(blocks, new, target, [*part, stranger])


def _payment(random_: random.Random, part: list[int], holders: list[int]) -> Payment:
    payment = Payment(random_.choice(part), random_.choice(holders))
    holders.append(payment.recv)
    return payment
