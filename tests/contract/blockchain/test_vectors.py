"""Real requests: the verdict is certain, and some of the answers are known."""

import json
import re
from pathlib import Path

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from tests.reference import blockchain as reference

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "blockchain.json").read_text())
CODES = {"blockhash": "block-hash", "fee": "amount"}
"""Where a vector's explanation begins with another word than the reason's code."""
MISSHAPEN = {"test_empty_new_transactions"}
"""Where it names the rule on rewards, for a block without one: its keys are wrong."""


def of(verdict: str) -> list[object]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if vector["verdict"] == verdict]


def answered(query: str) -> bytes:
    return answer_at_once(SERVICE, query.encode(), InlineRunner())


@pytest.mark.parametrize("vector", of("valid"))
def test_a_valid_request_is_answered_as_by_the_reference_and_as_it_is_known(vector) -> None:
    chain = reference.unpacked(answered(f"cc={vector['cc']}"))
    assert chain == reference.answer(vector["cc"].encode())
    assert chain[:-1] == vector["request"]["chain"]
    if "response_cc" in vector:
        assert chain == reference.unpacked(vector["response_cc"])
        assert SERVICE.same(answered(f"cc={vector['cc']}"), vector["response_cc"].encode())


@pytest.mark.parametrize("vector", of("INVALID"))
def test_an_invalid_request_is_refused_for_its_reason(vector) -> None:
    word = vector["why"].partition(":")[0]
    code = "shape" if vector["name"] in MISSHAPEN else CODES.get(word, word)
    with pytest.raises(Invalid) as caught:
        answered(f"cc={vector['cc']}")
    assert caught.value.code == code
    assert code in SERVICE.reasons
    place = re.match(r"block \d+( tx \d+)?|new_tx \d+", vector["why"].partition(": ")[2])
    assert place
    assert place[0] in str(caught.value) or code == "shape"
    with pytest.raises(reference.Broken, match=f"^{code}$"):
        reference.answer(vector["cc"].encode())


def test_the_documentation_s_sample_has_its_known_new_block() -> None:
    block = reference.unpacked(answered(f"cc={VECTORS[0]['cc']}"))[-1]
    assert (block["pow"], block["hash"]) == ("728", "001795bc")


@pytest.mark.parametrize("example", SERVICE.examples, ids=lambda example: example.title)
def test_a_documented_example_gives_its_documented_result(example) -> None:
    if example.result == "INVALID":
        with pytest.raises(Invalid):
            answered(example.query)
    else:
        assert SERVICE.same(answered(example.query), example.result.encode())
