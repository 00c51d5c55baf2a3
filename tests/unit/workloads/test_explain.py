"""A request is explained: which rule it breaks and where, who has how much, and what was mined."""

from __future__ import annotations

import io
import json
import sys
from itertools import islice
from typing import Any
from urllib.parse import quote

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Request
from functions.blockchain.explain import (
    BROKEN,
    KEPT,
    NOT_REACHED,
    Judged,
    as_data,
    explain,
    judge_by_rule,
    with_proof,
)
from functions.blockchain.handler import SERVICE
from functions.blockchain.limits import ChainLimits
from local.cli import main
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.faults import FAULTS
from local.workloads.blockchain.making import Made, made

SAMPLE, _, OVERDRAWN = SERVICE.examples
LIMITS = ChainLimits()


def request_of(fault: str, seed: int = 1) -> Made:
    return next(iter(islice(made(seed, Shape(), fault), 1)))


def judged(query: str) -> Judged:
    return judge_by_rule(Request(query.encode()), LIMITS)


def states(found: Judged) -> list[str]:
    return [each.state for each in found.verdicts]


def test_of_a_valid_request_every_rule_is_kept_and_mining_is_left() -> None:
    found = judged(SAMPLE.query)
    assert (found.problem, states(found)) == ("", [KEPT] * 11 + [NOT_REACHED])
    assert found.need is not None
    assert len({each.code for each in found.verdicts}) == 12


def test_balances_are_told_after_each_block_and_after_the_new_transactions() -> None:
    data = as_data(judged(SAMPLE.query), None)
    first, *_ = data["blocks"]
    assert first["balances"] == [[895456882897, 500_000_000]]
    total = [sum(amount for _, amount in block["balances"]) for block in data["blocks"]]
    assert total == [500_000_000, 1_000_000_000, 1_250_000_000]
    # A fee is nobody's until the block is mined.
    assert sum(amount for _, amount in data["new"]["balances"]) == 1_250_000_000 - 3536


def test_the_mined_block_is_the_published_one_with_its_attempts() -> None:
    found = judged(SAMPLE.query)
    assert found.need is not None
    mined = InlineRunner().compute(found.need.computation)
    block = as_data(with_proof(found, KEPT), mined)["mined"]
    facts = {name: block[name] for name in ("id", "pow", "hash", "attempts")}
    assert facts == {"id": 3, "pow": "728", "hash": "001795bc", "attempts": 729}
    assert sum(amount for _, amount in block["balances"]) == 1_500_000_000


def test_a_broken_rule_has_its_place_and_those_after_it_are_not_reached() -> None:
    found = judged(OVERDRAWN.query)
    broken = states(found).index(BROKEN)
    assert states(found) == [KEPT] * broken + [BROKEN] + [NOT_REACHED] * (11 - broken)
    verdict = found.verdicts[broken]
    assert (verdict.code, verdict.block, verdict.tx) == ("balance", 1, 1)
    assert found.problem == verdict.problem
    data = as_data(found, None)
    assert [block["balances"] is not None for block in data["blocks"]] == [True, False, False]
    assert data["new"]["balances"] is None


@pytest.mark.parametrize("fault", sorted({*FAULTS} - {"proof-of-work-too-hard", "too-many-parameters"}))
def test_the_rule_that_is_marked_is_the_one_that_is_broken(fault: str) -> None:
    found = judged(request_of(fault).query)
    (broken,) = [each for each in found.verdicts if each.state == BROKEN]
    code = FAULTS[fault].code
    assert broken.code == (code if code not in ("limit", "parameter") else "encoding")
    assert found.problem.startswith(f"{code}: ")
    assert found.need is None
    json.dumps(as_data(found, None))


def test_a_request_that_cannot_be_decoded_has_nothing_to_draw() -> None:
    assert as_data(judged("cc=abc"), None)["blocks"] == []


