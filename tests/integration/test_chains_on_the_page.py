"""What the page is told of a chain: bounded, exact, and mined by the platform."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from functions.blockchain.handler import SERVICE
from local.serve.selfcheck import self_check
from local.workloads.blockchain.draft import Shape, Span
from local.workloads.blockchain.faults import FAULTS
from local.workloads.blockchain.making import Made, make
from tests.support.server import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(crossover_services="blockchain", pow_max_attempts=2_000, log_sample_rate=0) as running:
        yield running


def told(server: Server, query: str) -> dict[str, object]:
    status, _, body = server.get(f"/page/explain/blockchain?{query}")
    assert status == 200
    found: dict[str, object] = json.loads(body)
    return found


def request_of(fault: str | None, shape: Shape | None = None) -> Made:
    return make(random.Random(5), shape or Shape(), FAULTS[fault] if fault else None)


def test_a_valid_chain_is_mined_with_its_time(server: Server) -> None:
    found = told(server, SERVICE.examples[0].query)
    mined = found["mined"]
    assert isinstance(mined, dict)
    assert (found["problem"], mined["pow"], mined["attempts"]) == ("", "728", 729)
    assert isinstance(found["seconds"], float)
    assert 0 < found["seconds"] < 60


@pytest.mark.parametrize("fault", ["time-backwards", "cc-missing", "too-many-parameters", "garbage", "null-in-block"])
def test_a_faulty_one_is_told_with_its_reason(server: Server, fault: str) -> None:
    assert str(told(server, request_of(fault).query)["problem"]).startswith(f"INVALID, {FAULTS[fault].code}: ")


def test_the_limits_are_those_of_the_service(server: Server) -> None:
    found = told(server, request_of("proof-of-work-too-hard").query)
    assert found["problem"] == "INVALID, proof-of-work: 2000 attempts found no hash below new_target"


def test_numbers_that_javascript_would_round_are_text(server: Server) -> None:
    found = told(server, request_of("balance-fee-alone").query)
    assert f'"fee": "{2**62}"' in json.dumps(found["new"])


def test_a_chain_too_large_for_a_page_is_not_drawn(server: Server) -> None:
    large = request_of(None, Shape(Span(4, 4), Span(30, 30), Span(120, 120)))
    found = told(server, f"cc={quote(large.cc or '')}")
    assert (found["blocks"], found["problem"]) == (
        [],
        "too many transactions to draw here: use crossover blockchain explain",
    )


def test_where_there_is_no_place_to_mine_the_chain_is_drawn_all_the_same() -> None:
    with running_server(crossover_services="blockchain", compute_seconds=0.01, pow_max_attempts=10**7) as server:
        found = told(server, request_of("proof-of-work-too-hard").query)
        assert found["problem"] == "UNAVAILABLE: the platform cannot fetch or compute this now"
        assert found["blocks"]


def test_attempts_and_the_queue_are_among_the_metrics(server: Server) -> None:
    server.get(f"/blockchain?{SERVICE.examples[0].query}")
    lines = server.get("/metrics")[2].decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("crossover_computing_"))
    assert values['crossover_computing_waiting{service="blockchain"}'] == "0.0"
    assert float(values['crossover_computing_units_total{service="blockchain"}']) >= 729
    assert values['crossover_computing_refused_total{service="blockchain"}'] == "0.0"


def test_the_self_check_holds_the_service_to_its_published_answer(server: Server) -> None:
    (check,) = self_check(server.address, [SERVICE])
    assert check.problems == []
