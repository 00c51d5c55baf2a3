"""A service's store in the container: how it is read, what is measured of it, and when it is ready."""

from __future__ import annotations

import asyncio
import logging

import pytest

from container.compute_queue import ComputeQueue
from container.settings import ContainerSettings
from container.stores.backends import BatchingRunner, ServiceBackend, ShardedRunner
from crossover.runner import Later, Unavailable
from crossover.stores import load
from crossover.stores.parts import WrongPart
from crossover.stores.sharded import ShardedStore
from functions import registry

NOWHERE = "mysql://user:word@127.0.0.1:1/tweets?connect_timeout=1"
NOWHERE_TWICE = f"mysql://user:word@127.0.0.1:1/more?connect_timeout=1|{NOWHERE}"


def backend(name: str, store: str = "") -> ServiceBackend:
    environ = {"TWITTER_STORE": store}
    (service,) = registry.load([name], environ)
    settings = ContainerSettings()
    return ServiceBackend(service, settings, environ, ComputeQueue(settings.max_computations, 1))


async def test_a_service_without_a_store_is_ready_at_once() -> None:
    plain = backend("qrcode")
    await plain.wait_until_ready()
    assert plain.store is None
    assert plain.figures == []
    await plain.close()


async def test_a_store_that_is_not_named_keeps_nobody_waiting() -> None:
    unnamed = backend("twitter")
    await unnamed.wait_until_ready()
    assert not isinstance(unnamed.runner, BatchingRunner)
    await unnamed.close()


@pytest.mark.parametrize(
    ("store", "measured"),
    [(NOWHERE, ["pool", "merging"]), (f"{NOWHERE}&cache=local:1MB", ["pool", "merging", "cache"])],
)
async def test_a_remote_store_is_read_in_batches_and_measured(store: str, measured: list[str]) -> None:
    remote = backend("twitter", store)
    assert isinstance(remote.runner, BatchingRunner)
    assert [figures.name for figures in remote.figures] == measured
    await remote.close()


async def test_a_store_that_cannot_be_reached_is_waited_for_and_each_reason_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("container.stores.backends.RETRY_SECONDS", 0.01)
    absent = backend("twitter", NOWHERE)
    with caplog.at_level(logging.WARNING, "crossover"), pytest.raises(TimeoutError):
        await asyncio.wait_for(absent.wait_until_ready(), 0.2)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("not ready: the store of the twitter service: no connection to the database")
    assert len(said) == len(set(said))
    await absent.close()


async def test_each_database_of_a_divided_store_is_read_in_batches_of_its_own_and_measured_with_the_others() -> None:
    divided = backend("twitter", f"{NOWHERE_TWICE}&size=3&cache=local:1MB")
    assert isinstance(divided.runner, ShardedRunner)
    assert [figures.name for figures in divided.figures] == ["pool", "merging", "cache"]
    assert divided.store is not None
    store = divided.store.opened()
    assert isinstance(store, ShardedStore)
    keys = [number.to_bytes(8, "big") for number in range(8)]
    for key in keys:
        fetched = divided.runner.fetch(key)
        assert isinstance(fetched, Later)
        with pytest.raises(Unavailable):
            await fetched.value
    pool, merging, cache = (figures.read() for figures in divided.figures)
    assert pool.size == 2 + 3
    assert merging.fetches == len(keys)
    assert cache.misses == 0
    for at, fetcher in enumerate(divided._fetchers):
        assert fetcher.stats().fetches == [store.place(key) for key in keys].count(at) > 0
    await divided.close()


async def test_a_divided_store_of_files_is_read_at_once(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/a.db|sqlite:///{tmp_path}/b.db"
    load(url, [(b"key", b"record")])
    files = backend("twitter", url)
    await files.wait_until_ready()
    assert files.runner.fetch(b"key") == b"record"
    assert files.figures == []
    await files.close()


async def test_a_divided_store_none_of_whose_databases_answers_is_waited_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("container.stores.backends.RETRY_SECONDS", 0.01)
    absent = backend("twitter", NOWHERE_TWICE)
    with caplog.at_level(logging.WARNING, "crossover"), pytest.raises(TimeoutError):
        await asyncio.wait_for(absent.wait_until_ready(), 0.3)
    assert "not ready: the store of the twitter service: " in caplog.text
    await absent.close()


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (["one", "one"], []),
        (["one", Unavailable("it is gone")], ["database 2 of the store of the twitter service: it is gone"]),
        (["one", "two"], ["have 2 different loads: load it again"]),
    ],
)
async def test_a_divided_store_is_ready_once_one_database_answers(
    caplog: pytest.LogCaptureFixture, outcomes: list[str | Unavailable], said: list[str]
) -> None:
    divided = await scripted(outcomes)
    with caplog.at_level(logging.WARNING, "crossover"):
        await divided.wait_until_ready()
    assert len(caplog.records) == len(said)
    assert all(line in caplog.text for line in said)
    await divided.close()


async def test_a_divided_store_with_a_misplaced_database_is_not_ready() -> None:
    divided = await scripted(["one", WrongPart("it holds part 1 of 3")])
    with pytest.raises(WrongPart):
        await divided._check_all()
    await divided.close()


async def scripted(outcomes: list[str | Unavailable]) -> ServiceBackend:
    """A backend of two databases that answer so when they are asked for their load."""
    divided = backend("twitter", NOWHERE_TWICE)
    answers = dict(zip(divided._remotes, outcomes, strict=True))

    def loaded(remote: object) -> str:
        outcome = answers[remote]  # type: ignore[index]
        if isinstance(outcome, Unavailable):
            raise outcome
        return outcome

    divided._loaded = loaded  # type: ignore[method-assign]
    return divided
