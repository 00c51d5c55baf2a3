"""Requests are made with the verdict that is right, and a fault breaks one rule and no other."""

from __future__ import annotations

import json
import random
import sys
from itertools import islice

import pytest

from crossover.runner import InlineRunner
from crossover.seam import Invalid
from functions.blockchain.chain_rules import walk_hashes, walk_ledger
from functions.blockchain.codec import decode
from functions.blockchain.handler import SERVICE
from functions.blockchain.limits import ChainLimits
from functions.blockchain.toy_rsa import MODULUS
from local.cli import main
from local.workloads.blockchain import workload
from local.workloads.blockchain.accounts import accounts
from local.workloads.blockchain.draft import Shape, Span
from local.workloads.blockchain.faults import FAULTS, Stage
from local.workloads.blockchain.faults.wire import LIMIT_CHARACTERS
from local.workloads.blockchain.making import ANY, Made, TooLarge, made
from local.workloads.blockchain.workload import reason_of
from local.workloads.mix import mixed
from local.workloads.workload import WrongAnswer

TYPICAL = Shape()


def some(count: int, fault: str = "none", shape: Shape = TYPICAL, seed: int = 1) -> list[Made]:
    return list(islice(made(seed, shape, fault), count))


def test_every_account_signs_what_its_number_verifies() -> None:
    for account in accounts():
        assert pow(account.sign("0123abcd"), account.number, MODULUS) == 0x0123ABCD


def test_a_valid_request_is_answered() -> None:
    assert {reason_of(each) for each in some(150)} == {None}


def test_valid_requests_differ_in_all_that_is_free() -> None:
    requests = some(150)
    assert len({each.cc for each in requests}) == 150
    assert {each.query.count("%3D") for each in requests} >= {0, 1}
    assert any(not (each.cc or "").endswith("=") and len(each.cc or "") % 4 for each in requests)
    asked = [decode((each.cc or "").encode(), ChainLimits()) for each in requests]
    assert {len(each.chain) for each in asked} == {2, 3, 4}
    assert {len(each.new_tx) for each in asked} == {0, 1, 2, 3, 4}
    assert {each.new_target for each in asked} == {*(f"0{share:x}" for share in range(6, 16)), "1"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_request_is_refused_for_its_fault(fault: str) -> None:
    for each in some(1 if fault == "proof-of-work-too-hard" else 3, fault):
        assert (each.verdict, each.reason, each.fault) == ("INVALID", FAULTS[fault].code, fault)
        assert reason_of(each) == each.reason


@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if fault.stage is Stage.DRAFT])
def test_a_fault_of_what_is_said_breaks_no_other_rule(fault: str) -> None:
    for each in some(5, fault, seed=2):
        # A block's hash is over the id that it has; held against the one it should have, it is another's too.
        allowed = {"id": {"id", "block-hash"}, "proof-of-work": set()}.get(each.reason or "", {each.reason})
        assert broken(each) in (allowed, {each.reason})


def broken(request: Made) -> set[str | None]:
    """The CODE that each walk ends with; where the shape is broken, there is nothing to walk over."""
    try:
        asked = decode((request.cc or "").encode(), ChainLimits())
    except Invalid as problem:
        return {problem.code}
    found: set[str | None] = set()
    for walk in (lambda: list(walk_ledger(asked)), lambda: walk_hashes(asked)):
        try:
            walk()
        except Invalid as problem:
            found.add(problem.code)
    return found


def test_there_are_faults_for_every_reason_that_the_service_gives() -> None:
    assert {fault.code for fault in FAULTS.values()} == set(SERVICE.reasons)


def test_the_same_seed_makes_the_same_requests() -> None:
    assert some(20, ANY, seed=9) == some(20, ANY, seed=9) != some(20, ANY, seed=10)


@pytest.mark.no_cover
def test_any_fault_is_none_that_costs_as_much_as_hundreds_of_others() -> None:
    kinds = {each.fault for each in some(3_000, ANY)}
    assert kinds == {*FAULTS} - {"proof-of-work-too-hard"}


def test_a_share_of_requests_can_be_faulty() -> None:
    requests = list(islice(made(1, Shape(), ANY, 1 / 3), 300))
    assert 70 < sum(each.verdict == "INVALID" for each in requests) < 130


@pytest.mark.no_cover
def test_a_target_that_is_too_hard_is_known_to_be() -> None:
    shape = Shape(Span(2, 2), Span(0, 0), Span(0, 0), "00004")
    requests = some(8, shape=shape)
    assert {each.verdict for each in requests} == {"VALID", "INVALID"}
    assert [reason_of(each) for each in requests] == [each.reason for each in requests]
    assert {each.fault for each in requests} == {None, "proof-of-work-too-hard"}


def test_a_request_that_would_be_refused_for_its_length_alone_is_not_made() -> None:
    with pytest.raises(TooLarge, match="beyond the 12,288"):
        some(1, shape=Shape(blocks=Span(150, 150)))
    assert all(len(each.cc or "") <= LIMIT_CHARACTERS for each in some(2, shape=Shape(blocks=Span(45, 45))))


def test_the_load_has_a_third_of_faulty_requests_and_the_right_answers() -> None:
    asked = mixed(SERVICE, 300, 1, InlineRunner())
    invalid = [each for each in asked if each.result == b"INVALID"]
    assert 70 < len(invalid) < 130
    assert len({each.result for each in asked}) == 301 - len(invalid)


def test_no_load_is_made_by_a_service_that_misjudges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "reason_of", lambda request: "nonsense")
    with pytest.raises(WrongAnswer, match="nonsense for"):
        next(workload.queries(random.Random(1), ""))


def crossover(*arguments: str) -> None:
    sys.argv = ["crossover", *arguments]
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def test_the_command_writes_a_request_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    crossover("blockchain", "make", "--fault", "time-backwards", "--count", "3", "--blocks", "3")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(*each,) for each in lines] == [("cc", "verdict", "reason", "fault")] * 3
    assert {each["reason"] for each in lines} == {"time"}


def test_a_request_that_is_wrong_beside_its_cc_is_written_as_a_query(capsys: pytest.CaptureFixture[str]) -> None:
    crossover("blockchain", "make", "--fault", "cc-twice")
    line = json.loads(capsys.readouterr().out)
    assert (line["cc"], line["query"].count("cc=")) == (None, 2)


def test_the_kinds_of_faults_are_listed_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    crossover("blockchain", "make", "--fault", "help", "--json")
    assert {name for names in json.loads(capsys.readouterr().out).values() for name in names} == set(FAULTS)
    crossover("blockchain", "make", "--fault", "help")
    assert "balance-fee-spent-in-its-block" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--fault", "nonsense", "--fault help lists"),
        ("--blocks", "0", "from 1 to 200"),
        ("--blocks", "4-2", "from 1 to 200"),
        ("--new", "x", "from 0 to 200"),
        ("--target", "0X", "hex digits"),
        ("--blocks", "150", "fewer blocks"),
    ],
)
def test_what_no_request_can_be_is_refused_in_one_line(
    option: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["crossover", "blockchain", "make", option, value])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (2, 1)
    assert says in said
