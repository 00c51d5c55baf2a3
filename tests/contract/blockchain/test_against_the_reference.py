"""The service does what the plain reference does: with chains that are right, and with requests changed by chance."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from tests.reference import blockchain as reference
from tests.reference.blockchain import OTHERS, OUR_ACCOUNT

ACCOUNTS = st.sampled_from([OUR_ACCOUNT, *OTHERS])
TARGETS = st.sampled_from(["1", "2", "0f", "3ff", "10000001", "1A", "~", "f0f0f0f0f0", "a", "B"])
GAPS = st.integers(1, 10**9) | st.sampled_from([1, 600_000_000_000])


def outcome(cc: bytes) -> list[dict[str, Any]] | str:
    """What the service says of a `cc`: the chain, or that it is INVALID."""
    try:
        return reference.unpacked(answer_at_once(SERVICE, b"cc=" + cc, InlineRunner()))
    except Invalid as problem:
        reason = problem
    assert reason.code in SERVICE.reasons
    assert str(reason).isascii()
    return "INVALID"


def expected(cc: bytes) -> list[dict[str, Any]] | str:
    try:
        return reference.answer(cc)
    except reference.Broken:
        return "INVALID"


class Ledger:
    """Draws transactions that the balances allow, ever later."""

    def __init__(self, draw: st.DrawFn, time: int) -> None:
        self.draw, self.time = draw, time
        self.balances: dict[int, int] = {}

    def later(self, most: int | None = None) -> str:
        gap = self.draw(GAPS if most is None else st.integers(1, most))
        self.time += gap
        return "0" * self.draw(st.sampled_from([0, 0, 0, 1])) + str(self.time)

    def spent(self, send: int, most: int | None = None, free: bool = False) -> dict[str, Any]:
        """A transaction from that account, of anything between nothing and all that it has."""
        has = self.balances.get(send, 0)
        amt = self.draw(st.integers(0, has) | st.just(has))
        fee = 0 if free else self.draw(st.integers(0, has - amt) | st.just(has - amt))
        recv = self.draw(ACCOUNTS)
        self.balances[send] = has - amt - fee
        self.balances[recv] = self.balances.get(recv, 0) + amt
        return {"send": send, "recv": recv, "amt": amt, "fee": fee, "time": self.later(most)}

    def block(self, number: int) -> dict[str, Any]:
        signed = [self.spent(self.draw(ACCOUNTS)) for _ in range(self.draw(st.integers(0, 3)))]
        miner, amt = self.draw(ACCOUNTS), 500_000_000 >> (number // 2)
        reward = {"recv": miner, "amt": amt, "time": self.later()}
        self.balances[miner] = self.balances.get(miner, 0) + amt + sum(tx["fee"] for tx in signed)
        return {"all_tx": [*signed, reward], "target": self.draw(TARGETS)}

    def new(self) -> list[dict[str, Any]]:
        """Signed transactions and ours, which all come before our reward."""
        new = []
        for _ in range(self.draw(st.integers(0, 4))):
            if self.draw(st.booleans()):
                new.append(self.spent(self.draw(ACCOUNTS), most=10**9))
            else:
                tx = self.spent(OUR_ACCOUNT, most=10**9, free=True)
                new.append({key: tx[key] for key in ("recv", "amt", "time")})
        return new


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """What is right, but for the hashes, signatures and proofs of work."""
    ledger = Ledger(draw, draw(st.integers(-1, 10) | st.just(1_582_520_400_000_000_000)))
    chain = [ledger.block(number) for number in range(draw(st.integers(1, 4)))]
    return {"chain": chain, "new_tx": ledger.new(), "new_target": draw(TARGETS)}


@given(plans())
@settings(max_examples=120, deadline=None)
def test_every_right_chain_is_answered_as_by_the_reference(plan: dict[str, Any]) -> None:
    request = reference.complete(plan)
    cc = reference.packed(request)
    chain = outcome(cc)
    assert chain == reference.answer(cc)
    assert chain[:-1] == request["chain"]


@given(plans(), st.data())
@settings(max_examples=80, deadline=None)
def test_an_answer_is_a_chain_that_goes_on(plan: dict[str, Any], data: st.DataObject) -> None:
    chain = outcome(reference.packed(reference.complete(plan)))
    assert isinstance(chain, list)
    reference.check({"chain": chain, "new_tx": [], "new_target": "1"})
    ledger = Ledger(data.draw, int(chain[-1]["all_tx"][-1]["time"]))
    for block in chain:
        *signed, reward = block["all_tx"]
        for tx in signed:
            reference.spend(ledger.balances, tx["send"], tx["recv"], tx["amt"], tx["fee"])
        earned = reward["amt"] + sum(tx["fee"] for tx in signed)
        ledger.balances[reward["recv"]] = ledger.balances.get(reward["recv"], 0) + earned
    cc = reference.packed(reference.complete({"chain": chain, "new_tx": ledger.new(), "new_target": "1"}))
    longer = outcome(cc)
    assert longer == reference.answer(cc)
    assert len(longer) == len(chain) + 1


ODD_TEXTS = (
    st.text(max_size=12) | st.text("0123456789abcdef", max_size=9) | st.from_regex("[0-9]{19,21}", fullmatch=True)
)
ODD_NUMBERS = st.integers(-3, 3) | st.integers() | st.sampled_from([2**63 - 1, 2**63, -(2**63), OUR_ACCOUNT, 10**25])
ODD = (
    st.none()
    | st.booleans()
    | ODD_NUMBERS
    | ODD_TEXTS
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)
)
KEYS = ("sig", "recv", "fee", "amt", "time", "send", "hash", "all_tx", "pow", "id", "target", "chain", "new_tx", "x")


def places(value: Any) -> list[Any]:
    """All objects and lists of a JSON value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(found for each in inner for found in places(each))] if isinstance(value, dict | list) else []


