"""A load whose records are with workers, which write them themselves."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pymysql.cursors import Cursor

from crossover.stores import load, open_store
from crossover.stores.port import DistributedRecords, LoadFailed, WritePairs
from crossover_mysql import loading
from crossover_mysql.loading import PartWriter
from crossover_mysql.store import MysqlStore
from crossover_mysql.target import parse
from local.data.mysql.server import PrivateServer
from tests.integration.mysql.conftest import _numbers
from tests.integration.mysql.records import PAIRS, RECORDS

Pair = tuple[bytes, bytes]


class Workers:
    """Three threads with a third of the pairs each. What they are sent is pickled, as it would be elsewhere."""

    def __init__(self, pairs: list[Pair], *, again: int = 0) -> None:
        self._parts = [pairs[at::3] for at in range(3)]
        self._again = again
        self.before: Callable[[], object] = lambda: None

    def __iter__(self) -> Iterator[Pair]:
        raise AssertionError("the workers write them")

    def write_with(self, write: WritePairs) -> list[int]:
        self.before()
        writer: WritePairs = pickle.loads(pickle.dumps(write))  # noqa: S301
        for part in self._parts[: self._again]:  # by workers that were lost before they said so
            writer(iter(part[: len(part) // 2]))
        with ThreadPoolExecutor(3) as pool:
            return [sum(counts) for counts in zip(*pool.map(writer, map(iter, self._parts)), strict=True)]


@pytest.mark.parametrize("again", [0, 2])
def test_workers_write_every_record_once_though_some_are_replaced(
    url: str, opened: Callable[[str], MysqlStore], again: int
) -> None:
    workers = Workers(PAIRS, again=again)
    assert isinstance(workers, DistributedRecords)
    loaded = load(url, workers)
    assert loaded.records == len(PAIRS)
    store = opened(url)
    assert store.version() == loaded.version
    assert dict(zip(RECORDS, store.fetch_many(list(RECORDS)), strict=True)) == RECORDS


def test_the_connection_of_the_load_is_used_while_the_workers_write(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "KEEP_ALIVE_SECONDS", 0.01)
    workers = Workers(PAIRS)
    workers.before = lambda: time.sleep(0.1)
    assert load(url, workers).records == len(PAIRS)


def test_a_generator_is_no_distributed_records() -> None:
    assert not isinstance((pair for pair in PAIRS), DistributedRecords)


def test_a_key_that_two_workers_have_fails_the_load_and_the_old_one_serves(
    url: str, opened: Callable[[str], MysqlStore]
) -> None:
    before = load(url, PAIRS).version
    with pytest.raises(LoadFailed, match=r"the workers wrote .* records under .* keys: a key comes twice"):
        load(url, Workers([*PAIRS, PAIRS[0]]))
    assert opened(url).version() == before


def test_a_worker_of_a_load_that_was_given_up_writes_nothing_into_the_next_ones_tables(url: str) -> None:
    workers = Workers(PAIRS)

    def late() -> None:
        with pytest.raises(LoadFailed, match="the load that this part belongs to was given up"):
            PartWriter(parse(url), "another")(PAIRS)

    workers.before = late
    assert load(url, workers).records == len(PAIRS)
    with pytest.raises(LoadFailed, match="cannot load"):
        PartWriter(parse(url), "none is under way")(PAIRS)


def test_workers_write_into_several_databases_in_one_pass(admin: Cursor, server: PrivateServer) -> None:
    names = [f"test{next(_numbers)}" for _ in range(3)]
    for name in names:
        admin.execute(f"CREATE DATABASE {name}")
    url = "|".join(server.url(name) for name in names)
    assert load(url, Workers(PAIRS, again=1)).records == len(PAIRS)
    with closing(open_store(url)) as store:
        assert dict(zip(RECORDS, store.fetch_many(list(RECORDS)), strict=True)) == RECORDS
    for name in names:
        admin.execute(f"DROP DATABASE {name}")
