"""The Twitter service over HTTP and on Lambda, from MySQL: the same bytes whatever the schema and the platform."""

from __future__ import annotations

import random
import time
from urllib.parse import urlencode

import pytest

from crossover.lambda_entry import lambda_handler
from crossover.responses import Envelope
from crossover.runner import InlineRunner, at_once, drive
from crossover.seam import Request
from crossover.settings import Identity
from crossover.stores import load
from functions.twitter.handler import SERVICE
from functions.twitter.record import KINDS, unpack
from local.mysql.server import PrivateServer
from tests.integration.mysql.records import PAIRS, RECORDS
from tests.support.events import function_url
from tests.support.server import Server, running_server

KIND_OF = {code[0]: kind for kind, code in KINDS.items()}
Query = tuple[tuple[str, str], ...]


class Kept(InlineRunner):
    """Fetches from memory."""

    async def fetch(self, key: bytes) -> bytes | None:
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


@pytest.mark.parametrize("schema", ["packed", "wide", "three-tables"])
def test_pod_and_function_answer_alike_from_every_schema(server: PrivateServer, container: Server, schema: str) -> None:
    load(f"{server.url()}?schema={schema}", PAIRS)
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
        own_server.kill()
        status, headers, _ = pod.get(f"/twitter?{query}")
        assert (status, int(headers["retry-after"]) >= 1) == (503, True)
        assert pod.get("/qrcode?type=encode&data=CC%20Team")[0] == 200
        assert pod.get("/readyz")[0] == pod.get("/healthz")[0] == 200
        own_server.start()
        until = time.monotonic() + 10
        while pod.get(f"/twitter?{query}")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