def change(value: Any, data: st.DataObject) -> None:
    """Changes a JSON value at one place: another value, one too few or too many, two in another order."""
    place = data.draw(st.sampled_from([each for each in places(value) if each] or [value]))
    spots = list(place) if isinstance(place, dict) else list(range(len(place)))
    if not spots:
        return
    spot = data.draw(st.sampled_from(spots))
    match data.draw(st.sampled_from(["near", "near", "odd", "remove", "add", "swap", "repeat"])):
        case "near" if type(place[spot]) is int:
            place[spot] += data.draw(st.sampled_from([-1, 1]))
        case "near" if isinstance(place[spot], str):
            at = data.draw(st.integers(0, len(place[spot])))
            place[spot] = place[spot][:at] + data.draw(st.sampled_from(["", "0", "f", "F"])) + place[spot][at + 1 :]
        case "odd":
            place[spot] = data.draw(ODD)
        case "remove":
            del place[spot]
        case "add" if isinstance(place, dict):
            place[data.draw(st.sampled_from(KEYS))] = data.draw(ODD)
        case "repeat" if isinstance(place, list):
            place.insert(spot, copy.deepcopy(place[spot]))
        case _:
            other = data.draw(st.sampled_from(spots))
            place[spot], place[other] = place[other], place[spot]


@given(plans(), st.data(), st.integers(1, 2))
@settings(max_examples=100, deadline=None)
def test_a_request_changed_anywhere_is_judged_as_by_the_reference(
    plan: dict[str, Any], data: st.DataObject, times: int
) -> None:
    request = reference.complete(plan)
    for _ in range(times):
        change(request, data)
    cc = reference.packed(request)
    assert outcome(cc) == expected(cc)


@given(plans(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_plan_changed_before_it_is_signed_and_mined_is_judged_as_by_the_reference(
    plan: dict[str, Any], data: st.DataObject
) -> None:
    places = [tx for block in plan["chain"] for tx in block["all_tx"]] + plan["new_tx"] + plan["chain"]
    place = data.draw(st.sampled_from(places))
    key = data.draw(st.sampled_from(sorted(set(place) - {"all_tx"} | {"id"} & set(place))))
    if key == "target":
        place[key] = data.draw(ODD_TEXTS.filter(str.isascii))
    elif key == "time":
        place[key] = str(max(0, int(place[key]) + data.draw(st.integers(-(10**10), 10**10) | st.integers(-1, 1))))
    else:
        place[key] = max(-5, place[key] + data.draw(st.integers(-3, 3) | st.integers(-(10**9), 10**9)))
    cc = reference.packed(reference.complete(plan))
    assert outcome(cc) == expected(cc)


SAMPLE = SERVICE.examples[0].query.removeprefix("cc=").encode()
TEXT = json.dumps(reference.read(SAMPLE), separators=(",", ":")).encode()


@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3), st.integers(0, 3))
@example(0, b"", 0)
@settings(max_examples=150, deadline=None)
def test_json_with_other_bytes_in_it_is_judged_as_by_the_reference(at: int, put: bytes, instead: int) -> None:
    cc = reference.packed(TEXT[:at] + put + TEXT[at + instead :])
    assert (outcome(cc) == "INVALID") == (expected(cc) == "INVALID")


@given(
    st.integers(0, len(SAMPLE)),
    st.binary(max_size=4) | st.sampled_from([b"=", b"+", b"/", b"-", b"A"]),
    st.integers(0, 4),
)
@settings(max_examples=150, deadline=None)
def test_a_cc_with_other_characters_in_it_is_judged_as_by_the_reference(at: int, put: bytes, instead: int) -> None:
    cc = SAMPLE[:at] + put + SAMPLE[at + instead :]
    quoted = b"".join(b"%%%02x" % byte for byte in cc)
    assert (outcome(quoted) == "INVALID") == (expected(cc) == "INVALID")
