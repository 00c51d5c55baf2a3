"""One fault at a time in a request that is right otherwise: INVALID, by the rule that is broken."""

import copy
import json
from collections.abc import Callable, Iterator

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from tests.reference import blockchain as reference
from tests.reference.blockchain import OTHERS, OUR_ACCOUNT

A, B, *_ = OTHERS
TIME = 1_582_520_400_000_000_000


def at(seconds: float) -> str:
    return str(TIME + int(seconds * 1_000_000_000))


def signed(after: float, send: int, recv: int, amt: int, fee: int) -> dict:
    return {"time": at(after), "send": send, "recv": recv, "amt": amt, "fee": fee}


def unsigned(after: float, recv: int, amt: int) -> dict:
    return {"time": at(after), "recv": recv, "amt": amt}


PLAN = {
    "chain": [
        {"all_tx": [unsigned(1, OUR_ACCOUNT, 500_000_000)]},
        {"all_tx": [signed(2, OUR_ACCOUNT, A, 1000, 10), unsigned(3, B, 500_000_000)]},
        {
            "all_tx": [
                signed(4, A, B, 600, 0),
                signed(5, OUR_ACCOUNT, OUR_ACCOUNT, 499_998_985, 5),
                unsigned(6, A, 250_000_000),
            ]
        },
    ],
    "new_tx": [signed(7, B, A, 500_000_600, 10), unsigned(8, A, 100), unsigned(9, B, 200)],
    "new_target": "3",
}
"""B spends all that it has, the fee that it earned included; we send to ourselves."""

Edit = Callable[[dict], object]
PLANNED: dict[str, tuple[str, Edit]] = {}
"""Faults of the plan, by name: hashes, signatures and proofs of work are then made for it."""
FORGED: dict[str, tuple[str, Edit]] = {}
"""Faults of the completed request, nothing of which is made anew."""


def put(*path: object) -> Edit:
    """Sets the value at a path, which is the last argument."""
    *way, key, value = path

    def edit(request: dict) -> None:
        inner = request
        for each in way:
            inner = inner[each]
        inner[key] = value

    return edit


def remove(*path: object) -> Edit:
    *way, key = path

    def edit(request: dict) -> None:
        inner = request
        for each in way:
            inner = inner[each]
        del inner[key]

    return edit


def tx(block: int, number: int) -> tuple[object, ...]:
    return "chain", block, "all_tx", number


OLD, LAST, NEW, MINE, OWN = tx(1, 0), tx(2, 2), ("new_tx", 0), tx(1, 1), ("new_tx", 1)

