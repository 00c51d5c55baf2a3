"""A service's store in the container: how it is read, what is measured of it, and when it is ready."""

from __future__ import annotations

import asyncio
import logging

import pytest

from container.compute_queue import ComputeQueue
from container.settings import ContainerSettings
from container.stores.backends import BatchingRunner, ServiceBackend
from functions import registry

NOWHERE = "mysql://user:word@127.0.0.1:1/tweets?connect_timeout=1"


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
