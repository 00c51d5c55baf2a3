"""A load of several databases: all of them or none, and what is said where that cannot be."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from crossover.stores import load, open_store, sharded_loading, sqlite
from crossover.stores.parts import LoadingAlone, load_of, part_of
from crossover.stores.port import Loaded, LoadFailed, PartlyLoaded, ignore
from crossover.stores.sharded_loading import (
    BATCH_BYTES,
    BATCH_RECORDS,
    WAITING_BATCHES,
    SplitWriter,
    _WorkersPart,
    load_shards,
)

RECORDS = {number.to_bytes(8, "big"): b"%d" % number for number in range(3_000)}


class Databases:
    """Databases in memory, which load as the adapters do; `problems` are raised before or after a switch."""

    by_workers = False

    def __init__(self, count=3):
        self.served = [{} for _ in range(count)]
        self.versions = [""] * count
        self.before = {}
        self.after = {}
        self.waits = 0
        self.lock = threading.Lock()

    def load_one(self, at, records, report, loading):
        report("items", 1, 2)
        written = dict(records)
        if at in self.before:
            raise self.before[at]
        while not loading.may_switch(0.01):
            with self.lock:
                self.waits += 1
        if at in self.after:
            raise self.after[at]
        self.served[at], self.versions[at] = written, loading.version
        return Loaded(loading.version, len(written), sum(map(len, written.values())), {"units": 2.0})

    def load(self, records, report=ignore):
        return load_shards(len(self.served), self.load_one, records, report, by_workers=self.by_workers)


def test_every_record_is_in_one_database_and_all_have_one_load():
    databases = Databases()
    loaded = databases.load(RECORDS.items())
    assert {key: record for served in databases.served for key, record in served.items()} == RECORDS
    assert sum(map(len, databases.served)) == loaded.records == len(RECORDS)
    assert {load_of(version) for version in databases.versions} == {loaded.version}
    assert [part_of(version) for version in databases.versions] == [(0, 3), (1, 3), (2, 3)]
    assert loaded.size_bytes == sum(map(len, RECORDS.values()))
    assert loaded.figures["units"] == 6
    assert [loaded.figures[f"records in database {at}"] for at in (1, 2, 3)] == list(map(len, databases.served))


def test_what_the_databases_report_is_summed():
    said = []
    Databases().load([], lambda *step: said.append(step))
    assert sorted(said) == [("items", 1, 2), ("items", 2, 4), ("items", 3, 6)]


def test_none_switches_before_all_are_written():
    databases = Databases()
    slow = threading.Event()
    load_one = databases.load_one

    def last(at, records, report, loading):
        if at == 2:
            records = list(records)
            assert slow.wait(10)
        return load_one(at, records, report, loading)

    databases.load_one = last
    loading = threading.Thread(target=databases.load, args=(RECORDS.items(),))
    loading.start()
    while databases.waits < 4:
        slow.wait(0.001)
    assert databases.served == [{}, {}, {}]
    slow.set()
    loading.join()
    assert all(databases.served)


@pytest.mark.parametrize("number", [0, 2])
def test_a_database_that_cannot_be_written_leaves_all_as_they_were(number):
    databases = Databases()
    databases.before = {number: LoadFailed("the disk is full")}
    with pytest.raises(LoadFailed, match=f"database {number + 1} of 3: the disk is full") as failed:
        databases.load(RECORDS.items())
    assert not isinstance(failed.value, PartlyLoaded)
    assert databases.served == [{}, {}, {}]


def test_a_database_that_ends_early_ends_the_load_although_its_records_wait():
    databases = Databases()
    load_one = databases.load_one

    def first_refuses(at, records, report, loading):
        if at == 0:
            raise LoadFailed("another load of this database is running")
        return load_one(at, records, report, loading)

    databases.load_one = first_refuses
    endless = ((number.to_bytes(8, "big"), b"x" * 1_000) for number in range(10**9))
    with pytest.raises(LoadFailed, match="database 1 of 3: another load"):
        databases.load(endless)
    assert databases.served == [{}, {}, {}]


def test_records_that_fail_leave_all_as_they_were():
    def failing():
        yield from RECORDS.items()
        raise RuntimeError("no more")

    databases = Databases()
    with pytest.raises(RuntimeError, match="no more"):
        databases.load(failing())
    assert databases.served == [{}, {}, {}]


def test_a_database_that_fails_after_the_first_switch_is_said_plainly():
    databases = Databases()
    databases.after = {1: LoadFailed("the server is gone")}
    with pytest.raises(PartlyLoaded, match="3: the server is gone; 2 of the databases serve the new load"):
        databases.load(RECORDS.items())
    assert [bool(served) for served in databases.served] == [True, False, True]


def test_an_error_that_is_none_of_a_load_is_raised_as_it_is():
    databases = Databases()
    databases.before = {1: ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        databases.load(RECORDS.items())


def test_what_waits_for_a_slow_database_is_bounded(monkeypatch):
    monkeypatch.setattr(sharded_loading, "POLL_SECONDS", 0.01)
    taken = [0]

    def records():
        for key, record in RECORDS.items():
            taken[0] += 1
            yield key, record

    def load_one(at, records, report, loading):
        threading.Event().wait(0.1)
        taken_before = taken[0]
        count = len(list(records))
        while not loading.may_switch(1):
            pass
        return Loaded(loading.version, count, taken_before)

    loaded = load_shards(1, load_one, records(), ignore)
    assert loaded.records == len(RECORDS)
    assert loaded.size_bytes <= (WAITING_BATCHES + 2) * BATCH_RECORDS


def test_databases_wait_for_slow_records_and_are_let_go_once_these_fail(monkeypatch):
    monkeypatch.setattr(sharded_loading, "POLL_SECONDS", 0.01)
    databases = Databases()

    def slow():
        threading.Event().wait(0.05)
        yield from RECORDS.items()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        databases.load(slow())
    assert databases.served == [{}, {}, {}]


def test_large_records_are_passed_on_at_once():
    big = {number.to_bytes(8, "big"): bytes(BATCH_BYTES) for number in range(5)}
    assert Databases().load(big.items()).size_bytes == 5 * BATCH_BYTES


def test_a_load_alone_waits_for_nobody():
    assert LoadingAlone().may_switch(0)


def test_a_file_is_put_in_its_place_once_the_others_are_written(tmp_path):
    place = tmp_path / "a.db"

    class Waiting(LoadingAlone):
        asked = 0

        def may_switch(self, seconds):
            self.asked += 1
            assert not place.exists()
            return self.asked == 2

    assert sqlite.load(f"sqlite:///{place}", RECORDS.items(), ignore, Waiting()).records == len(RECORDS)
    assert place.exists()


def test_files_whose_folder_cannot_be_written_leave_the_others_as_they_were(tmp_path):
    (tmp_path / "file").write_text("")
    good = f"sqlite:///{tmp_path}/a.db|sqlite:///{tmp_path}/b.db"
    load(good, RECORDS.items())
    with pytest.raises(LoadFailed, match="database 3 of 3: cannot load"):
        load(f"sqlite:///{tmp_path}/x.db|sqlite:///{tmp_path}/y.db|sqlite:///{tmp_path}/file/z.db", [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "b.db", "file"]
    with closing(open_store(good)) as store:
        assert store.fetch_many(list(RECORDS)) == list(RECORDS.values())


class Workers:
    """Two threads with half of the pairs each."""

    def __init__(self, pairs):
        self.pairs = list(pairs)
        self.passes = 0

    def __iter__(self):
        return iter(self.pairs)

    def write_with(self, write):
        self.passes += 1
        with ThreadPoolExecutor(2) as pool:
            counts = list(pool.map(write, [iter(self.pairs[::2]), iter(self.pairs[1::2])]))
        return [sum(database) for database in zip(*counts, strict=True)]


class DatabasesForWorkers(Databases):
    """Databases whose loads have the workers write; `failing` ones refuse some pairs."""

    by_workers = True
    failing = frozenset()

    def load_one(self, at, records, report, loading):
        if at in self.before:
            raise self.before[at]
        written = {}

        def write(pairs):
            if at in self.failing:
                raise LoadFailed("the disk is full")
            pairs = dict(pairs)
            written.update(pairs)
            return (len(pairs),)

        (count,) = records.write_with(write)
        assert count == len(written)
        return super().load_one(at, written.items(), report, loading)


def test_workers_write_into_all_databases_in_one_pass():
    databases, workers = DatabasesForWorkers(), Workers(RECORDS.items())
    assert databases.load(workers).records == len(RECORDS)
    assert workers.passes == 1
    at_once = Databases()
    at_once.load(RECORDS.items())
    assert databases.served == at_once.served
    assert DatabasesForWorkers().load(Workers([])).records == 0


def test_where_the_databases_do_not_take_workers_their_records_are_passed_on():
    databases, workers = Databases(), Workers(RECORDS.items())
    assert databases.load(workers).records == len(RECORDS)
    assert workers.passes == 0


def test_a_database_that_refuses_what_the_workers_write_fails_the_load(monkeypatch):
    monkeypatch.setattr(sharded_loading, "BATCH_RECORDS", 8)
    monkeypatch.setattr(sharded_loading, "POLL_SECONDS", 0.01)
    databases = DatabasesForWorkers()
    databases.failing = {1}
    with pytest.raises(LoadFailed, match="the disk is full"):
        databases.load(Workers(RECORDS.items()))
    assert databases.served == [{}, {}, {}]


def test_a_database_whose_load_fails_before_the_workers_write_fails_the_load():
    databases, workers = DatabasesForWorkers(), Workers(RECORDS.items())
    databases.before[2] = LoadFailed("another load is running")
    with pytest.raises(LoadFailed, match="database 3 of 3: another load is running"):
        databases.load(workers)
    assert workers.passes == 0
    assert databases.served == [{}, {}, {}]


def test_pairs_that_end_in_an_error_end_the_worker_with_it():
    def broken():
        yield from RECORDS.items()
        raise OSError("the file is gone")

    def write(pairs):
        return (len(dict(pairs)),)

    with pytest.raises(OSError, match="the file is gone"):
        SplitWriter((write, write))(broken())


def test_a_workers_part_is_written_and_never_read():
    with pytest.raises(TypeError, match="written by the workers"):
        iter(_WorkersPart(None, 0))


def test_none_switches_where_one_of_those_that_wait_has_failed():
    databases, failed = Databases(), threading.Event()
    load_one = databases.load_one

    def one(at, records, report, loading):
        if at == 2:
            records = list(records)
            assert failed.wait(10)
        if at == 0:
            list(records)
            assert not loading.may_switch(0.001)
            failed.set()
            raise LoadFailed("the server has gone away")
        return load_one(at, records, report, loading)

    databases.load_one = one
    with pytest.raises(LoadFailed, match="database 1 of 3: the server has gone away") as failure:
        databases.load(RECORDS.items())
    assert not isinstance(failure.value, PartlyLoaded)
    assert databases.served == [{}, {}, {}]


def test_an_interrupt_while_the_databases_still_write_gives_the_load_up(monkeypatch):
    databases, interrupted = Databases(), threading.Event()
    load_one = databases.load_one

    def slow(at, records, report, loading):
        records = list(records)
        assert interrupted.wait(10)
        return load_one(at, records, report, loading)

    def interrupt(futures):
        interrupted.set()
        raise KeyboardInterrupt

    databases.load_one = slow
    monkeypatch.setattr(sharded_loading, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        databases.load(RECORDS.items())
    assert databases.served == [{}, {}, {}]


def test_what_a_database_reports_once_its_part_is_written_is_reported():
    said = []

    def load_one(at, records, report, loading):
        count = len(list(records))
        while not loading.may_switch(1):
            pass
        report("old items deleted", 1, 0)
        return Loaded(loading.version, count, 0)

    load_shards(2, load_one, [], lambda *step: said.append(step))
    assert sorted(said) == [("old items deleted", 1, 0), ("old items deleted", 2, 0)]
