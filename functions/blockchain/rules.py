"""The rules that a chain and its new transactions have to keep: one function a rule, named by the rule's code.

Each looks at everything, the cheap ones first, and raises `Broken` at the first place where its rule is broken. Rule 2,
which keys and types there are, is the codec's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import UNSET

from crossover.seam import Invalid
from functions.blockchain.ledger import (
    BEFORE_THE_FIRST,
    Asked,
    Transaction,
    reward_of,
    seal,
    short_hash,
    transaction_hash,
)
from functions.blockchain.toy_rsa import OUR_ACCOUNT, verifies


class Broken(Invalid):
    """A rule that is broken, and where. `block` is None among the new transactions, `tx` where a block as such is."""

    def __init__(self, code: str, block: int | None, tx: int | None, problem: str) -> None:
        where = "new_tx" if block is None else f"block {block}" if tx is None else f"block {block} tx"
        place = where if tx is None else f"{where} {tx}"
        super().__init__(code, f"{place}: {problem}")
        self.block = block
        self.tx = tx


def judge(asked: Asked) -> None:
    """Holds a request against every rule. Raises `Broken`."""
    for rule in RULES:
        rule(asked)


def ids(asked: Asked) -> None:
    """Rule 1: block i of the array carries id i."""
    for number, block in enumerate(asked.chain):
        if block.id != number:
            raise Broken("id", number, None, "its id is not its place in the chain")


def times(asked: Asked) -> None:
    """Rule 3: time strictly increases over all transactions, on through the new ones and up to our block's reward."""
    last = -1
    for block, tx, transaction in every_transaction(asked):
        time = int(transaction.time)
        if time <= last:
            raise Broken("time", block, tx, "it is not after the transaction before it")
        last = time
    if last >= our_reward_time(asked):
        raise Broken("time", None, len(asked.new_tx) - 1, "it is not before the reward of the block to be mined")


def amounts(asked: Asked) -> None:
    """Rule 4: no amount and no fee is negative."""
    for block, tx, transaction in every_transaction(asked):
        if transaction.amt < 0:
            raise Broken("amount", block, tx, "its amount is negative")
        if transaction.fee is not UNSET and transaction.fee < 0:
            raise Broken("amount", block, tx, "its fee is negative")


def rewards(asked: Asked) -> None:
    """Rule 8: the reward of block i is 500000000 >> (i // 2)."""
    for number, block in enumerate(asked.chain):
        if block.all_tx[-1].amt != reward_of(number):
            raise Broken("reward", number, len(block.all_tx) - 1, "it is not the reward of this block")


def balances(asked: Asked) -> None:
    """Rule 7: nobody spends what he has not."""
    for _ in balances_by_block(asked):
        pass


def balances_by_block(asked: Asked) -> Iterator[dict[int, int]]:
    """The balance of each account after each block, and then after the new transactions: one dictionary that changes.

    Raises `Broken` where a transaction spends more than its sender has. A reward with its block's fees comes at the
    end of the block, so that neither can be spent within it.
    """
    balance: dict[int, int] = {}
    for number, block in enumerate(asked.chain):
        fees = 0
        for tx, transaction in enumerate(block.all_tx[:-1]):
            fees += _spend(balance, transaction, number, tx)
        reward = block.all_tx[-1]
        balance[reward.recv] = balance.get(reward.recv, 0) + reward.amt + fees
        yield balance
    for tx, transaction in enumerate(asked.new_tx):
        _spend(balance, transaction, None, tx)
    yield balance


def transaction_hashes(asked: Asked) -> None:
    """Rule 5: each hash that a transaction carries is its own."""
    for block, tx, transaction in every_transaction(asked):
        if transaction.hash is not UNSET and transaction.hash != transaction_hash(transaction):
            raise Broken("tx-hash", block, tx, "its hash is another's")


def signatures(asked: Asked) -> None:
    """Rule 6: each signature is its sender's."""
    for block, tx, transaction in every_transaction(asked):
        if transaction.signed and not verifies(transaction.sig, transaction.send, transaction.hash):  # type: ignore[arg-type]
            raise Broken("signature", block, tx, "its signature does not verify")


def block_hashes(asked: Asked) -> None:
    """Rule 9: each block's hash is its own."""
    previous = BEFORE_THE_FIRST
    for number, block in enumerate(asked.chain):
        if block.hash != short_hash(seal(number, previous, block.all_tx) + block.pow):
            raise Broken("block-hash", number, None, "its hash is another's")
        previous = block.hash


def targets(asked: Asked) -> None:
    """Rule 10: each block's hash is below the block's own target, as strings."""
    for number, block in enumerate(asked.chain):
        if not block.hash < block.target:
            raise Broken("target", number, None, "its hash is not below its target")


RULES: tuple[Callable[[Asked], None], ...] = (
    ids,
    times,
    amounts,
    rewards,
    targets,
    balances,
    transaction_hashes,
    block_hashes,
    signatures,
)
"""All rules, the cheapest first."""


def every_transaction(asked: Asked) -> Iterator[tuple[int | None, int, Transaction]]:
    """Each transaction with its block, None where it is new, and its place."""
    for number, block in enumerate(asked.chain):
        for tx, transaction in enumerate(block.all_tx):
            yield number, tx, transaction
    for tx, transaction in enumerate(asked.new_tx):
        yield None, tx, transaction


MINING_NANOSECONDS = 600_000_000_000


def our_reward_time(asked: Asked) -> int:
    """The time of the reward of the block to be mined: ten minutes after the last block's."""
    return int(asked.chain[-1].all_tx[-1].time) + MINING_NANOSECONDS


def _spend(balance: dict[int, int], transaction: Transaction, block: int | None, tx: int) -> int:
    """Moves the amount, and tells the fee. One of ours to be signed spends from our account, for no fee."""
    send = OUR_ACCOUNT if transaction.send is UNSET else transaction.send
    fee = 0 if transaction.fee is UNSET else transaction.fee
    has = balance.get(send, 0)
    if has < transaction.amt + fee:
        raise Broken("balance", block, tx, "it spends more than its sender has")
    balance[send] = has - transaction.amt - fee
    balance[transaction.recv] = balance.get(transaction.recv, 0) + transaction.amt
    return fee
