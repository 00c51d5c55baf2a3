"""One Redis and one server that speaks DynamoDB's interface for all the tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.data.redis import server
from local.data.redis.server import PrivateRedis
from tests.integration.dynamodb.conftest import endpoint, no_grace, url  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def redis() -> Iterator[PrivateRedis]:
    """A server that every test leaves running."""
    if server.find() is None:
        pytest.skip(f"NOT RUN: no Redis or Valkey server on this machine; {server.BY_HAND}")
    with PrivateRedis() as running:
        yield running


@pytest.fixture
def own_redis(redis: PrivateRedis) -> Iterator[PrivateRedis]:
    """A server that a test may hurt."""
    with PrivateRedis(memory_mb=3, options=("--maxmemory-policy", "noeviction")) as running:
        yield running
