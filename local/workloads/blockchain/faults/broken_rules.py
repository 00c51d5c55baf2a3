"""Faults of what is said: one rule broken, and all that hangs on it computed, signed and mined to agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from local.workloads.blockchain.completion import short
from local.workloads.blockchain.draft import Draft, DraftBlock, Payment
from local.workloads.blockchain.faults.kinds import Stage, register

Change = Callable[[Draft, random.Random], object]


def _fault(name: str, code: str) -> Callable[[Change], Change]:
    def add(make: Change) -> Change:
        def made(draft: Draft, random_: random.Random) -> None:
            make(draft, random_)

        register(Stage.DRAFT, name, code, made)
        return make

    return add


def _sets(name: str, code: str, where: Callable[[Draft, random.Random], Any], **wishes: Any) -> None:
    """Return a fault that sets fields of one thing of the draft."""

    def make(draft: Draft, random_: random.Random) -> None:
        thing = where(draft, random_)
        for field, value in wishes.items():
            setattr(thing, field, value)

    register(Stage.DRAFT, name, code, make)


def _payment(draft: Draft, random_: random.Random) -> Payment:
    return draft.any_payment(random_)


def _reward(draft: Draft, random_: random.Random) -> Payment:
    return random_.choice(draft.blocks).reward


def _new(draft: Draft, random_: random.Random) -> Payment:
    return draft.any_new(random_, own=False)


def _own(draft: Draft, random_: random.Random) -> Payment:
    return draft.any_new(random_, own=True)


def _block(draft: Draft, random_: random.Random) -> DraftBlock:
    return random_.choice(draft.blocks)


def _other(text: str) -> str:
    """Return a hash of as many digits that differs in the last: as far below any target as the right one."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


# Rule 1: ids.


@_fault("id-off-by-one", "id")
def _(draft: Draft, random_: random.Random) -> None:
    _block(draft, random_).id += 1


@_fault("id-from-one", "id")
def _(draft: Draft, random_: random.Random) -> None:
    for block in draft.blocks:
        block.id += 1


@_fault("id-repeated", "id")
def _(draft: Draft, random_: random.Random) -> None:
    draft.last.id -= 1


# Rule 3: times.

_sets("time-equal-in-block", "time", lambda draft, random_: draft.any_block(random_).reward, time=lambda last, _: last)
_sets("time-backwards", "time", _payment, time=lambda last, _: last - 1)
_sets("time-equal-new", "time", _new, time=lambda last, _: last)
_sets("time-equal-own", "time", _own, time=lambda last, _: last)
_sets("time-zero-new", "time", _new, time=lambda *_: 0)
_sets("time-not-before-our-reward", "time", lambda draft, _: draft.new[-1], time=lambda _, end: end)
_sets("time-long-after-our-reward", "time", lambda draft, _: draft.new[-1], time=lambda _, end: end + 10**18)


@_fault("time-equal-across-blocks", "time")
def _(draft: Draft, random_: random.Random) -> None:
    block = random_.choice(draft.blocks[1:])
    block.payments[0].time = lambda last, _: last


@_fault("time-of-reward-first", "time")
def _(draft: Draft, random_: random.Random) -> None:
    draft.any_block(random_).reward.time = lambda last, _: last - 10**12


# Rule 4: amounts. The payment is to the payer, so that no balance suffers.


@_fault("amount-negative", "amount")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _payment(draft, random_)
    payment.recv, payment.amt, payment.fee = payment.send or 0, -random_.randint(1, 1000), 0


@_fault("amount-negative-new", "amount")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _new(draft, random_)
    payment.amt, payment.recv, payment.fee = -random_.randint(1, 1000), payment.send or 0, 0


@_fault("amount-negative-own", "amount")
def _(draft: Draft, random_: random.Random) -> None:
    draft.new.append(Payment(draft.stranger, amt=-1))


@_fault("fee-negative", "amount")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _payment(draft, random_)
    payment.amt, payment.fee = 0, -1


@_fault("fee-negative-new", "amount")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _new(draft, random_)
    payment.amt, payment.fee = 0, -random_.randint(1, 1000)


# Rule 5: hashes of transactions. What is signed is the wrong hash, so the signature verifies.