PLANNED |= {
    "the first block has the id 1": ("id", put("chain", 0, "id", 1)),
    "an id is left out": ("id", put("chain", 2, "id", 3)),
    "an id is there twice": ("id", put("chain", 2, "id", 1)),
    "ids go down": ("id", lambda r: (put("chain", 0, "id", 2)(r), put("chain", 2, "id", 0)(r))),
    "a time is that of the transaction before": ("time", put(*tx(2, 1), "time", at(4))),
    "a time is before that of the block before": ("time", put(*tx(2, 0), "time", at(2))),
    "a reward is as old as the transaction before": ("time", put(*MINE, "time", at(2))),
    "a new time is that of the last reward": ("time", put(*NEW, "time", at(6))),
    "a new time is that of the new transaction before": ("time", put(*OWN, "time", at(7))),
    "a new time is longer as a text and earlier": ("time", put(*OWN, "time", "0" + at(7))),
    "a time is later as a text and shorter": ("time", put(*tx(1, 0), "time", "9")),
    "a new time is that of our reward": ("time", put(*("new_tx", 2), "time", at(606))),
    "a reward is so late that the next one's time is too long": (
        "time",
        lambda r: (put("new_tx", [])(r), put(*LAST, "time", str(10**20 - 600_000_000_000))(r)),
    ),
    "a new time is after our reward": ("time", put(*("new_tx", 2), "time", "9" * 20)),
    "an amount is negative": ("amount", put(*OLD, "amt", -1)),
    "a fee is negative": ("amount", put(*OLD, "fee", -1)),
    "a new amount is negative": ("amount", put(*NEW, "amt", -1)),
    "a new fee is negative": ("amount", put(*NEW, "fee", -1)),
    "an amount of ours is negative": ("amount", put(*OWN, "amt", -(2**63) + 1)),
    "a reward is negative": ("amount", put(*LAST, "amt", -250_000_000)),
    "the hash of a signed transaction is another's": ("tx-hash", put(*OLD, "hash", "0123abcd")),
    "the hash of a reward is another's": ("tx-hash", put(*MINE, "hash", "0123abcd")),
    "the hash of a new transaction is another's": ("tx-hash", put(*NEW, "hash", "0123abcd")),
    "a hash is no number": ("tx-hash", put(*MINE, "hash", "not a hash")),
    "a signature is another's": ("signature", put(*OLD, "sig", 12345)),
    "a new signature is another's": ("signature", put(*NEW, "sig", 12345)),
    "a signature is 0": ("signature", put(*OLD, "sig", 0)),
    "a signature is 1": ("signature", put(*NEW, "sig", 1)),
    "a signature is our own for somebody else": ("signature", lambda r: _sign_as_us(r["new_tx"][0])),
    "a sender has a little less": ("balance", put(*OLD, "amt", 500_000_001)),
    "a sender has less for the fee alone": ("balance", put(*OLD, "fee", 499_999_001)),
    "a sender was never heard of": ("balance", put(*OLD, "send", 17)),
    "a new sender has less": ("balance", put(*NEW, "amt", 500_000_601)),
    "a fee is spent within its block": (
        "balance",
        lambda r: r["chain"][2]["all_tx"].insert(2, signed(5.5, A, B, 401, 0)),
    ),
    "a reward is spent within its block": (
        "balance",
        lambda r: r["chain"][1]["all_tx"].insert(1, signed(2.5, B, A, 1, 0)),
    ),
    "a block is mined for itself and spends it": ("balance", put(*tx(2, 0), "amt", 1001)),
    "our transaction has less": ("balance", put(*OWN, "amt", 499_998_986)),
    "our transactions together have less": ("balance", put(*("new_tx", 2), "amt", 499_998_886)),
    "somebody spends much too much": ("balance", put(*OLD, "amt", 2**63 - 1)),
    "a reward is larger": ("reward", put(*LAST, "amt", 500_000_000)),
    "a reward is smaller": ("reward", put(*LAST, "amt", 249_999_999)),
    "a reward has its fees added": ("reward", put(*MINE, "amt", 500_000_010)),
    "a reward is nothing": ("reward", put(*tx(0, 0), "amt", 0)),
    "a block's hash is another's": ("block-hash", put("chain", 1, "hash", "0123abcd")),
    "the last block's hash is another's": ("block-hash", put("chain", 2, "hash", "0123abcd")),
    "a block's hash is not below its target": ("target", put("chain", 1, "target", "00000000")),
    "a block's target is empty": ("target", put("chain", 0, "target", "")),
    "the new target is empty": ("proof-of-work", put("new_target", "")),
    "the new target is all zeros": ("proof-of-work", put("new_target", "00000000")),
    "the new target is a few zeros": ("proof-of-work", put("new_target", "000")),
    "the new target is below all digits": ("proof-of-work", put("new_target", "-1")),
}


def _sign_as_us(tx: dict) -> None:
    tx["sig"] = pow(int(reference.transaction_hash(tx), 16), reference.OUR_PRIVATE, reference.MODULUS)


FORGED |= {
    "a block's target is its hash": ("target", lambda r: put("chain", 2, "target", r["chain"][2]["hash"])(r)),
    "a block is there twice": ("id", lambda r: r["chain"].insert(1, copy.deepcopy(r["chain"][0]))),
    "the first block is left out": ("id", lambda r: r["chain"].pop(0)),
    "the proof of work is another": ("block-hash", put("chain", 1, "pow", "123456789")),
    "the proof of work is empty": ("block-hash", put("chain", 1, "pow", "")),
    "a block's hash is in capitals": ("block-hash", lambda r: _capitals(r["chain"][2])),
    "a block's hash has more digits": ("block-hash", lambda r: _longer(r["chain"][2], "hash", "0")),
    "a reward goes to somebody else": ("tx-hash", put(*LAST, "recv", 17)),
    "a new amount was changed": ("tx-hash", put(*NEW, "amt", 1)),
    "a new time is written with a zero before it": (
        "tx-hash",
        lambda r: put(*NEW, "time", "0" + r["new_tx"][0]["time"])(r),
    ),
    "a transaction hash is in capitals": (
        "tx-hash",
        lambda r: _capitals(r["new_tx"][0]),
    ),
    "a transaction was taken out": ("block-hash", lambda r: r["chain"][2]["all_tx"].pop(1)),
    "two transactions changed places": (
        "time",
        lambda r: r["chain"][2]["all_tx"].insert(0, r["chain"][2]["all_tx"].pop(1)),
    ),
    "a new transaction is there twice": ("time", lambda r: r["new_tx"].insert(1, dict(r["new_tx"][0]))),
    "a reward is there twice": ("shape", lambda r: r["chain"][1]["all_tx"].append(dict(r["chain"][1]["all_tx"][-1]))),
    "a reward is missing": ("shape", lambda r: r["chain"][1]["all_tx"].pop()),
    "a reward is first": ("shape", lambda r: r["chain"][1]["all_tx"].reverse()),
    "a block is empty": ("shape", put("chain", 1, "all_tx", [])),
    "the chain is empty": ("shape", put("chain", [])),
    "one of ours is in a block": ("shape", lambda r: r["chain"][1]["all_tx"].insert(0, unsigned(2, A, 1))),
    "a reward is new": ("shape", lambda r: r["new_tx"].append({**r["chain"][2]["all_tx"][-1], "time": at(10)})),
    "one of ours has a fee": ("shape", put(*OWN, "fee", 0)),
    "one of ours has a sender": ("shape", put(*OWN, "send", OUR_ACCOUNT)),
    "a reward has a fee": ("shape", put(*MINE, "fee", 0)),
    "a reward has a sender": ("shape", put(*MINE, "send", A)),
    "a reward has a signature": ("shape", put(*MINE, "sig", 1)),
}
MISSHAPEN: dict[str, tuple[str, Edit]] = {}
"""Faults of keys and types: so many that one test looks at them all."""

