"""The Twitter service over HTTP and on Lambda, from MySQL: the same bytes whatever the platform."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from urllib.parse import urlencode

import pytest

from crossover.lambda_entry import lambda_handler
from crossover.protocol import Envelope
from crossover.runner import InlineRunner, at_once, drive
from crossover.seam import Request
from crossover.settings import Identity
from crossover.stores import load
from functions.twitter.handler import SERVICE
from functions.twitter.record import KINDS, unpack
from local.data.mysql.server import PrivateServer
from tests.integration.mysql.hurting import kill
from tests.integration.mysql.records import PAIRS, RECORDS
from tests.support.events import function_url
from tests.support.server import Server, running_server

KIND_OF = {code[0]: kind for kind, code in KINDS.items()}
Query = tuple[tuple[str, str], ...]


class Kept(InlineRunner):
    """Fetches from memory."""

    def fetch(self, key: bytes) -> bytes | None:
        return RECORDS.get(key)


def queries(number: int) -> list[Query]:
    chance = random.Random(7)
    found = []
    for key, record in chance.sample(PAIRS, number):
        tweet = chance.choice(chance.choice(unpack(record)).tweets)
        found.append(
            (
                ("user_id", str(int.from_bytes(key[:8], "big"))),
                ("type", KIND_OF[key[8]]),
                ("phrase", tweet.text[: chance.randint(1, 5)]),
                ("hashtag", next(filter(None, tweet.hashtags), "none")),
            )
        )
    return found


def expected(query: Query) -> bytes:
    """The whole body, answered from memory."""
    result = at_once(drive(SERVICE.start(Request(urlencode(query).encode())), Kept()))
    return Envelope(Identity()).result(result).body


@pytest.fixture(scope="module")
def container(server: PrivateServer) -> Server:
    """A pod that reads a database which every test here loads anew."""
    load(server.url(), PAIRS[:1])
    with running_server(crossover_services="twitter", twitter_store=server.url()) as running:
        yield running


def test_pod_and_function_answer_alike(server: PrivateServer, container: Server) -> None:
    load(server.url(), PAIRS)
    function = lambda_handler(SERVICE, {"TWITTER_STORE": server.url()})
    for query in queries(40):
        body = expected(query)
        status, _, answered = container.get(f"/twitter?{urlencode(query)}")
        assert (status, answered) == (200, body)
        invoked = function(function_url("/twitter", query), None)
        assert (invoked["statusCode"], invoked["body"].encode()) == (200, body)


def test_a_database_that_is_gone_is_the_twitter_services_trouble_alone(own_server: PrivateServer) -> None:
    load(own_server.url(), PAIRS)
    query = urlencode(queries(1)[0])
    with running_server(crossover_services="twitter,qrcode", twitter_store=own_server.url()) as pod:
        assert pod.get(f"/twitter?{query}")[0] == 200
        kill(own_server)
        status, headers, _ = pod.get(f"/twitter?{query}")
        assert (status, int(headers["retry-after"]) >= 1) == (503, True)
        assert pod.get("/qrcode?type=encode&data=CC%20Team")[0] == 200
        assert pod.get("/readyz")[0] == pod.get("/healthz")[0] == 200
        own_server.start()
        until = time.monotonic() + 10
        while pod.get(f"/twitter?{query}")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.essential
def test_a_pod_is_ready_once_it_has_reached_its_database(own_server: PrivateServer) -> None:
    load(own_server.url(), PAIRS[:1])
    kill(own_server)
    with running_server(wait=False, crossover_services="twitter,qrcode", twitter_store=own_server.url()) as pod:
        until = time.monotonic() + 20
        while not pod.listens():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert pod.get("/readyz")[0] == 503
        assert pod.get("/healthz")[0] == pod.get("/qrcode?type=encode&data=a")[0] == 200
        own_server.start()
        while pod.get("/readyz")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_pool_and_merging_show_their_figures(server: PrivateServer, container: Server) -> None:
    query = urlencode(queries(1)[0])
    assert container.get(f"/twitter?{query}")[0] == 200
    metrics = container.get("/metrics")[2].decode()
    for name in (
        "pool_in_use",
        "pool_waiting",
        "pool_borrow_seconds_total",
        "pool_reconnects_total",
        "merging_keys_total",
    ):
        assert f'crossover_{name}{{service="twitter"}}' in metrics


def test_a_pod_says_at_its_start_where_the_fleet_is_too_large_for_the_database(server: PrivateServer) -> None:
    load(server.url(), PAIRS[:1])
    with running_server(crossover_services="twitter", twitter_store=server.url(), pods=9_999) as pod:
        assert "9999 pods of 1 workers may open" in pod.log()


def test_an_address_that_is_none_of_a_store_is_one_line_and_status_2() -> None:
    environ = {**os.environ, "TWITTER_STORE": "mysql://secret@", "PORT": "0"}
    tried = subprocess.run([sys.executable, "-m", "container"], env=environ, capture_output=True, text=True, timeout=30)
    assert tried.returncode == 2
    assert tried.stderr.startswith("crossover: TWITTER_STORE: ")
    assert tried.stderr.count("\n") == 1
    assert "secret" not in tried.stderr
