"""From a draft to the values of a request: balances kept, times in order, everything hashed, signed and mined.

Written from the protocol, and sharing nothing but the protocol's numbers with the service, whose verdict it foretells.
"""

from __future__ import annotations

import random
from collections import defaultdict
from hashlib import sha256
from typing import Any

from functions.blockchain.toy_rsa import OUR_ACCOUNT
from local.workloads.blockchain.accounts import by_number
from local.workloads.blockchain.draft import Draft, DraftBlock, Payment

MINUTE = 60_000_000_000
"""Nanoseconds."""
FIRST_REWARD = 500_000_000


def complete(draft: Draft, random_: random.Random) -> dict[str, Any]:
    """Return the request as plain JSON values."""
    return _Completion(random_).run(draft)


def short(text: str) -> str:
    """CCHash: the first 8 of the hex digits of a text's SHA-256."""
    return sha256(text.encode()).hexdigest()[:8]


def can_be_mined(value: dict[str, Any], attempts: int = 65_536) -> bool:
    """Whether one of so many numbers gives the block that is asked for a hash below its target."""
    *_, last = value["chain"]
    hashes = [
        transaction.get("hash")
        or short(f"{transaction['time']}|{OUR_ACCOUNT}|{transaction['recv']}|{transaction['amt']}|0")
        for transaction in value["new_tx"]
    ]
    number = len(value["chain"])
    time = int(last["all_tx"][-1]["time"]) + 10 * MINUTE
    hashes.append(short(f"{time}||{OUR_ACCOUNT}|{FIRST_REWARD >> number // 2}|"))
    sealed = sha256("|".join([str(number), last["hash"], *hashes]).encode()).hexdigest()
    return any(short(f"{sealed}{attempt}") < value["new_target"] for attempt in range(attempts))


class _Completion:
    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._balance: defaultdict[int, int] = defaultdict(int)
        self._time = 1_500_000_000_000_000_000 + random_.randrange(10**17)
        self._end = 0
        """The time of the reward of the block to be mined."""

    def run(self, draft: Draft) -> dict[str, Any]:
        chain: list[dict[str, Any]] = []
        previous = "0" * 8
        for place, block in enumerate(draft.blocks):
            chain.append(self._block(block, place, previous))
            previous = chain[-1]["hash"]
        self._end = self._time + 10 * MINUTE
        new = []
        for place, payment in enumerate(draft.new):
            step = max(1, (self._end - self._time) // (len(draft.new) - place + 1))
            new.append(self._own(payment, step) if payment.send is None else self._signed(payment, payment.send, step))
        return {"chain": chain, "new_target": draft.new_target, "new_tx": new}

    def _block(self, block: DraftBlock, place: int, previous: str) -> dict[str, Any]:
        all_tx = [
            self._reward(payment, place, 0) if payment.send is None else self._signed(payment, payment.send, 2 * MINUTE)
            for payment in block.payments
        ]
        fees = sum(transaction.get("fee", 0) for transaction in all_tx)
        all_tx.append(self._reward(block.reward, place, fees))
        self._balance[block.reward.recv] += fees
        if block.previous is not None:
            previous = block.previous(previous)
        hashes = [transaction.get("hash", "") for transaction in all_tx]
        if block.sealed_order is not None:
            hashes = block.sealed_order(hashes)
        proof, digest = self._mine(block, "|".join([str(block.id), previous, *hashes]))
        target = block.target if isinstance(block.target, str) else block.target(digest)
        return {
            "all_tx": all_tx,
            "pow": proof if block.pow is None else block.pow(proof),
            "id": block.id,
            "hash": digest if block.hash is None else block.hash(digest),
            "target": target,
        }

    def _mine(self, block: DraftBlock, content: str) -> tuple[str, str]:
        sealed = sha256(content.encode()).hexdigest()
        # What has no target of its own yet is mined for the easiest that real requests have.
        target = block.target if isinstance(block.target, str) else "1"
        number = 0
        while True:
            proof = f"{block.pow_begins}{number}"
            digest = short(sealed + proof)
            if digest < target if block.mined is None else block.mined(digest):
                return proof, digest
            number += 1

    def _signed(self, payment: Payment, send: int, step: int) -> dict[str, Any]:
        has = self._balance[send]
        fee = self._random.randint(0, max(0, min(9_999, has // 10))) if payment.fee is None else payment.fee
        amount = self._amount(payment, has, fee)
        self._balance[send] -= amount + fee
        self._balance[payment.recv] += amount
        time = self._tick(payment, step)
        values: dict[str, Any] = {"recv": payment.recv, "fee": fee, "amt": amount, "time": time, "send": send}
        values.pop(payment.omit, None)
        values["hash"] = self._hash(payment, values)
        to_sign = values["hash"] if payment.signs is None else payment.signs(values["hash"])
        signature = by_number()[payment.signer or send].sign(to_sign)
        values["sig"] = signature if payment.sig is None else payment.sig(signature)
        values.pop(payment.omit, None)
        return values

    def _reward(self, payment: Payment, place: int, fees: int) -> dict[str, Any]:
        amount = FIRST_REWARD >> place // 2
        if payment.amt is not None:
            amount = payment.amt if isinstance(payment.amt, int) else payment.amt(fees)
        self._balance[payment.recv] += amount
        values: dict[str, Any] = {"recv": payment.recv, "amt": amount, "time": self._tick(payment, 2 * MINUTE)}
        values.pop(payment.omit, None)
        values["hash"] = self._hash(payment, values)
        values.pop(payment.omit, None)
        return values

    def _own(self, payment: Payment, step: int) -> dict[str, Any]:
        amount = self._amount(payment, self._balance[OUR_ACCOUNT], 0)
        self._balance[OUR_ACCOUNT] -= amount
        self._balance[payment.recv] += amount
        values: dict[str, Any] = {"recv": payment.recv, "amt": amount, "time": self._tick(payment, step)}
        values.pop(payment.omit, None)
        return values

    def _amount(self, payment: Payment, has: int, fee: int) -> int:
        if payment.amt is None:
            return self._random.randint(0, max(0, has - fee) // 2)
        return payment.amt if isinstance(payment.amt, int) else payment.amt(has)

    def _tick(self, payment: Payment, step: int) -> str:
        if payment.time is None:
            time = self._time + self._random.randint(1, step)
        else:
            time = payment.time(self._time, self._end)
        self._time = time
        return payment.say_time(str(time))

    def _hash(self, payment: Payment, values: dict[str, Any]) -> str:
        right = short("|".join(str(values.get(key, "")) for key in ("time", "send", "recv", "amt", "fee")))
        return right if payment.hash is None else payment.hash(right)
