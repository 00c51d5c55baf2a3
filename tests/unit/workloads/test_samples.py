"""What the page offers of the blockchain service, and what it is served with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from local.serve import demo
from local.workloads.blockchain.faults import FAULTS


def test_the_samples_are_what_their_titles_say() -> None:
    valid, *faulty = demo.chains()
    assert answer_at_once(SERVICE, valid["query"].encode(), InlineRunner()) != b"INVALID"
    for sample, fault in zip(faulty, demo.SHOWN_FAULTS, strict=True):
        with pytest.raises(Invalid) as refused:
            answer_at_once(SERVICE, sample["query"].encode(), InlineRunner())
        assert refused.value.code == FAULTS[fault].code


def test_a_server_without_twitter_is_given_the_samples_of_chains(tmp_path: Path) -> None:
    assert demo.with_demo_store({"PORT": "1"}, ["qrcode"], tmp_path) == {"PORT": "1"}
    environ = demo.with_demo_store({"PORT": "1"}, ["qrcode", "blockchain"], tmp_path / "data")
    assert json.loads(Path(environ["PAGE_SAMPLES"]).read_text()) == {"blockchain": demo.chains()}
    assert environ["PORT"] == "1"
    own = {"PAGE_SAMPLES": "own.json"}
    assert demo.with_demo_store(own, ["blockchain"], tmp_path) == own
