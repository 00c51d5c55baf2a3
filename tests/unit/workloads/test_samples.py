"""What the page offers of each service, and what a server is served with that names no data of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from functions.blockchain.handler import SERVICE
from functions.registry import SERVICES
from local.serve import demo
from local.workloads.blockchain.faults import FAULTS
from local.workloads.blockchain.workload import SAMPLE_FAULTS, samples
from local.workloads.workload import workload_of


def test_the_samples_are_what_their_titles_say() -> None:
    valid, *faulty = samples()
    assert answer_at_once(SERVICE, valid.query.encode(), InlineRunner()) != b"INVALID"
    for sample, fault in zip(faulty, SAMPLE_FAULTS, strict=True):
        with pytest.raises(Invalid) as refused:
            answer_at_once(SERVICE, sample.query.encode(), InlineRunner())
        assert refused.value.code == FAULTS[fault].code


def test_every_service_of_the_bundle_has_a_workload_and_another_has_none() -> None:
    assert all(workload_of(name) for name in SERVICES)
    assert workload_of("notes") is None


def test_a_server_without_twitter_is_given_the_samples_of_chains(tmp_path: Path) -> None:
    assert demo.with_demo_store({"PORT": "1"}, ["qrcode", "notes"], tmp_path) == {"PORT": "1"}
    environ = demo.with_demo_store({"PORT": "1"}, ["qrcode", "blockchain"], tmp_path / "data")
    expected = [{"title": title, "query": query} for title, query in samples()]
    assert json.loads(Path(environ["PAGE_SAMPLES"]).read_text()) == {"blockchain": expected}
    assert environ["PORT"] == "1"
    own = {"PAGE_SAMPLES": "own.json"}
    assert demo.with_demo_store(own, ["blockchain"], tmp_path) == own


def test_a_store_that_the_environment_names_is_kept_without_samples(tmp_path: Path) -> None:
    own = {"TWITTER_STORE": "sqlite:////somewhere.db"}
    assert demo.with_demo_store(own, ["twitter"], tmp_path) == own
