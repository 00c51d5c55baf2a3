"""Faults of JSON values: types, null, booleans, keys that are too many or missing, on all three levels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from local.workloads.blockchain.faults.kinds import Stage, register

Value = dict[str, Any]
Choose = Callable[[Value, random.Random], Value]


def _request(value: Value, random_: random.Random) -> Value:
    return value


def _block(value: Value, random_: random.Random) -> Value:
    block: Value = random_.choice(value["chain"])
    return block


def _payment(value: Value, random_: random.Random) -> Value:
    payments = [transaction for block in value["chain"] for transaction in block["all_tx"][:-1]]
    payment: Value = random_.choice(payments)
    return payment


def _reward(value: Value, random_: random.Random) -> Value:
    reward: Value = _block(value, random_)["all_tx"][-1]
    return reward


def _new(value: Value, random_: random.Random) -> Value:
    new: Value = random_.choice([transaction for transaction in value["new_tx"] if "sig" in transaction])
    return new


def _own(value: Value, random_: random.Random) -> Value:
    own: Value = random_.choice([transaction for transaction in value["new_tx"] if "sig" not in transaction])
    return own


LEVELS: dict[str, tuple[Choose, tuple[str, ...]]] = {
    "request": (_request, ("chain", "new_target", "new_tx")),
    "block": (_block, ("all_tx", "pow", "id", "hash", "target")),
    "payment": (_payment, ("sig", "recv", "fee", "amt", "time", "send", "hash")),
    "reward": (_reward, ("recv", "amt", "time", "hash")),
    "new": (_new, ("sig", "recv", "fee", "amt", "time", "send", "hash")),
    "own": (_own, ("recv", "amt", "time")),
}
"""Where an object is, and its keys."""
EXTRA = ("note", "", "Hash", "version")


def _fault(name: str, choose: Choose, change: Callable[[Value, random.Random], object]) -> None:
    def make(value: Value, random_: random.Random) -> None:
        change(choose(value, random_), random_)

    register(Stage.VALUE, name, "shape", make)


def _put(level: str, kind: str, key_of: tuple[str, ...], make: Callable[[Any], Any]) -> None:
    choose, _ = LEVELS[level]

    def change(target: Value, random_: random.Random) -> None:
        key = random_.choice(key_of)
        target[key] = make(target[key])

    _fault(f"{kind}-in-{level}", choose, change)


def _numbers(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if key in ("id", "sig", "recv", "fee", "amt", "send"))


def _texts(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if key in ("pow", "hash", "target", "time", "new_target"))


for _level, (_choose, _keys) in LEVELS.items():
    _put(_level, "null", _keys, lambda _: None)
    _put(_level, "boolean", _keys, lambda right: bool(right))
    _put(_level, "list", _numbers(_keys) + _texts(_keys), lambda right: [right])
    _put(_level, "number-for-text", _texts(_keys), lambda right: int(right, 16))
    if _numbers(_keys):
        _put(_level, "float", _numbers(_keys), float)
        _put(_level, "text-for-number", _numbers(_keys), str)
    _fault(f"extra-key-in-{_level}", _choose, lambda target, random_: target.update({random_.choice(EXTRA): 0}))
for _level, _lists in {"request": ("chain", "new_tx"), "block": ("all_tx",)}.items():
    _fault(f"missing-key-in-{_level}", LEVELS[_level][0], lambda target, random_: target.pop(random_.choice([*target])))
    _put(_level, "object-for-list", _lists, lambda right: {str(place): item for place, item in enumerate(right)})

_fault("huge-id", _block, lambda block, _: block.update(id=2**64))
_fault("huge-amount-of-reward", _reward, lambda reward, _: reward.update(amt=2**63))
_fault("huge-amount-own", _own, lambda own, _: own.update(amt=10**30))
_fault("empty-time", _payment, lambda payment, _: payment.update(time=""))
_fault("empty-time-own", _own, lambda own, _: own.update(time=""))
_fault("chain-empty", _request, lambda request, _: request.update(chain=[]))
_fault("block-without-transactions", _block, lambda block, _: block.update(all_tx=[]))
_fault("block-without-reward", _block, lambda block, _: block["all_tx"].pop())
_fault("null-for-a-block", _request, lambda request, _: request["chain"].append(None))
_fault("null-for-a-transaction", _block, lambda block, _: block["all_tx"].insert(0, None))
_fault("null-for-a-new-transaction", _request, lambda request, _: request["new_tx"].append(None))
_fault("extra-null-hash-own", _own, lambda own, _: own.update(hash=None))
_fault("extra-fee-own", _own, lambda own, _: own.update(fee=0))
_fault("extra-fee-of-reward", _reward, lambda reward, _: reward.update(fee=0))
_fault("extra-sender-of-reward", _reward, lambda reward, _: reward.update(send=reward["recv"]))
_fault("half-signed", _new, lambda new, random_: [new.pop(key) for key in random_.sample(["sig", "hash", "send"], 2)])


def _whole(name: str, change: Callable[[Value], Any]) -> None:
    """Return a fault that puts something else in the place of all; in a tuple, as it may be None."""
    register(Stage.VALUE, name, "shape", lambda value, _: (change(value),))


_whole("request-in-a-list", lambda value: [value])
_whole("request-is-text", lambda _: "chain")
_whole("request-is-null", lambda _: None)
_whole("request-is-a-number", lambda _: 7)
_whole("request-is-the-chain", lambda value: value["chain"])
_whole("request-is-empty", lambda _: {})
