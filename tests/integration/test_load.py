"""The server under the load of a thousand connections."""

from __future__ import annotations

import asyncio

import pytest

from crossover.runner import InlineRunner
from functions.qrcode.handler import SERVICE
from local.load.mix import mixed
from local.load.run import Outcome, send
from tests.support.server import Server, running_server


def loaded(server: Server, requests: int, connections: int) -> Outcome:
    asked = mixed(SERVICE, min(requests, 10_000), seed=7, runner=InlineRunner())
    assert len({each.result for each in asked}) > 1
    return asyncio.run(send(server.address, asked, requests, connections, progress=lambda _: None))


def test_good_and_bad_requests_over_many_connections_all_get_right_answers() -> None:
    with running_server() as server:
        outcome = loaded(server, 2_000, 100)
        assert (outcome.right, outcome.wrong, dict(outcome.errors)) == (2_000, 0, {})
        assert server.log() == ""


@pytest.mark.heavy
def test_a_hundred_thousand_requests_over_a_thousand_connections_leave_no_trace() -> None:
    with running_server() as server:
        loaded(server, 20_000, 1_000)
        before = server.rss_kb()
        outcome = loaded(server, 100_000, 1_000)
        assert (outcome.right, outcome.wrong, dict(outcome.errors)) == (100_000, 0, {})
        assert server.log() == ""
        assert server.rss_kb() - before < 3_000
