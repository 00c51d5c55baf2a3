"""What every store must do. An adapter's tests subclass `StoreSuite` and give a `url` fixture of a place to load to."""

import random

import pytest

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores.dumping import dump

ALL_BYTES = bytes(range(256))


class StoreSuite:
    """Tests over a URL that nothing is loaded to yet."""

    @pytest.fixture
    def reader(self, url):
        """Opens readers of the URL, and closes them in the end."""
        opened = []

        def read():
            opened.append(open_store(url))
            return opened[-1]

        yield read
        for store in opened:
            store.close()

    @pytest.fixture
    def loaded_store(self, url, reader):
        """Loads a mapping of records, and opens it."""

        def load_and_read(records):
            load(url, records.items())
            return reader()

        return load_and_read

    def test_a_record_that_is_there_is_fetched_and_others_are_none(self, loaded_store):
        store = loaded_store({b"one": b"1", b"two": b"22"})
        assert store.fetch(b"one") == b"1"
        assert store.fetch(b"two") == b"22"
        assert store.fetch(b"three") is None
        assert store.fetch(b"on") is None
        assert store.fetch(b"one\0") is None
        assert store.fetch(b"ONE") is None
        assert store.fetch(b"") is None

    def test_a_load_may_have_no_records(self, loaded_store):
        store = loaded_store({})
        assert store.fetch(b"one") is None
        assert store.fetch_many([b"one"]) == [None]

    @pytest.mark.parametrize("size", [0, 1, 255, 4095, 4096, 4097, 65_535, 65_536, 2**20])
    def test_a_record_of_any_size_comes_back_whole(self, loaded_store, size):
        record = random.Random(size).randbytes(size)
        assert loaded_store({b"key": record, b"next": b"n"}).fetch(b"key") == record

    def test_keys_and_records_may_have_any_bytes(self, loaded_store):
        records = {bytes([byte]): bytes([byte]) * 3 for byte in ALL_BYTES} | {ALL_BYTES[:64]: ALL_BYTES}
        store = loaded_store(records)
        assert {key: store.fetch(key) for key in records} == records

    def test_a_fetched_record_is_bytes(self, loaded_store):
        assert type(loaded_store({b"key": b"record"}).fetch(b"key")) is bytes

    def test_many_are_fetched_in_the_order_of_the_keys(self, loaded_store):
        store = loaded_store({b"a": b"1", b"b": b"2", b"c": b""})
        assert store.fetch_many([b"c", b"a", b"none", b"b", b"a"]) == [b"", b"1", None, b"2", b"1"]
        assert store.fetch_many((b"b",)) == [b"2"]
        assert store.fetch_many([]) == []

    def test_a_thousand_keys_are_fetched_at_once(self, loaded_store):
        records = {number.to_bytes(9, "big"): b"%d" % number for number in range(2000)}
        keys = random.Random(1).sample(list(records), 1000)
        assert loaded_store(records).fetch_many(keys) == [records[key] for key in keys]

    def test_the_version_changes_with_every_load_and_is_the_same_for_every_reader(self, url, reader):
        first = load(url, [(b"key", b"record")])
        one, other = reader(), reader()
        assert one.version() == other.version() == first.version
        second = load(url, [(b"key", b"record")])
        assert second.version != first.version
        assert one.version() == other.version() == reader().version() == second.version

    def test_records_of_neighbouring_keys_are_never_confused(self, loaded_store):
        records = {b"": b"ab", b"a": b"b", b"ab": b"", b"b": b"a"}
        store = loaded_store(records)
        assert {key: store.fetch(key) for key in records} == records
        assert store.fetch_many([b"aa", b"\0", b"bb"]) == [None, None, None]

    def test_a_load_tells_what_it_put_in_place(self, url):
        loaded = load(url, iter([(b"one", b"1" * 1000), (b"two", b"2" * 1000)]))
        assert loaded.records == 2
        assert loaded.size_bytes >= 2000

    def test_a_new_load_replaces_the_whole_old_one_under_an_open_reader(self, url, loaded_store):
        store = loaded_store({b"old": b"1", b"both": b"old"})
        load(url, [(b"new", b"2"), (b"both", b"new")])
        store.version()
        assert [store.fetch(key) for key in (b"old", b"new", b"both")] == [None, b"2", b"new"]
        assert store.fetch_many([b"old", b"new", b"both"]) == [None, b"2", b"new"]

    def test_a_load_whose_records_fail_leaves_the_old_one(self, url, loaded_store):
        store = loaded_store({b"key": b"old"})
        version = store.version()

        def failing():
            yield b"key", b"new"
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            load(url, failing())
        assert store.version() == version
        assert store.fetch(b"key") == b"old"
        load(url, [(b"key", b"newer")])
        store.version()
        assert store.fetch(b"key") == b"newer"

    def test_a_load_in_which_a_key_comes_twice_fails_and_leaves_the_old_one(self, url, loaded_store):
        from crossover.stores.port import LoadFailed

        store = loaded_store({b"key": b"old"})
        with pytest.raises(LoadFailed):
            load(url, [(b"key", b"1"), (b"other", b"2"), (b"key", b"3")])
        store.version()
        assert store.fetch(b"key") == b"old"

    def test_closing_twice_is_harmless(self, loaded_store):
        store = loaded_store({b"key": b"record"})
        store.close()
        store.close()

    def test_every_record_is_read_back_to_be_loaded_elsewhere(self, url):
        records = {number.to_bytes(9, "big"): b"%d" % number for number in range(1_100)}
        records |= {b"": b"", b"large": bytes(1_100_000), b"larger": random.Random(1).randbytes(1_300_000)}
        load(url, records.items())
        pairs = list(dump(url))
        assert len(pairs) == len(records)
        assert dict(pairs) == records

    def test_no_record_is_read_back_of_a_load_that_has_none(self, url):
        load(url, [])
        assert list(dump(url)) == []

    def test_what_is_read_back_is_of_one_load(self, url):
        old = {number.to_bytes(9, "big"): b"old" * 1_000 for number in range(1_100)}
        load(url, old.items())
        reading = dump(url)
        first = next(reading)
        load(url, [(key, b"new") for key in old])
        try:
            assert dict([first, *reading]) == old
        except Unavailable as problem:
            assert "begin again" in str(problem)  # noqa: PT017 - either is right
