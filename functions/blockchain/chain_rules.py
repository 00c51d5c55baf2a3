"""The rules that a chain and its new transactions have to keep, in two walks over them: without hashes, and by hashes.

A walk ends with `BrokenRule` at the first place where a rule is broken. Rule 2, which keys and types there are, is the
codec's. One function a rule would go nine times through what a request has: half as much again of judging's time.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from crossover.seam import Invalid
from functions.blockchain.ledger import (
    BEFORE_THE_FIRST,
    MAX_TIME_DIGITS,
    ChainRequest,
    Transaction,
    begin_hash,
    reward_of,
    sha256_hex,
    short_hash,
)
from functions.blockchain.toy_rsa import OUR_ACCOUNT, verifies


class BrokenRule(Invalid):
    """A broken rule and its place. `block` is None among the new transactions, `tx` where a block as such is."""

    def __init__(self, code: str, block: int | None, tx: int | None, problem: str) -> None:
        where = "new_tx" if block is None else f"block {block}" if tx is None else f"block {block} tx"
        place = where if tx is None else f"{where} {tx}"
        super().__init__(code, f"{place}: {problem}")
        self.block = block
        self.tx = tx


def judge(chain_request: ChainRequest) -> None:
    """Check a request by every rule. Raises `BrokenRule` at the first place where one is broken."""
    for _ in walk_ledger(chain_request):
        pass
    walk_hashes(chain_request)


LEDGER_RULES = {
    "id": "Rule 1: block i of the array carries id i",
    "target": "Rule 10: each block's hash is below the block's own target, as strings",
    "time": "Rule 3: time strictly increases over all transactions, the new ones and our block's reward",
    "amount": "Rule 4: no amount and no fee is negative",
    "reward": "Rule 8: the reward of block i is 500000000 >> (i // 2)",
    "balance": "Rule 7: no account spends more than it has",
}
HASH_RULES = {
    "tx-hash": "Rule 5: each hash that a transaction carries is its own",
    "signature": "Rule 6: each signature is its sender's",
    "block-hash": "Rule 9: each block's hash is its own",
}
RULES = LEDGER_RULES | HASH_RULES
"""Code and meaning of every rule, in the order in which they are asked of a block and its transactions. What needs no
hash is asked of the whole request first; a signature is looked at where the hash that it signs is known to be right."""


def walk_ledger(chain_request: ChainRequest) -> Iterator[dict[int, int]]:
    """Walk the chain and the new transactions by all rules that need no hash.

    A reward with its block's fees comes last, so that neither can be spent within the block. A transaction of ours, to
    be signed, spends from our account for no fee.

    Yields:
        The balance of each account after each block, and then after the new transactions: one dictionary that changes.

    Raises:
        BrokenRule: one of `LEDGER_RULES` is broken.
    """
    chain = chain_request.chain
    blocks = len(chain)
    last = -1
    balance: dict[int, int] = {}
    balance_of = balance.get
    for number, transactions in enumerate(chain_request.by_place()):
        fees = 0
        if number < blocks:
            block = chain[number]
            if block.id != number:
                raise BrokenRule("id", number, None, "its id is not its place in the chain")
            if not block.hash < block.target:
                raise BrokenRule("target", number, None, "its hash is not below its target")
        for transaction in transactions:
            time = int(transaction.time)
            if time <= last:
                raise _broken("time", chain_request, transaction, "it is not after the transaction before it")
            last = time
            send, receive, amount = transaction.send, transaction.recv, transaction.amt
            if amount < 0:
                raise _broken("amount", chain_request, transaction, "its amount is negative")
            if send is not UNSET:
                fee: int = transaction.fee  # type: ignore[assignment]
                if fee < 0:
                    raise _broken("amount", chain_request, transaction, "its fee is negative")
                fees += fee
                has = balance_of(send, 0) - amount - fee
            elif number == blocks:
                send = OUR_ACCOUNT
                has = balance_of(send, 0) - amount
            else:
                if amount != reward_of(number):
                    raise _broken("reward", chain_request, transaction, "it is not the reward of this block")
                balance[receive] = balance_of(receive, 0) + amount + fees
                continue
            if has < 0:
                raise _broken("balance", chain_request, transaction, "it spends more than its sender has")
            balance[send] = has
            balance[receive] = balance_of(receive, 0) + amount
        yield balance
    ours = our_reward_time(chain_request)
    if last >= ours:
        raise _broken(
            "time", chain_request, chain_request.new_tx[-1], "it is not before the reward of the block to be mined"
        )
    if ours >= END_OF_TIME:
        place = blocks - 1
        reward = len(chain[place].all_tx) - 1
        raise BrokenRule("time", place, reward, f"the next reward's would have more than {MAX_TIME_DIGITS} digits")


def walk_hashes(chain_request: ChainRequest) -> None:
    """Walk the chain and the new transactions by `HASH_RULES`. Raises `BrokenRule`.

    A transaction is hashed here and not by `ledger.transaction_hash`: eight calls a request are a tenth of judging.
    """
    chain = chain_request.chain
    blocks = len(chain)
    previous = BEFORE_THE_FIRST
    for number, transactions in enumerate(chain_request.by_place()):
        content = f"{number}|{previous}"
        for transaction in transactions:
            stated_hash, send = transaction.hash, transaction.send
            if send is UNSET:
                if stated_hash is UNSET:
                    continue
                text = f"{transaction.time}||{transaction.recv}|{transaction.amt}|"
            else:
                text = f"{transaction.time}|{send}|{transaction.recv}|{transaction.amt}|{transaction.fee}"
            hashing = begin_hash()
            hashing.update(text.encode())
            if hashing.hexdigest()[:8] != stated_hash:
                raise _broken("tx-hash", chain_request, transaction, "its hash is another's")
            if send is not UNSET and not verifies(transaction.sig, send, stated_hash):  # type: ignore[arg-type]
                raise _broken("signature", chain_request, transaction, "its signature does not verify")
            content = f"{content}|{stated_hash}"
        if number < blocks:
            block = chain[number]
            previous = short_hash(sha256_hex(content) + block.pow)
            if block.hash != previous:
                raise BrokenRule("block-hash", number, None, "its hash is another's")


MINING_NANOSECONDS = 600_000_000_000
END_OF_TIME = 10**MAX_TIME_DIGITS
"""Nanoseconds: from here on no request can carry a time, and no answer shall have what a request cannot."""


def our_reward_time(chain_request: ChainRequest) -> int:
    """Return the time of the reward of the block to be mined: ten minutes after the last block's."""
    return int(chain_request.chain[-1].all_tx[-1].time) + MINING_NANOSECONDS


def _broken(code: str, chain_request: ChainRequest, transaction: Transaction, problem: str) -> BrokenRule:
    """Return the error of a rule that a transaction breaks; its place is searched for only now."""
    return BrokenRule(code, *chain_request.place(transaction), problem)
