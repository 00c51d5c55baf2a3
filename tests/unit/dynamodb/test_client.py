"""Calls: what is sent again, what becomes `Unavailable`, and what is counted."""

from __future__ import annotations

import socket
import time

import pytest

from crossover.runner import Refused, Unavailable
from crossover.stores.policy import Fault
from crossover_dynamodb import connection
from crossover_dynamodb.client import Client, OperationError
from crossover_dynamodb.connection import DynamoDbDriver
from crossover_dynamodb.credentials import LOCAL, AwsKeys, FixedKeys
from crossover_dynamodb.target import parse

THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "x"})
EXPIRED = (400, {"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "expired"})


def test_an_answer_comes_back_and_its_units_are_counted(server, make):
    server.script += [
        (200, {"Item": {}, "ConsumedCapacity": {"CapacityUnits": 0.5}}),
        (200, {"ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 1.0}]}),
        (200, {}),
    ]
    client = make()
    assert client.call("GetItem", {"TableName": "tweets"})["Item"] == {}
    client.call("BatchWriteItem", {})
    client.call("GetItem", {})
    stats = client.stats()
    assert (stats.read_units, stats.write_units, stats.operations, stats.throttles) == (0.5, 3.0, 3, 0)
    assert (stats.connects, stats.open, stats.in_use) == (1, 1, 0), "one connection is kept for all"
    assert server.asked[0][:2] == ("GetItem", {"TableName": "tweets"})


def test_a_throttled_request_is_sent_again_slower_each_time(server, make, clock):
    server.script += [THROTTLED, (500, {}), (200, {"Item": 1})]
    client = make()
    assert client.call("GetItem", {}) == {"Item": 1}
    assert clock.slept == [0.05, 0.1]
    assert client.stats().throttles == 2


@pytest.mark.parametrize("answer", [THROTTLED, (503, b"<html>busy</html>"), (200, b'{"Item'), (200, [])])
def test_attempts_are_bounded(server, make, answer):
    server.default = lambda _: answer
    with pytest.raises(Unavailable, match="throttled or fails") as refused:
        make("&attempts=2").call("GetItem", {})
    assert refused.value.retry_after >= 1
    assert not isinstance(refused.value, Refused)
    assert len(server.asked) == 2


def test_waits_are_bounded(make, clock):
    make().wait(30)
    assert clock.slept == [5.0]


class Rotating:
    """Credentials that can be renewed once."""

    def __init__(self):
        self.keys = AwsKeys("old", "old")

    def __call__(self):
        return self.keys

    def renewed(self, refused):
        before, self.keys = self.keys, AwsKeys("new", "new")
        return self.keys != before


def test_expired_credentials_are_renewed_once_within_the_request(server, make):
    server.script += [EXPIRED, (200, {"Item": 1})]
    assert make(credentials=Rotating()).call("GetItem", {}) == {"Item": 1}
    assert ["Credential=new" in signed for _, _, signed in server.asked] == [False, True]


@pytest.mark.parametrize("credentials", [FixedKeys(LOCAL), Rotating()])
def test_credentials_that_stay_refused_are_unavailable(server, make, credentials):
    server.default = lambda _: EXPIRED
    with pytest.raises(Unavailable, match="does not take the credentials: ExpiredTokenException: expired"):
        make(credentials=credentials).call("GetItem", {})
    assert len(server.asked) <= 2


def test_a_table_that_is_missing_is_named(server, make):
    server.script.append((400, {"__type": "x#ResourceNotFoundException"}))
    with pytest.raises(Unavailable, match=r"there is no table tweets at 127\.0\.0\.1"):
        make().call("GetItem", {})


@pytest.mark.parametrize(
    ("answer", "code"), [({"__type": "x#ValidationException", "Message": "no"}, "ValidationException"), ({}, "404")]
)
def test_what_is_refused_for_its_content_is_not_sent_again(server, make, answer, code):
    server.script.append((404, answer))
    with pytest.raises(OperationError) as refused:
        make().call("GetItem", {})
    assert refused.value.code == code
    assert len(server.asked) == 1


def test_a_connection_that_the_server_closed_is_replaced(server, make):
    def closing(handler):
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    server.script.append(closing)
    client = make()
    assert client.call("GetItem", {}) == client.call("GetItem", {}) == {}
    assert client.stats().reconnects == 1


def test_a_server_that_is_silent_costs_the_read_timeout(server, make):
    server.script.append(lambda handler: time.sleep(0.3))
    with pytest.raises(Unavailable, match="does not answer"):
        make("&read_timeout=0.05&attempts=1").call("GetItem", {})


def test_a_server_that_dribbles_costs_the_read_timeout(server, make):
    def dribbling(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    server.script.append(dribbling)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        make("&read_timeout=0.1").call("GetItem", {})
    assert time.monotonic() - began < 0.9, "and not the second that all of it takes"


def test_a_deadline_that_is_over_reads_nothing(server):
    client = DynamoDbDriver(parse(f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}", {})).connect()
    with pytest.raises(TimeoutError):
        client._arm()
    client.close()


def test_an_answer_without_end_is_cut(server, make, monkeypatch):
    monkeypatch.setattr(connection, "MAX_ANSWER_BYTES", 10)
    server.default = lambda _: (200, {"Item": "x" * 20})
    with pytest.raises(Unavailable, match="too long"):
        make().call("GetItem", {})


def test_nothing_that_listens_is_unavailable(clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for scheme in ("http", "https"):
        target = parse(f"dynamodb://tweets?region=us-east-1&endpoint={scheme}://127.0.0.1:{port}", {})
        with pytest.raises(Unavailable, match="no connection"):
            Client(target, FixedKeys(LOCAL)).call("GetItem", {})


@pytest.mark.parametrize(
    ("problem", "fault"),
    [(TimeoutError(), Fault.HUNG), (ConnectionResetError(), Fault.LOST), (ValueError(), Fault.STRANGE)],
)
def test_errors_say_what_became_of_the_connection(problem, fault):
    assert DynamoDbDriver(parse("dynamodb://tweets?region=us-east-1", {})).fault(problem) is fault
