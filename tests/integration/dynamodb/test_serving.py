"""The Twitter service over HTTP and on Lambda, from DynamoDB: the same bytes whatever the platform."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from socket import SHUT_RDWR
from typing import Any
from urllib.parse import urlencode

import pytest

from crossover.lambda_entry import lambda_handler
from crossover.stores import load
from crossover.stores.port import LoadFailed, ignore
from crossover_dynamodb import loading
from crossover_dynamodb.client import Client
from crossover_dynamodb.credentials import LOCAL, FixedKeys
from crossover_dynamodb.generation import LAYOUT, Generation
from crossover_dynamodb.store import DynamoStore
from crossover_dynamodb.target import parse
from functions.twitter.handler import SERVICE
from tests.integration.mysql.records import PAIRS
from tests.integration.mysql.test_serving import expected, queries
from tests.support.events import function_url
from tests.support.scripted_dynamodb import Server, Table
from tests.support.server import running_server


def test_pod_and_function_answer_alike_and_the_pod_shows_its_figures(loaded: str) -> None:
    function = lambda_handler(SERVICE, {"TWITTER_STORE": loaded})
    with running_server(crossover_services="twitter", twitter_store=loaded) as pod:
        for query in queries(30):
            body = expected(query)
            status, _, answered = pod.get(f"/twitter?{urlencode(query)}")
            assert (status, answered) == (200, body)
            invoked = function(function_url("/twitter", query), None)
            assert (invoked["statusCode"], invoked["body"].encode()) == (200, body)
        metrics = pod.get("/metrics")[2].decode()
    for name in ("pool_read_units_total", "pool_throttles_total", "pool_in_use", "merging_keys_total"):
        assert f'crossover_{name}{{service="twitter"}}' in metrics


def test_what_fails_at_dynamodb_is_503_and_the_twitter_services_alone() -> None:
    server, table = Server(), Table()
    table.serve(Generation(1, "one", b"12345678", LAYOUT), PAIRS)

    def answering(operation: str) -> tuple[int, Any]:
        return 200, table.call(operation, server.asked[-1][1])

    server.default = answering
    url = f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}&attempts=1&read_timeout=0.3"
    query = queries(1)[0]
    path = f"/twitter?{urlencode(query)}"
    with running_server(crossover_services="twitter,qrcode", twitter_store=url) as pod:
        for error in ("ProvisionedThroughputExceededException", "ExpiredTokenException", "ValidationException"):
            server.default = lambda _, error=error: (400, {"__type": f"x#{error}"})  # type: ignore[misc]
            status, headers, _ = pod.get(path)
            assert (status, int(headers["retry-after"]) >= 1) == (503, True), error
        for fault in (lambda handler: time.sleep(0.5), lambda handler: handler.connection.shutdown(SHUT_RDWR)):
            server.default = lambda _, fault=fault: fault  # type: ignore[misc]
            assert pod.get(path)[0] == 503
            assert pod.get("/qrcode?type=encode&data=CC%20Team")[0] == pod.get("/readyz")[0] == 200
        server.default = answering
        until = time.monotonic() + 10
        while (answer := pod.get(path))[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert answer[2] == expected(query)
    server.shutdown()
    server.server_close()


def test_a_killed_load_leaves_the_old_one_serving_and_the_next_cleans_up(
    loaded: str, opened: Callable[[str], DynamoStore]
) -> None:
    program = (
        "import sys, os, signal\nfrom crossover.stores import load\n"
        "def killed(what, done, total):\n    done and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"load({loaded!r}, [(b'%d' % at, b'new') for at in range(400)], killed)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    store = opened(loaded)
    assert store.fetch_many([key for key, _ in PAIRS]) == [record for _, record in PAIRS]
    target = parse(loaded, {})
    with pytest.raises(LoadFailed, match="was killed less than 60 s ago"):
        load(loaded, PAIRS)
    later = Client(target, FixedKeys(LOCAL), clock=lambda: time.time() + loading.LEASE_SECONDS + 1)
    report = loading.load(target, PAIRS, ignore, later)
    assert report.figures["old items deleted"] >= len(PAIRS) + 25
    store.version()
    assert store.fetch(PAIRS[0][0]) == PAIRS[0][1]