for name, place in {"signed": OLD, "new": NEW}.items():
    for key in ("sig", "recv", "fee", "amt", "time", "send", "hash"):
        MISSHAPEN[f"a {name} transaction has no {key}"] = ("shape", remove(*place, key))
for key in ("recv", "amt", "time", "hash"):
    MISSHAPEN[f"a reward has no {key}"] = ("shape", remove(*MINE, key))
for key in ("recv", "amt", "time"):
    MISSHAPEN[f"one of ours has no {key}"] = ("shape", remove(*OWN, key))
for key in ("all_tx", "pow", "id", "hash", "target"):
    MISSHAPEN[f"a block has no {key}"] = ("shape", remove("chain", 1, key))
for key in ("chain", "new_target", "new_tx"):
    MISSHAPEN[f"the request has no {key}"] = ("shape", remove(key))
EXTRA = {"request": (), "block": ("chain", 1), "transaction": OLD, "reward": MINE, "new": NEW, "ours": OWN}
for name, place in EXTRA.items():
    MISSHAPEN[f"an unknown key: {name}"] = ("shape", put(*place, "extra", 1))
    MISSHAPEN[f"an empty key: {name}"] = ("shape", put(*place, "", None))
    MISSHAPEN[f"a key in capitals: {name}"] = ("shape", put(*place, "HASH", "0"))
WRONG = (None, True, False, 1.0, 1e300, float("nan"), "1", [], {}, [1], 2**63, -(2**63), 2**64, 10**400, -1)
for key in ("sig", "recv", "send", "fee", "amt"):
    for value in WRONG:
        if not (key in ("fee", "amt") and value == -1):
            MISSHAPEN[f"{key} is {str(value)[:25]!r}"] = ("shape", put(*OLD, key, value))
            MISSHAPEN[f"new {key} is {str(value)[:25]!r}"] = ("shape", put(*NEW, key, value))
for value in WRONG:
    MISSHAPEN[f"id is {str(value)[:25]!r}"] = ("shape", put("chain", 1, "id", value))
    MISSHAPEN[f"amt of ours is {str(value)[:25]!r}"] = ("shape" if value != -1 else "amount", put(*OWN, "amt", value))
NO_TEXT = (None, True, 0, 1.5, [], {}, "x" * 65, "é", "\ud800", "\U0001f600", "٣")
TEXTS = {
    "pow": ("chain", 1, "pow"),
    "hash": ("chain", 1, "hash"),
    "target": ("chain", 1, "target"),
    "new_target": ("new_target",),
    "tx hash": (*OLD, "hash"),
    "reward hash": (*MINE, "hash"),
}
for name, place in TEXTS.items():
    for value in NO_TEXT:
        MISSHAPEN[f"{name} is {str(value)[:5]!a}"] = ("shape", put(*place, value))
NO_TIME = ("", "-1", "+1", " 1", "1 ", "1_0", "1.0", "0x1", "1e3", "9" * 21, "²", "٣", "1\n", "\x001", "one")
for value in (*NO_TIME, *NO_TEXT, TIME):
    for name, place in {"signed": OLD, "reward": MINE, "new": NEW, "own": OWN}.items():
        MISSHAPEN[f"{name} time is {str(value)[:25]!a}"] = ("shape", put(*place, "time", value))
