"""A cached store: what is kept, for how long, and what becomes of a cache that fails or lies."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crossover.runner import Unavailable
from crossover.stores import open_store
from crossover.stores.cache_port import CacheGone, CacheTarget, split_cache
from crossover.stores.caching import CachedStore
from crossover.stores.local_cache import ENTRY_BYTES, LocalCache
from crossover.stores.port import BudgetedStore, RemoteStore


class Remote:
    """A remote store in memory that counts its reads."""

    threads = 4
    gauges = frozenset({"size"})

    def __init__(self, records):
        self.records = records
        self.loaded = "one"
        self.reads = []
        self.looks = 0
        self.problem = None
        self.gate = None
        self.reading = threading.Event()

    def fetch(self, key):
        return self.fetch_many([key])[0]

    def fetch_many(self, keys):
        self.reads.append(list(keys))
        self.reading.set()
        if self.gate:
            assert self.gate.wait(5)
        if self.problem:
            raise self.problem
        return [self.records.get(key) for key in keys]

    def version(self):
        self.looks += 1
        return self.loaded

    def stats(self):
        return ("figures",)

    def close(self):
        self.closed = True


class Failing(LocalCache):
    """A cache that can be made to fail."""

    waits = True

    def __init__(self):
        super().__init__(10**6)
        self.calls = 0
        self.broken = False

    def get_many(self, keys):
        self.calls += 1
        if self.broken:
            raise CacheGone("gone")
        return super().get_many(keys)

    def set_many(self, entries):
        self.calls += 1
        if self.broken:
            raise CacheGone("gone")
        super().set_many(entries)


class Time:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def remote():
    return Remote({b"a": b"1", b"b": b"", b"c": b"3"})


@pytest.fixture
def cached(remote, clock):
    def make(cache=None, **options):
        target = CacheTarget("local:1MB", 10**6, **options)
        return CachedStore(remote, cache or LocalCache(10**6, clock), target, clock=clock, chance=lambda: 1.0)

    return make


def test_what_was_read_is_not_read_again(remote, cached):
    store = cached()
    for _ in range(3):
        assert store.fetch_many([b"a", b"none", b"b", b"a"]) == [b"1", None, b"", b"1"]
    assert remote.reads == [[b"a", b"none", b"b"]]
    stats = store.cache_stats()
    assert (stats.hits, stats.absent_hits, stats.misses, stats.resting) == (4, 2, 3, 0)
    assert store.fetch_many([]) == []


def test_only_what_is_missing_is_read(remote, cached):
    store = cached()
    store.fetch(b"a")
    assert store.fetch_many([b"c", b"a"]) == [b"3", b"1"]
    assert remote.reads == [[b"a"], [b"c"]]


def test_a_new_load_is_seen_once_the_version_is_looked_up(remote, cached, clock):
    store = cached()
    assert store.fetch(b"a") == b"1"
    remote.records, remote.loaded = {b"a": b"2"}, "two"
    assert store.fetch(b"a") == b"1"
    clock.now += 1.0
    assert store.fetch(b"a") == b"2"
    assert remote.looks == 2
    remote.records, remote.loaded = {b"a": b"3"}, "three"
    assert store.version() == "three"
    assert store.fetch(b"a") == b"3", "at once where somebody looked"


def test_entries_age_and_those_of_absence_sooner(remote, cached, clock):
    store = cached(seconds=100, refresh=10_000)
    store.fetch_many([b"a", b"none"])
    clock.now += 0.2 * 80 - 1
    store.fetch_many([b"a", b"none"])
    assert len(remote.reads) == 1
    clock.now += 2
    store.fetch_many([b"a", b"none"])
    assert remote.reads[1:] == [[b"none"]]
    clock.now += 80
    store.fetch(b"a")
    assert remote.reads[2:] == [[b"a"]]


def test_what_is_in_memory_is_held_without_a_read(remote, cached, clock):
    store = cached()
    assert store.held(b"a") is None
    store.fetch_many([b"a", b"none"])
    assert (store.held(b"a"), store.held(b"none"), store.held(b"c")) == ((b"1",), (None,), None)
    clock.now += 1
    assert store.held(b"a") is None, "the version has to be looked up"
    waiting = cached(Failing())
    waiting.fetch(b"a")
    assert waiting.held(b"a") is None, "a server is not asked on an event loop"


def test_requests_for_the_same_key_share_one_read(remote, cached):
    store = cached()
    store.version()
    remote.gate = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(store.fetch_many, [b"a", b"none"])
        assert remote.reading.wait(5)
        others = [pool.submit(store.fetch, key) for key in (b"a", b"a", b"none", b"a")]
        while store.cache_stats().shared < 4:
            pass
        remote.gate.set()
        assert first.result() == [b"1", None]
        assert [other.result() for other in others] == [b"1", b"1", None, b"1"]
    assert remote.reads == [[b"a", b"none"]]


def test_a_shared_read_that_fails_is_tried_by_each_for_itself(remote, cached):
    store = cached()
    store.version()
    remote.gate, remote.problem = threading.Event(), Unavailable("busy")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(store.fetch, b"a")
        assert remote.reading.wait(5)
        second = pool.submit(store.fetch, b"a")
        while not store.cache_stats().shared:
            pass
        remote.gate.set()
        for one in (first, second):
            with pytest.raises(Unavailable):
                one.result()
    remote.problem = None
    assert store.fetch(b"a") == b"1", "and no failure is kept"


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_damaged_entry_is_read_again(remote, cached, damage):
    cache = Failing()
    store = cached(cache)
    store.fetch(b"a")
    (name,) = cache._entries
    sealed, until = cache._entries[name]
    cache._entries[name] = (sealed[:-1] + bytes([sealed[-1] ^ 1]) if damage is None else damage, until)
    assert store.fetch(b"a") == b"1"
    assert store.cache_stats().damaged == 1
    assert store.fetch(b"a") == b"1"
    assert len(remote.reads) == 2, "and put right"


def test_an_entry_under_another_key_or_of_another_load_is_damage(remote, cached):
    cache = Failing()
    store = cached(cache)
    store.fetch_many([b"a", b"c"])
    one, other = cache._entries
    cache._entries[one], cache._entries[other] = cache._entries[other], cache._entries[one]
    assert store.fetch_many([b"a", b"c"]) == [b"1", b"3"]
    assert store.cache_stats().damaged == 2


def test_a_cache_that_is_gone_is_asked_once_and_then_passed_by(remote, cached, clock):
    cache = Failing()
    store = cached(cache, refresh=10_000)
    cache.broken = True
    assert [store.fetch(b"a") for _ in range(5)] == [b"1"] * 5
    assert cache.calls == 1
    stats = store.cache_stats()
    assert (stats.failures, stats.passed_by, stats.resting) == (1, 4, 1)
    clock.now += 5
    assert [store.fetch(b"a") for _ in range(2)] == [b"1"] * 2
    assert cache.calls == 2, "one request tries it"
    clock.now += 9
    store.fetch(b"a")
    assert cache.calls == 2, "and the rest is twice as long"
    clock.now += 1
    cache.broken = False
    assert [store.fetch(b"a") for _ in range(3)] == [b"1"] * 3
    assert store.cache_stats().resting == 0
    assert store.cache_stats().hits == 2


def test_a_rest_is_bounded(cached, clock):
    cache = Failing()
    store = cached(cache, refresh=10_000)
    cache.broken = True
    for _ in range(10):
        store.fetch(b"a")
        clock.now += 60
    assert cache.calls == 10


def test_a_clock_that_is_set_back_ends_a_rest(cached, clock):
    cache = Failing()
    store = cached(cache, refresh=10_000)
    cache.broken = True
    store.fetch(b"a")
    clock.now -= 3_600
    store.fetch(b"a")
    assert cache.calls == 2


def test_a_cache_that_keeps_nothing_fails_no_answer(remote, cached):
    cache = Failing()
    store = cached(cache)
    store.version()
    cache.set_many = lambda entries: (_ for _ in ()).throw(CacheGone("full"))
    assert store.fetch(b"a") == b"1"
    assert store.cache_stats().failures == 1


def test_it_is_a_remote_store_and_has_a_budget_where_its_store_has(remote, cached):
    store = cached()
    assert isinstance(store, RemoteStore)
    assert not isinstance(store, BudgetedStore)
    assert (store.threads, store.stats(), store.gauges) == (4, ("figures",), remote.gauges)
    remote.budget = lambda *_: "budget"
    assert isinstance(cached(), BudgetedStore)
    assert cached().budget(1, 1) == "budget"
    store.close()
    assert remote.closed


def test_memory_is_bounded_and_what_was_asked_for_last_stays(clock):
    cache = LocalCache(3 * (ENTRY_BYTES + 11), clock)
    cache.set_many([(b"%d" % number, bytes(10), 10.0) for number in range(3)])
    assert cache.get_many([b"0"]) == [bytes(10)]
    cache.set_many([(b"3", bytes(10), 10.0)])
    assert cache.get_many([b"0", b"1", b"2", b"3"]) == [bytes(10), None, bytes(10), bytes(10)]
    cache.set_many([(b"3", bytes(5), 10.0), (b"huge", bytes(5000), 10.0)])
    assert cache.get_many([b"0", b"2", b"3", b"huge"]) == [None] * 4
    cache.set_many([(b"3", b"new", 10.0)])
    clock.now += 11
    assert cache.get_many([b"3"]) == [None]
    cache.close()
    assert cache._room == 3 * (ENTRY_BYTES + 11)


@pytest.mark.parametrize(
    ("url", "store", "size"),
    [
        ("mysql://a@h/b?cache=local:64MB", "mysql://a@h/b", 64_000_000),
        ("mysql://a@h/b?size=2&cache=local:5kB&tls=1", "mysql://a@h/b?size=2&tls=1", 5_000),
        ("dynamodb://t?cache=redis://h:1/2&endpoint=http://x:1", "dynamodb://t?endpoint=http://x:1", 0),
        ("mysql://a@h/b?cache=rediss://me:pw@h", "mysql://a@h/b", 0),
    ],
)
def test_a_url_is_divided(url, store, size):
    rest, target = split_cache(url)
    assert (rest, target.size_bytes) == (store, size)
    assert "pw" not in repr(target)


def test_a_url_without_a_cache_stays_as_it_is():
    for url in ("sqlite:///cache.db", "mysql://a@h/b?size=2", "mysql://a@h/b?x=cache", "dynamodb://t"):
        assert split_cache(url) == (url, None)


def test_options_of_a_cache_are_read():
    _, target = split_cache(
        "dynamodb://t?cache=redis://h&cache_seconds=9&cache_refresh=2&cache_timeout=0.5&cache_ca=/x"
    )
    assert (target.seconds, target.refresh, target.timeout, target.ca) == (9, 2, 0.5, "/x")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("cache=memcached://h", "cache is local:64MB"),
        ("cache=", "cache is local:64MB"),
        ("cache=redis://", "cache is local:64MB"),
        ("cache=redis://h:0", "cache is local:64MB"),
        ("cache=redis://h:secret", "cache is local:64MB"),
        ("cache=redis://me:secret@h/x", "number of a database"),
        ("cache=local:64", "takes a size"),
        ("cache=local:0MB", "takes a size"),
        ("cache=local:12345MB", "takes a size"),
        ("cache=local:MB", "takes a size"),
        ("cache_seconds=3", "without a cache"),
        ("cache=local:1MB&cache=local:2MB", "each once"),
        ("cache=local:1MB&cache_other=2", "each once"),
        ("cache=local:1MB&cache_seconds=0", "cache_seconds is a number"),
        ("cache=local:1MB&cache_timeout=x", "cache_timeout is a number"),
    ],
)
def test_a_cache_that_cannot_be_meant_is_refused(query, says):
    with pytest.raises(ValueError, match=says) as refused:
        open_store(f"mysql://a@h/b?{query}")
    assert "secret" not in str(refused.value)


def test_a_path_may_have_the_word_in_it(tmp_path):
    with pytest.raises(Unavailable, match="no store at"):
        open_store(f"sqlite:///{tmp_path}/cache.db")


def test_a_file_needs_no_cache():
    with pytest.raises(ValueError, match="a cache is for a store that is asked over a network"):
        open_store("sqlite:///x.db?cache=local:1MB")


def test_a_remote_store_is_opened_with_its_cache():
    for cache in ("local:1MB", "redis://127.0.0.1:1"):
        store = open_store(f"dynamodb://tweets?region=us-east-1&cache={cache}")
        assert isinstance(store, CachedStore)
        store.close()
