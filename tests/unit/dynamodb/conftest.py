"""A server by script, and a client of it that never sleeps."""

from __future__ import annotations

import pytest

from crossover_dynamodb.client import Client
from crossover_dynamodb.credentials import LOCAL, FixedKeys
from crossover_dynamodb.target import parse
from tests.support.scripted_dynamodb import Server


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(running):
    """The server with an empty script."""
    running.asked.clear()
    running.script.clear()
    running.default = lambda _: (200, {})
    return running


class Time:
    """A clock that stands still but for what is slept, and a list of that."""

    def __init__(self):
        self.now = 1_000_000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def make(server, clock):
    """Makes clients of the server."""
    made = []

    def client(options="", credentials=None):
        target = parse(f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}{options}", {})
        keys = credentials or FixedKeys(LOCAL)
        made.append(Client(target, keys, clock=clock, sleep=clock.sleep, chance=lambda: 1.0))
        return made[-1]

    yield client
    for each in made:
        each.close()
