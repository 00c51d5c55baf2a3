"""Every cache in front of a real store: the same contract, the same bytes, whatever happens to the cache."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from socket import create_server
from urllib.parse import urlencode

import pytest

from crossover.lambda_entry import lambda_handler
from crossover.stores import load, open_store
from crossover.stores.cache_port import CacheTarget
from crossover_cache.redis import RedisCache, open_cache
from functions.twitter.handler import SERVICE
from local.data.redis.server import PrivateRedis
from tests.contract.store_suite import StoreSuite
from tests.integration.mysql.records import MISSING, PAIRS, RECORDS
from tests.integration.mysql.test_serving import expected, queries
from tests.support.certificates import authority
from tests.support.events import function_url
from tests.support.pausing import pause
from tests.support.server import running_server

KEYS = [key for key, _ in PAIRS]


class TestInMemory(StoreSuite):
    """With a cache in the process."""

    test_a_thousand_keys_are_fetched_at_once = None  # with Redis

    @pytest.fixture(name="url")
    def cached(self, url: str) -> str:
        return f"{url}&cache=local:8MB"


class TestRedis(StoreSuite):
    """With a cache in a real server."""

    @pytest.fixture(name="url")
    def cached(self, url: str, redis: PrivateRedis) -> str:
        return f"{url}&cache={redis.address}&cache_timeout=2"


@pytest.fixture
def inside(own_redis: PrivateRedis) -> Iterator[RedisCache]:
    """The server's entries, as a test looks at them and damages them."""
    opened = open_cache(CacheTarget(own_redis.address, timeout=2), 1)
    yield opened
    opened.close()


def names(cache: RedisCache) -> list[bytes]:
    (found,) = cache._ask([(b"KEYS", b"*")])
    return list(found)


@pytest.mark.parametrize("cache", ["local:8MB", "redis"])
def test_pod_and_function_answer_alike_and_the_pod_shows_its_figures(url: str, redis: PrivateRedis, cache: str) -> None:
    load(url, PAIRS)
    address = f"{url}&cache={redis.address if cache == 'redis' else cache}&cache_timeout=2"
    function = lambda_handler(SERVICE, {"TWITTER_STORE": address})
    with running_server(crossover_services="twitter", twitter_store=address) as pod:
        for query in queries(12) * 2:
            body = expected(query)
            status, _, answered = pod.get(f"/twitter?{urlencode(query)}")
            assert (status, answered) == (200, body)
            invoked = function(function_url("/twitter", query), None)
            assert (invoked["statusCode"], invoked["body"].encode()) == (200, body)
        metrics = pod.get("/metrics")[2].decode()
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line.startswith("crossover_cache_"))
    assert float(figures['crossover_cache_hits_total{service="twitter"}']) >= 12
    assert float(figures['crossover_cache_failures_total{service="twitter"}']) == 0


def test_a_redis_that_is_killed_flushed_full_or_hung_changes_no_answer(
    url: str, own_redis: PrivateRedis, inside: RedisCache
) -> None:
    load(url, PAIRS)
    store = open_store(f"{url}&cache={own_redis.address}&cache_refresh=60&cache_timeout=0.3")
    right = [*RECORDS.values(), None]
    asked = [*RECORDS, MISSING]
    for _ in range(2):
        assert store.fetch_many(asked) == right
    assert store.cache_stats().hits == len(PAIRS)  # type: ignore[attr-defined]
    inside._ask([(b"FLUSHALL",)])
    assert store.fetch_many(asked) == right
    inside._ask([(b"SET", b"filler%d" % number, bytes(10**5)) for number in range(40)])
    inside._ask([(b"DEL", *names(inside)[:5])])
    assert store.fetch_many(asked) == right
    pause(own_redis.pid)
    begun = time.monotonic()
    for _ in range(20):
        assert store.fetch_many(asked[:3]) == right[:3]
    assert time.monotonic() - begun < 20 * 0.3, "one timeout and not one for each"
    os.kill(own_redis.pid, signal.SIGKILL)
    assert store.fetch_many(asked) == right
    assert store.cache_stats().resting == 1  # type: ignore[attr-defined]
    store.close()


def test_a_redis_over_tls_is_asked_where_its_certificate_is_trusted(
    url: str, redis: PrivateRedis, tmp_path: Path
) -> None:
    pem = authority(tmp_path, "redis")
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options = ("--tls-port", f"{port}", "--tls-cert-file", f"{pem}", "--tls-key-file", f"{pem.with_suffix('.key')}")
    load(url, PAIRS[:1])
    with PrivateRedis(options=(*options, "--tls-auth-clients", "no")):
        address = f"{url}&cache=rediss://127.0.0.1:{port}&cache_timeout=2"
        for trusted, hits in ((f"&cache_ca={pem}", 1), ("", 0)):
            store = open_store(address + trusted)
            assert store.fetch(PAIRS[0][0]) == store.fetch(PAIRS[0][0]) == PAIRS[0][1]
            assert store.cache_stats().hits == hits  # type: ignore[attr-defined]
            store.close()


def test_a_redis_that_lies_is_found_out(url: str, own_redis: PrivateRedis, inside: RedisCache) -> None:
    load(url, PAIRS)
    store = open_store(f"{url}&cache={own_redis.address}&cache_refresh=60&cache_timeout=2")
    assert store.fetch_many(KEYS) == list(RECORDS.values())
    kept = names(inside)
    values = inside.get_many(kept)
    others = [values[-1], *values[:-1]]
    lies = [bytes(value or b"")[: 60 + at] for at, value in enumerate(others)]
    inside.set_many([(name, lie, 60.0) for name, lie in zip(kept, lies, strict=True)])
    assert store.fetch_many(KEYS) == list(RECORDS.values())
    assert store.cache_stats().damaged == len(kept)  # type: ignore[attr-defined]
    store.close()


def test_a_load_is_seen_by_every_process_with_the_same_redis(url: str, redis: PrivateRedis) -> None:
    load(url, [(b"key", b"old")])
    address = f"{url}&cache={redis.address}&cache_timeout=2&cache_refresh=0.05"
    one, other = open_store(address), open_store(address)
    assert one.fetch(b"key") == other.fetch(b"key") == b"old"
    load(address, [(b"key", b"new")])
    time.sleep(0.06)
    one.version()
    other.version()
    assert one.fetch(b"key") == other.fetch(b"key") == b"new"
    one.close()
    other.close()
