"""One server that speaks DynamoDB's interface (moto) for all the tests of a worker, and a fresh table for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from crossover.stores import load
from crossover_dynamodb import loading
from crossover_dynamodb.store import DynamoStore, open_store
from local.data.dynamodb.tables import create_table
from local.emulator.aws_services import serve
from tests.integration.mysql.records import PAIRS

_numbers = count()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of a server."""
    with serve() as services:
        yield services.address


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """No load waits until all readers of the world know it."""
    monkeypatch.setattr(loading, "GRACE_SECONDS", 0.0)


@pytest.fixture
def url(endpoint: str) -> str:
    """The URL of an empty table."""
    url = f"dynamodb://test{next(_numbers)}?region=us-east-1&endpoint={endpoint}&read_timeout=10"
    create_table(url)
    return url


@pytest.fixture
def loaded(url: str) -> str:
    """The URL of a table with PAIRS."""
    load(url, PAIRS)
    return url


@pytest.fixture
def opened() -> Iterator[Callable[[str], DynamoStore]]:
    """Opens stores, and closes them at the end."""
    stores: list[DynamoStore] = []

    def open_one(url: str) -> DynamoStore:
        stores.append(open_store(url))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()