_sets("tx-hash-wrong", "tx-hash", _payment, hash=_other)
_sets("tx-hash-wrong-reward", "tx-hash", _reward, hash=_other)
_sets("tx-hash-wrong-new", "tx-hash", _new, hash=_other)
_sets("tx-hash-of-something-else", "tx-hash", _payment, hash=short)
_sets("tx-hash-too-short", "tx-hash", _payment, hash=lambda right: right[:7])
_sets("tx-hash-with-zero-before", "tx-hash", _payment, hash=lambda right: f"0{right}")
_sets("tx-hash-with-space", "tx-hash", _new, hash=lambda right: f"{right} ")
_sets("tx-hash-as-python-writes-it", "tx-hash", _payment, hash=lambda right: f"0x{right}")
_sets("tx-hash-not-hex", "tx-hash", _reward, hash=lambda right: f"{right[:7]}g")
_sets("tx-hash-empty", "tx-hash", _reward, hash=lambda _: "")


@_fault("tx-hash-upper-case", "tx-hash")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _payment(draft, random_)
    # A hash of digits alone has no case; three in a hundred are.
    payment.hash = lambda right: right.upper() if not right.isdigit() else _other(right)


# Rule 6: signatures.

_sets("signature-wrong", "signature", _payment, sig=lambda right: right + 1)
_sets("signature-wrong-new", "signature", _new, sig=lambda right: right - 1)
_sets("signature-zero", "signature", _payment, sig=lambda _: 0)
_sets("signature-of-another-hash", "signature", _payment, signs=_other)
_sets("signature-of-another-hash-new", "signature", _new, signs=_other)


@_fault("signature-of-another-account", "signature")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _payment(draft, random_)
    payment.signer = random_.choice([account for account in draft.accounts if account != payment.send])


@_fault("signature-of-another-account-new", "signature")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _new(draft, random_)
    payment.signer = random_.choice([account for account in draft.accounts if account != payment.send])


@_fault("signature-is-the-hash", "signature")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _payment(draft, random_)
    taken: list[str] = []
    payment.hash = lambda right: taken.append(right) or right  # type: ignore[func-returns-value]
    payment.sig = lambda _: int(taken[0], 16)


# Rule 7: balances.


def _spends(*, amount: Callable[[int], int], fee: int = 0) -> dict[str, Any]:
    return {"amt": amount, "fee": fee}


_sets("balance-one-too-many", "balance", _payment, **_spends(amount=lambda has: max(0, has) + 1))
_sets("balance-fee-on-top", "balance", _payment, **_spends(amount=lambda has: max(0, has), fee=1))
_sets("balance-one-too-many-new", "balance", _new, **_spends(amount=lambda has: max(0, has) + 1))
_sets("balance-fee-on-top-new", "balance", _new, **_spends(amount=lambda has: max(0, has), fee=1))
_sets("balance-one-too-many-own", "balance", _own, amt=lambda has: max(0, has) + 1)
_sets("balance-fee-alone", "balance", _new, **_spends(amount=lambda _: 0, fee=2**62))


