"""Faults of shape that everything else agrees with: hashed, signed and mined as they stand, and wrong all the same."""

from __future__ import annotations

import random
from collections.abc import Callable

from functions.blockchain.toy_rsa import MODULUS
from local.workloads.blockchain.draft import Draft, Payment
from local.workloads.blockchain.faults.kinds import Stage, register

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def _fault(name: str, make: Callable[[Draft, random.Random], None]) -> None:
    register(Stage.DRAFT, name, "shape", make)


def _on_payment(name: str, **wishes: object) -> None:
    """Return a fault of a signed transaction, and another one of the same kind among the new ones."""

    def in_block(draft: Draft, random_: random.Random) -> None:
        for field, value in wishes.items():
            setattr(draft.any_payment(random_), field, value)

    def in_new(draft: Draft, random_: random.Random) -> None:
        for field, value in wishes.items():
            setattr(draft.any_new(random_, own=False), field, value)

    _fault(name, in_block)
    _fault(f"{name}-new", in_new)


def _on_reward(name: str, **wishes: object) -> None:
    def make(draft: Draft, random_: random.Random) -> None:
        for field, value in wishes.items():
            setattr(random_.choice(draft.blocks).reward, field, value)

    _fault(name, make)


def _on_own(name: str, **wishes: object) -> None:
    def make(draft: Draft, random_: random.Random) -> None:
        for field, value in wishes.items():
            setattr(draft.any_new(random_, own=True), field, value)

    _fault(name, make)


# Keys that are not there; what is absent is empty where it is hashed.
for _key in ("sig", "recv", "fee", "amt", "time", "send", "hash"):
    _on_payment(f"missing-{_key}", omit=_key)
for _key in ("recv", "amt", "time", "hash"):
    _on_reward(f"missing-{_key}-of-reward", omit=_key)
for _key in ("recv", "amt", "time"):
    _on_own(f"missing-{_key}-own", omit=_key)

# Times that other programs would take for the right number.
_on_payment("time-with-plus", say_time=lambda right: f"+{right}")
_on_payment("time-with-space", say_time=lambda right: f" {right}")
_on_payment("time-with-underscore", say_time=lambda right: f"{right[0]}_{right[1:]}")
_on_payment("time-in-arabic-digits", say_time=lambda right: right.translate(ARABIC))
_on_payment("time-of-21-digits", say_time=lambda right: right.zfill(21))
_on_payment("time-with-fraction", say_time=lambda right: f"{right}.0")
_on_own("time-in-wide-digits-own", say_time=lambda right: right.translate(WIDE))
_on_own("time-with-line-feed-own", say_time=lambda right: f"{right}\n")

# Signatures that are right by the modulus, and no number that a signature can be.
_on_payment("signature-huge", sig=lambda right: right + MODULUS * 10**8)
_on_payment("signature-negative", sig=lambda right: right - MODULUS)

# Accounts that are no number of an account.
_on_payment("account-huge", recv=2**63)
_on_payment("account-negative", recv=-1)
_on_reward("account-huge-of-reward", recv=10**40)
_on_reward("account-negative-of-reward", recv=-5)
_on_own("account-huge-own", recv=2**64)


# Transactions of one kind where another has to be.
def _reward_twice(draft: Draft, random_: random.Random) -> None:
    block = random_.choice(draft.blocks)
    block.payments.append(Payment(block.reward.recv))


def _reward_first(draft: Draft, random_: random.Random) -> None:
    block = draft.any_block(random_)
    block.payments.insert(0, Payment(block.reward.recv))


def _own_in_block(draft: Draft, random_: random.Random) -> None:
    draft.any_block(random_).payments.append(Payment(draft.stranger, omit="hash", amt=0))


_fault("reward-twice", _reward_twice)
_fault("reward-before-the-payments", _reward_first)
_fault("own-in-a-block", _own_in_block)


def _block_text(name: str, field: str, value: object) -> None:
    def make(draft: Draft, random_: random.Random) -> None:
        setattr(random_.choice(draft.blocks), field, value)

    _fault(name, make)


_block_text("pow-not-ascii", "pow_begins", "é")
_block_text("pow-of-70-characters", "pow_begins", "0" * 69)
_block_text("target-of-65-characters", "target", f"1{'0' * 64}")
_block_text("target-not-ascii", "target", "1é")


def _new_target(name: str, target: str) -> None:
    def make(draft: Draft, _: random.Random) -> None:
        draft.new_target = target

    _fault(name, make)


_new_target("new-target-of-65-characters", f"1{'0' * 64}")
_new_target("new-target-not-ascii", "1é")
