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


def test_a_server_is_given_samples_and_costs_of_its_services(tmp_path: Path) -> None:
    environ = demo.with_demo_store({"PORT": "1"}, ["qrcode", "blockchain", "notes"], tmp_path / "data")
    offered = json.loads(Path(environ["PAGE_SAMPLES"]).read_text())
    assert offered["blockchain"] == [{"title": title, "query": query} for title, query in samples()]
    assert set(offered) == {"blockchain", "costs"}
    assert set(offered["costs"]) == {"qrcode", "blockchain"}
    assert offered["costs"]["qrcode"].startswith("A million requests cost $")
    assert environ["PORT"] == "1"


def test_what_the_environment_names_is_kept(tmp_path: Path) -> None:
    own = {"PAGE_SAMPLES": "own.json", "TWITTER_STORE": "sqlite:////somewhere.db"}
    assert demo.with_demo_store(own, ["blockchain", "twitter"], tmp_path, tmp_path / "none.html") == own


def test_a_report_that_is_there_is_linked(tmp_path: Path) -> None:
    report = tmp_path / "index.html"
    report.write_text("<p>report")
    own = {"PAGE_SAMPLES": "own.json"}
    assert demo.with_demo_store(own, ["qrcode"], tmp_path, report) == {**own, "PAGE_REPORT": str(report)}
