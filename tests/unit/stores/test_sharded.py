"""A store divided over several databases: where a key is, and what becomes of one that is gone or misplaced."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.runner import Refused, Unavailable
from crossover.stores import load, open_store
from crossover.stores.caching import CachedStore
from crossover.stores.parts import WrongPart
from crossover.stores.port import BudgetedStore, LoadFailed
from crossover.stores.sharded import PLACED_BYTES, SLOTS, ShardedStore, slot_of, slots

KEYS = [number.to_bytes(8, "big") + kind for number in range(100) for kind in (b"a", b"b")]
RECORDS = {key: b"record of " + key for key in KEYS}


def files(folder, *names):
    return "|".join(f"sqlite:///{folder}/{name}.db" for name in names)


class Gone:
    """A shard that does not answer."""

    def __init__(self, problem=None):
        self.problem = problem or Unavailable("no connection to the database")

    def fetch(self, key):
        raise self.problem

    def fetch_many(self, keys):
        raise self.problem

    def version(self):
        raise self.problem

    def close(self):
        raise self.problem


@pytest.fixture
def url(tmp_path):
    return files(tmp_path, "a", "b", "c")


@pytest.fixture
def store(url):
    load(url, RECORDS.items())
    opened = open_store(url)
    yield opened
    opened.close()


@given(st.integers(1, 63), st.binary(max_size=12))
def test_one_database_more_takes_keys_and_moves_none_between_the_others(count, key):
    slot = slot_of(key)
    before, after = slots(count)[slot], slots(count + 1)[slot]
    assert before < count
    assert after in (before, count)


@given(st.binary(min_size=PLACED_BYTES, max_size=PLACED_BYTES), st.binary(max_size=4), st.binary(max_size=4))
def test_keys_that_begin_with_the_same_user_are_in_one_database(user, one, other):
    assert slot_of(user + one) == slot_of(user + other) < SLOTS


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_every_database_has_about_its_share_of_the_slots(count):
    table = slots(count)
    share = SLOTS / count
    assert len(table) == SLOTS
    assert all(abs(table.count(shard) - share) < 4 * share**0.5 for shard in range(count))


def test_where_a_key_is_never_changes():
    assert [slot_of(number.to_bytes(8, "big")) for number in range(4)] == [1614, 1968, 1419, 1830]
    assert [slots(3)[slot] for slot in range(12)] == [1, 1, 2, 2, 1, 2, 2, 2, 0, 1, 2, 0]


def test_each_database_has_its_part_and_no_other(url, store, tmp_path):
    assert {key: store.fetch(key) for key in KEYS} == RECORDS
    for place, shard in enumerate(store.shards):
        mine = [key for key in KEYS if shard.fetch(key) is not None]
        assert mine == [key for key in KEYS if store.place(key) == place]
        assert mine


def test_one_database_that_is_gone_concerns_its_keys_only(store):
    store.shards = (store.shards[0], Gone(), store.shards[2])
    for key in KEYS:
        if store.place(key) == 1:
            with pytest.raises(Unavailable, match="no connection"):
                store.fetch(key)
            with pytest.raises(Unavailable, match="no connection") as refused:
                store.fetch_many([key])
            assert not isinstance(refused.value, Refused)
        else:
            assert store.fetch(key) == RECORDS[key]
    with pytest.raises(Refused, match="database 2 of the store: no connection"):
        store.fetch_many(KEYS)
    assert store.version()


def test_a_store_all_of_whose_databases_are_gone_has_no_version():
    with pytest.raises(Unavailable, match="no connection"):
        ShardedStore([Gone(), Gone()]).version()


def test_a_store_with_a_misplaced_database_has_no_version(store):
    store.shards = (store.shards[0], Gone(WrongPart("holds part 3 of 3")))
    with pytest.raises(WrongPart):
        store.version()


def test_closing_closes_what_can_be_closed():
    ShardedStore([Gone()]).close()


@pytest.mark.parametrize("names", [("b", "a", "c"), ("a", "b"), ("a", "b", "c", "d"), ("a",)])
@pytest.mark.usefixtures("store")
def test_databases_in_another_order_or_number_are_refused_and_never_answer_404(tmp_path, names):
    other = files(tmp_path, *names)
    with pytest.raises(Unavailable, match=r"holds part|no store at"):
        open_store(other)
    with pytest.raises(LoadFailed, match=r"holds part . of 3.*empty it first"):
        load(other, RECORDS.items())


def test_a_whole_store_is_no_part_of_another(tmp_path):
    load(files(tmp_path, "a"), RECORDS.items())
    with pytest.raises(LoadFailed, match="holds the whole store, and the store's URL names it as part 1 of 2"):
        load(files(tmp_path, "a", "b"), RECORDS.items())


def test_a_part_that_comes_in_place_of_another_leaves_the_old_one_serving(url, store, tmp_path, caplog):
    load(files(tmp_path, "x", "y"), RECORDS.items())
    (tmp_path / "x.db").replace(tmp_path / "a.db")
    store.version()
    assert {key: store.fetch(key) for key in KEYS} == RECORDS
    assert "holds part 1 of 2" in caplog.text


def test_databases_of_different_loads_serve_each_its_own_until_a_load_makes_them_one(url, store, tmp_path):
    version = store.version()
    load(files(tmp_path, "x", "y", "z"), [(key, b"new") for key in KEYS])
    (tmp_path / "y.db").replace(tmp_path / "b.db")
    versions = store.version().split("+")
    assert len(versions) == 2
    assert version in versions
    for key in KEYS:
        assert store.fetch(key) == (b"new" if store.place(key) == 1 else RECORDS[key])
    repaired = load(url, RECORDS.items())
    assert store.version() == repaired.version
    assert {key: store.fetch(key) for key in KEYS} == RECORDS


def test_a_cache_is_one_in_front_of_every_database():
    url = "|".join(f"mysql://me@127.0.0.1:1/db{at}" for at in range(3))
    store = open_store(f"{url}?cache=local:1MB")
    assert all(isinstance(shard, CachedStore) and isinstance(shard, BudgetedStore) for shard in store.shards)
    assert len({id(shard._cache) for shard in store.shards}) == 1
    store.close()
    with pytest.raises(ValueError, match="asked over a network"):
        open_store("sqlite:///a|sqlite:///b?cache=local:1MB")


def test_a_file_that_is_gone_concerns_its_own_keys_only_also_where_the_store_is_opened_then(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db|sqlite:///{tmp_path}/b.db"
    keys = [b"%08d" % number for number in range(100)]
    load(url, [(key, b"r" + key) for key in keys])
    (tmp_path / "b.db").rename(tmp_path / "c.db")
    table = slots(2)
    with closing(open_store(url)) as store:
        for key in keys:
            if table[slot_of(key)]:
                with pytest.raises(Unavailable):
                    store.fetch(key)
            else:
                assert store.fetch(key) == b"r" + key
        (tmp_path / "c.db").rename(tmp_path / "b.db")
    with closing(open_store(url)) as store:
        assert [store.fetch(key) for key in keys] == [b"r" + key for key in keys]
    (tmp_path / "a.db").rename(tmp_path / "d.db")
    (tmp_path / "b.db").rename(tmp_path / "a.db")
    with pytest.raises(WrongPart):
        open_store(url)


def test_a_file_that_is_named_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="names each of its databases once"):
        load(f"sqlite:///{tmp_path}/a.db|sqlite:///{tmp_path}/./a.db", [(b"key", b"record")])
