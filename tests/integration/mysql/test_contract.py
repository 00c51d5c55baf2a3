"""The MySQL store keeps what every store must, in each of its schemas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import pytest

from crossover import stores
from crossover.stores.port import Loaded
from crossover_mysql import store as mysql
from functions.twitter.contacts import Contact, Tweet
from functions.twitter.record import KINDS, key, pack, unpack
from tests.contract.store_suite import StoreSuite


class TestPacked(StoreSuite):
    """As it is."""


class Dressed:
    """The MySQL store for records that the relational schemas can take apart: any bytes, as the text of a tweet."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def load(self, url: str, records: Iterable[tuple[bytes, bytes]]) -> Loaded:
        return mysql.load(f"{url}?schema={self.schema}", ((dressed_key(each), dressed(some)) for each, some in records))

    def open_store(self, url: str) -> DressedStore:
        return DressedStore(mysql.open_store(url))


class DressedStore:
    def __init__(self, store: mysql.MysqlStore) -> None:
        self.store = store
        self.version = store.version
        self.close = store.close

    def fetch(self, key: bytes) -> bytes | None:
        return undressed(self.store.fetch(dressed_key(key)))

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return list(map(undressed, self.store.fetch_many(list(map(dressed_key, keys)))))


def dressed_key(plain: bytes) -> bytes:
    number = int.from_bytes(sha256(plain).digest(), "big")
    return key(number % 2**63, list(KINDS)[number % 3])


def dressed(record: bytes) -> bytes:
    return pack([Contact(len(record), "name", "description", 1, 2, 3, (Tweet(record.decode("latin-1"), ("tag",)),))])


def undressed(record: bytes | None) -> bytes | None:
    if record is None:
        return None
    (contact,) = unpack(record)
    plain = contact.tweets[0].text.encode("latin-1")
    assert record == dressed(plain)
    return plain


class TestRelational(StoreSuite):
    """Both schemas that take records apart."""

    @pytest.fixture(autouse=True, params=["wide", "three-tables"])
    def _schema(self, request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stores, "_adapter", lambda url: Dressed(request.param))