@_fault("balance-of-a-stranger", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    block = draft.any_block(random_)
    block.payments.append(Payment(random_.choice(draft.accounts), draft.stranger, amt=1, fee=0))


@_fault("balance-one-too-many-to-oneself", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    payment = _new(draft, random_)
    payment.recv, payment.fee, payment.amt = payment.send or 0, 0, lambda has: max(0, has) + 1


@_fault("balance-fee-spent-in-its-block", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    payer = draft.blocks[0].reward.recv
    block = draft.blocks[1]
    block.reward.recv = draft.stranger
    paying = Payment(payer, payer, amt=0, fee=random_.randint(100, 10_000))
    block.payments[:0] = [paying, Payment(payer, draft.stranger, amt=random_.randint(1, 100), fee=0)]


@_fault("balance-reward-spent-in-its-block", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    block = draft.blocks[random_.randrange(len(draft.blocks))]
    block.reward.recv = draft.stranger
    block.payments.append(Payment(random_.choice(draft.accounts), draft.stranger, amt=random_.randint(1, 10**6), fee=0))


@_fault("balance-spent-before-it-comes", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    rich = draft.blocks[0].reward.recv
    spending = Payment(rich, draft.stranger, amt=500, fee=0)
    draft.blocks[1].payments[:0] = [spending, Payment(draft.stranger, rich, amt=1000, fee=0)]


@_fault("balance-our-reward-spent-before-it-is-mined", "balance")
def _(draft: Draft, random_: random.Random) -> None:
    draft.new.append(Payment(draft.stranger, amt=lambda has: max(0, has) + 10**6))


# Rule 8: rewards.


@_fault("reward-one-more", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    place = random_.randrange(len(draft.blocks))
    draft.blocks[place].reward.amt = (500_000_000 >> place // 2) + 1


@_fault("reward-one-less", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    place = random_.randrange(len(draft.blocks))
    draft.blocks[place].reward.amt = (500_000_000 >> place // 2) - 1


@_fault("reward-halved-too-early", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    draft.blocks[1].reward.amt = 250_000_000


@_fault("reward-halved-too-late", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    while len(draft.blocks) < 3:
        first = draft.blocks[0]
        draft.blocks.append(DraftBlock(len(draft.blocks), first.target, [], Payment(first.reward.recv)))
    draft.blocks[2].reward.amt = 500_000_000


@_fault("reward-with-the-fees", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    rich = draft.blocks[0].reward.recv
    draft.blocks[1].payments.insert(0, Payment(rich, rich, amt=0, fee=random_.randint(1, 1000)))
    draft.blocks[1].reward.amt = lambda fees: 500_000_000 + fees


@_fault("reward-zero", "reward")
def _(draft: Draft, random_: random.Random) -> None:
    _reward(draft, random_).amt = 0


# Rule 9: hashes of blocks.

_sets("block-hash-wrong", "block-hash", _block, hash=_other)
_sets("block-hash-too-short", "block-hash", _block, hash=lambda right: right[:7])
_sets("block-hash-too-long", "block-hash", _block, hash=lambda right: f"{right}0")
_sets("block-pow-is-another", "block-hash", _block, pow=lambda right: f"{right}0")
_sets("block-pow-empty", "block-hash", _block, pow=lambda _: "")
_sets("block-pow-with-space", "block-hash", _block, pow=lambda right: f" {right}")
_sets("block-of-another-chain", "block-hash", _block, previous=_other)
_sets(
    "block-hash-upper-case",
    "block-hash",
    _block,
    target="1",
    mined=lambda found: found < "1" and not found.isdigit(),
    hash=str.upper,
)


@_fault("block-starts-anew", "block-hash")
def _(draft: Draft, random_: random.Random) -> None:
    random_.choice(draft.blocks[1:]).previous = lambda _: "00000000"


@_fault("block-of-transactions-in-another-order", "block-hash")
def _(draft: Draft, random_: random.Random) -> None:
    draft.any_block(random_).sealed_order = lambda hashes: hashes[::-1]


@_fault("block-of-a-transaction-less", "block-hash")
def _(draft: Draft, random_: random.Random) -> None:
    draft.any_block(random_).sealed_order = lambda hashes: hashes[1:]


# Rule 10: targets.

_sets("target-met-but-not-beaten", "target", _block, target=lambda found: found)
_sets("target-of-odd-length", "target", _block, target=lambda found: found[:3])
_sets("target-empty", "target", _block, target=lambda _: "")
_sets("target-zeros", "target", _block, target=lambda _: "00000000")
_sets("target-too-low", "target", _block, target=lambda found: f"00{found[2:]}", mined=lambda found: "01" < found < "1")
_sets(
    "target-upper-case",
    "target",
    _block,
    target=lambda _: "0F",
    mined=lambda found: "0a" < found < "0f",
)

# The proof of work that is asked for.


@_fault("proof-of-work-hopeless", "proof-of-work")
def _(draft: Draft, random_: random.Random) -> None:
    draft.new_target = random_.choice(["0", "00", "00000000", "/"])


@_fault("proof-of-work-empty-target", "proof-of-work")
def _(draft: Draft, random_: random.Random) -> None:
    draft.new_target = ""


@_fault("proof-of-work-too-hard", "proof-of-work")
def _(draft: Draft, random_: random.Random) -> None:
    # Met in 65,536 attempts by one request in 65,536.
    draft.new_target = "00000001"