def test_a_brief_explanation_draws_no_request_of_many_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(SAMPLE.query.encode())
    assert len(explain(request, LIMITS, brief=True).data["blocks"]) == 3
    monkeypatch.setattr("functions.blockchain.explain.MAX_BRIEF_TRANSACTIONS", 2)
    brief = explain(request, LIMITS, brief=True)
    assert (brief.data["blocks"], brief.need) == ([], None)
    assert brief.data["problem"].startswith("too many transactions to draw here")
    assert len(explain(request, LIMITS, brief=False).data["blocks"]) == 3


def test_mining_in_vain_breaks_the_last_rule() -> None:
    found = with_proof(judged(SAMPLE.query), BROKEN, "proof-of-work: in vain")
    assert (found.problem, found.verdicts[-1].state) == ("proof-of-work: in vain", BROKEN)


def crossover(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["crossover", "blockchain", "explain", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == (2 if said.err else 0)
    return said.out + said.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *arguments: crossover(capsys, monkeypatch, *arguments)


def test_the_command_prints_the_chain_the_rules_and_the_answer(run: Any) -> None:
    said = run(SAMPLE.query.removeprefix("cc="))
    for expected in ("Block 2", "Mined: block 3, 729 attempts", "895456882897: 500,000,000", "Rule 9", "valid"):
        assert expected in said
    answer = answer_at_once(SERVICE, SAMPLE.query.encode(), InlineRunner()).decode()
    assert said.replace("\n", "").endswith(answer)


def test_the_command_names_the_first_failure_in_one_line(run: Any) -> None:
    assert "\nINVALID, balance: block 1 tx 1: it spends more than its sender has\nINVALID\n" in run(OVERDRAWN.query)


def test_the_command_reads_standard_input_and_writes_json(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, f"{SAMPLE.query}\n".encode())
    data = json.loads(run("-", "--json"))
    assert SERVICE.same(data["answer"].encode(), (SAMPLE.result or "").encode())
    assert data["mined"]["attempts"] == 729


def test_the_command_takes_a_query_string_quoted_or_not(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for query in (SAMPLE.query, f"cc={quote(SAMPLE.query.removeprefix('cc='), safe='')}"):
        assert json.loads(run(query, "--json"))["problem"] == ""
        type_in(monkeypatch, query.encode())
        assert json.loads(run("-", "--json"))["problem"] == ""


@pytest.mark.parametrize("content", [b"\xff\xfe", b"cc=%ff%fe", b"\0", b"cc=%"])
def test_whatever_bytes_come_on_standard_input_are_explained(
    run: Any, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    type_in(monkeypatch, content)
    assert "INVALID, encoding: " in run("-")


def type_in(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_the_command_says_that_mining_was_in_vain_and_has_the_limits_of_the_environment(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POW_MAX_ATTEMPTS", "700")
    assert "INVALID, proof-of-work: 700 attempts found no hash below new_target" in run(SAMPLE.query)
    monkeypatch.setenv("POW_MAX_ATTEMPTS", "none")
    assert "POW_MAX_ATTEMPTS takes a whole number" in run(SAMPLE.query)


@pytest.mark.parametrize("cc", ["", "&cc=x", "%%%", "é", "x" * 20_000])
def test_whatever_is_given_as_cc_is_explained(run: Any, cc: str) -> None:
    assert "INVALID, " in run("--", cc)


def test_a_line_that_make_has_written_is_explained(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["crossover", "blockchain", "make", "--fault", "time-equal-across-blocks"])
    with pytest.raises(SystemExit):
        main()
    type_in(monkeypatch, capsys.readouterr().out.encode())
    assert "INVALID, time: " in run("-")


@pytest.mark.parametrize("line", ['{"cc": 1}', "{}", "{nonsense", "{" * 9_000])
def test_a_line_of_json_without_a_request_is_refused_in_one_line(run: Any, line: str) -> None:
    said = run(line)
    assert 'a line of JSON needs a text "cc"' in said
    assert said.count("\n") == 1
