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
    MAX_TIME_DIGITS,
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
    for each in asked.transactions:
        time = int(each.time)
        if time <= last:
            raise _broken("time", asked, each, "it is not after the transaction before it")
        last = time
    ours = our_reward_time(asked)
    if last >= ours:
        raise _broken("time", asked, asked.new_tx[-1], "it is not before the reward of the block to be mined")
    if ours >= END_OF_TIME:
        place = len(asked.chain) - 1
        reward = len(asked.chain[place].all_tx) - 1
        raise Broken("time", place, reward, f"the next reward's would have more than {MAX_TIME_DIGITS} digits")


def amounts(asked: Asked) -> None:
    """Rule 4: no amount and no fee is negative."""
    for each in asked.transactions:
        if each.amt < 0:
            raise _broken("amount", asked, each, "its amount is negative")
        fee = each.fee
        if fee is not UNSET and fee < 0:
            raise _broken("amount", asked, each, "its fee is negative")


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

    Raises `Broken` where a transaction spends more than its sender has. A reward with its block's fees comes last, so
    that neither can be spent within the block. One of ours to be signed spends from our account, for no fee.
    """
    balance: dict[int, int] = {}
    balance_of = balance.get
    for transactions in asked.by_place():
        fees = 0
        for each in transactions:
            send, receive, amount = each.send, each.recv, each.amt
            if send is not UNSET:
                fee: int = each.fee  # type: ignore[assignment]
                fees += fee
                has = balance_of(send, 0) - amount - fee
            elif each.hash is UNSET:
                send = OUR_ACCOUNT
                has = balance_of(send, 0) - amount
            else:
                balance[receive] = balance_of(receive, 0) + amount + fees
                continue
            if has < 0:
                raise _broken("balance", asked, each, "it spends more than its sender has")
            balance[send] = has
            balance[receive] = balance_of(receive, 0) + amount
        yield balance


def transaction_hashes(asked: Asked) -> None:
    """Rule 5: each hash that a transaction carries is its own."""
    for each in asked.transactions:
        given = each.hash
        if given is not UNSET and given != transaction_hash(each):
            raise _broken("tx-hash", asked, each, "its hash is another's")


def signatures(asked: Asked) -> None:
    """Rule 6: each signature is its sender's."""
    for each in asked.transactions:
        signature = each.sig
        if signature is not UNSET and not verifies(signature, each.send, each.hash):  # type: ignore[arg-type]
            raise _broken("signature", asked, each, "its signature does not verify")


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
"""All rules, the cheapest first; a signature is looked at where the hash that it signs is known to be one."""


MINING_NANOSECONDS = 600_000_000_000
END_OF_TIME = 10**MAX_TIME_DIGITS
"""Nanoseconds: from here on no request can carry a time, and no answer shall have what a request cannot."""


def our_reward_time(asked: Asked) -> int:
    """The time of the reward of the block to be mined: ten minutes after the last block's."""
    return int(asked.chain[-1].all_tx[-1].time) + MINING_NANOSECONDS


def _broken(code: str, asked: Asked, transaction: Transaction, problem: str) -> Broken:
    """The rule broken by that transaction, which is looked for only now."""
    return Broken(code, *asked.place(transaction), problem)