for value in (None, True, 1, "", {}, "[]", [None], [1], [[]], ["x"]):
    MISSHAPEN[f"chain is {value!r}"] = ("shape", put("chain", value))
    MISSHAPEN[f"new_tx is {value!r}"] = ("shape", put("new_tx", value))
    MISSHAPEN[f"all_tx is {value!r}"] = ("shape", put("chain", 1, "all_tx", value))


def reason(cc: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        answer_at_once(SERVICE, b"cc=" + cc, InlineRunner())
    assert caught.value.code in SERVICE.reasons
    assert str(caught.value).isascii()
    return caught.value.code


def test_without_a_fault_the_request_is_valid() -> None:
    cc = reference.packed(reference.complete(PLAN))
    result = answer_at_once(SERVICE, b"cc=" + cc, InlineRunner())
    assert reference.unpacked(result) == reference.answer(cc)


def test_there_are_many_kinds_of_faults() -> None:
    codes = {code for code, _ in (*PLANNED.values(), *FORGED.values(), *MISSHAPEN.values())}
    assert codes | {"parameter", "encoding", "limit"} == set(SERVICE.reasons)
    assert len(PLANNED) + len(FORGED) > 70
    assert len(MISSHAPEN) > 300


@pytest.mark.parametrize("name", PLANNED)
def test_a_request_made_with_one_fault_is_invalid_by_that_rule(name: str) -> None:
    code, edit = PLANNED[name]
    plan = copy.deepcopy(PLAN)
    edit(plan)
    cc = reference.packed(reference.complete(plan))
    assert reason(cc) == code
    with pytest.raises(reference.Broken):
        reference.answer(cc)


@pytest.mark.parametrize("name", FORGED)
def test_a_request_with_one_fault_put_in_is_invalid_by_that_rule(name: str, completed: dict) -> None:
    code, edit = FORGED[name]
    request = copy.deepcopy(completed)
    edit(request)
    cc = reference.packed(request)
    assert reason(cc) == code
    with pytest.raises(reference.Broken):
        reference.answer(cc)


def test_a_request_with_a_wrong_key_or_type_anywhere_is_invalid_by_its_shape(completed: dict) -> None:
    for name, (code, edit) in MISSHAPEN.items():
        request = copy.deepcopy(completed)
        edit(request)
        cc = reference.packed(request)
        assert reason(cc) == code, name
        with pytest.raises(reference.Broken):
            reference.answer(cc)


@pytest.fixture(scope="module")
def completed() -> dict:
    return reference.complete(PLAN)


def test_the_latest_reward_that_another_can_follow_is_valid_and_the_other_is_the_last() -> None:
    plan = copy.deepcopy(PLAN) | {"new_tx": []}
    put(*LAST, "time", str(10**20 - 600_000_000_001))(plan)
    answer = answer_at_once(SERVICE, b"cc=" + reference.packed(reference.complete(plan)), InlineRunner())
    *_, mined = chain = reference.unpacked(answer)
    assert mined["all_tx"][-1]["time"] == "9" * 20
    assert reason(reference.packed({"chain": chain, "new_target": "3", "new_tx": []})) == "time"


def _capitals(value: dict) -> None:
    small = value["hash"]
    value["hash"] = small.upper()
    assert value["hash"] != small, "it has no letter to be put in capitals"


def _longer(value: dict, key: str, more: str) -> None:
    value[key] += more


def keys_given_twice(value: object) -> Iterator[tuple[str, str]]:
    """Texts of a request, each with one key given twice, with the same value, at one place."""
    text = json.dumps(value, separators=(",", ":"))
    for key in ("chain", "new_target", "new_tx", "all_tx", "pow", "id", "target", "sig", "fee", "send", "hash", "time"):
        start = text.index(f'"{key}":')
        _, end = json.JSONDecoder().raw_decode(text, start + len(key) + 3)
        again = text[start:end]
        yield key, f"{text[:start]}{again},{text[start:]}"
        escaped = again.replace(key, rf"\u{ord(key[0]):04x}{key[1:]}", 1)
        yield f"{key}, escaped", f"{text[:start]}{escaped},{text[start:]}"


def test_a_key_given_twice_is_invalid_on_every_level_escaped_or_not(completed: dict) -> None:
    for name, text in keys_given_twice(completed):
        assert reason(reference.packed(text.encode())) == "shape", name
        with pytest.raises(reference.Broken, match="shape"):
            reference.answer(reference.packed(text.encode()))
