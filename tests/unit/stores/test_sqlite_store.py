"""What is the SQLite adapter's own: files, their replacement, and what is no store."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores import sqlite as adapter
from crossover.stores.port import LoadFailed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


@pytest.fixture
def store(url):
    load(url, [(b"key", b"old"), *((b"%d" % number, bytes(1000)) for number in range(200))])
    with_closing = open_store(url)
    yield with_closing
    with_closing.close()


def renew(store):
    """Lets the store look at its path again, as it does after a moment."""
    store.version()


def test_three_slashes_are_a_relative_path_and_four_an_absolute_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load("sqlite:///here.db", [(b"key", b"record")])
    for url in ("sqlite:///here.db", f"sqlite:///{tmp_path}/here.db"):
        store = open_store(url)
        monkeypatch.chdir("/")
        assert store.fetch(b"key") == b"record"
        store.close()
        monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["a b.db", "a?mode=rw.db", "a#b.db", "a%20b.db", "é😂.db", "a'b.db", "[ab]*.db"])
def test_a_path_may_have_any_characters(tmp_path, name):
    load(f"sqlite:///{tmp_path}/{name}", [(b"key", b"record")])
    store = open_store(f"sqlite:///{tmp_path}/{name}")
    assert store.fetch(b"key") == b"record"
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_directories_of_a_path_are_made(tmp_path):
    load(f"sqlite:///{tmp_path}/some/where/records.db", [])
    assert (tmp_path / "some/where/records.db").is_file()


def foreign(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table records (key, record)")
    connection.close()


def other_layout(path):
    load(f"sqlite:///{path}", [(b"key", b"record")])
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()


def without_a_table(path, table="records"):
    load(f"sqlite:///{path}", [(b"key", b"record")])
    with sqlite3.connect(path) as connection:
        connection.execute(f"drop table {table}")
    connection.close()


def without_meta(path):
    without_a_table(path, "meta")


def without_version(path):
    load(f"sqlite:///{path}", [(b"key", b"record")])
    with sqlite3.connect(path) as connection:
        connection.execute("delete from meta")
    connection.close()


def truncated(path):
    load(f"sqlite:///{path}", [(b"%d" % number, bytes(1000)) for number in range(100)])
    os.truncate(path, 3 * adapter.PAGE_BYTES + 7)


NO_STORES = {
    "missing": lambda path: None,
    "a directory": lambda path: path.mkdir(),
    "a named pipe": os.mkfifo,
    "empty": lambda path: path.touch(),
    "text": lambda path: path.write_text("no database at all\n" * 100),
    "another database": foreign,
    "another layout": other_layout,
    "without records": without_a_table,
    "without meta": without_meta,
    "without a version": without_version,
    "truncated": truncated,
}


@pytest.mark.parametrize("kind", NO_STORES)
def test_what_is_no_store_is_unavailable_at_opening(path, url, kind):
    NO_STORES[kind](path)
    with pytest.raises(Unavailable, match="no store at") as refused:
        open_store(url)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("kind", NO_STORES)
def test_what_comes_in_place_of_a_store_and_is_none_leaves_the_old_one_serving(tmp_path, path, store, kind, caplog):
    (tmp_path / "new").mkdir()
    path.rename(tmp_path / "moved.db")
    NO_STORES[kind](path)
    version = store.version()
    with caplog.at_level(logging.WARNING):
        assert store.fetch(b"key") == b"old"
        assert store.version() == version
    load_elsewhere = tmp_path / "new" / "records.db"
    load(f"sqlite:///{load_elsewhere}", [(b"key", b"new")])
    if path.is_dir():
        path.rmdir()
    load_elsewhere.replace(path)
    renew(store)
    assert store.fetch(b"key") == b"new"


def test_a_warning_tells_once_that_the_old_store_keeps_serving(path, store, caplog):
    other = path.with_name("other")
    other.write_text("garbage")
    other.replace(path)
    for _ in range(3):
        renew(store)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["the store that was open keeps serving"]


def test_fetching_notices_a_new_file_by_itself_after_a_moment(store, url, monkeypatch):
    load(url, [(b"key", b"new")])
    now = adapter.monotonic()
    monkeypatch.setattr(adapter, "monotonic", lambda: now + adapter.LOOK_INTERVAL_SECONDS)
    assert store.fetch(b"key") == b"new"


def test_fetches_share_one_look_at_the_path(store, monkeypatch):
    looks = []
    now = adapter.monotonic() + 1
    monkeypatch.setattr(adapter, "monotonic", lambda: now)
    identity = adapter._identity
    monkeypatch.setattr(adapter, "_identity", lambda path: looks.append(path) or identity(path))
    for _ in range(100):
        store.fetch(b"key")
    assert len(looks) == 1


def test_a_store_that_breaks_while_it_is_open_is_unavailable(path, store):
    # What follows the first page is overwritten: a load never does that, a failing disk may.
    with path.open("r+b") as file:
        file.seek(adapter.PAGE_BYTES)
        file.write(b"\xff" * (path.stat().st_size - adapter.PAGE_BYTES))
    for use in (
        lambda: [store.fetch(b"%d" % number) for number in range(200)],
        lambda: store.fetch_many([b"key", b"1"]),
    ):
        with pytest.raises(Unavailable, match="cannot be read"):
            use()


def test_a_closed_store_is_unavailable(store):
    store.close()
    with pytest.raises(Unavailable):
        store.fetch(b"key")
    with pytest.raises(Unavailable):
        store.fetch_many([b"key"])


def test_reading_writes_nothing_beside_the_file(tmp_path, store):
    store.fetch(b"key")
    assert [file.name for file in tmp_path.iterdir()] == ["records.db"]


LOADER = """
import sys
from crossover.stores import load
def records():
    yield b"key", b"new"
    for number in range(5000):
        yield b"%d" % number, bytes(4000)
    print("half", flush=True)
    sys.stdin.read()
load(sys.argv[1], records())
"""


def half_loaded(url):
    loader = subprocess.Popen([sys.executable, "-c", LOADER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert loader.stdout.readline() == b"half\n"
    return loader


def end(loader, number=signal.SIGKILL):
    loader.send_signal(number)
    loader.communicate()


def test_a_killed_load_leaves_the_old_store_and_what_it_left_goes_with_the_next(tmp_path, url, store):
    end(half_loaded(url))
    assert len(list(tmp_path.iterdir())) == 2
    renew(store)
    assert store.fetch(b"key") == b"old"
    load(url, [(b"key", b"newer")])
    assert [file.name for file in tmp_path.iterdir()] == ["records.db"]
    renew(store)
    assert store.fetch(b"key") == b"newer"


def test_two_loads_at_once_both_come_to_their_end_and_the_last_one_serves(tmp_path, url, store):
    loader = half_loaded(url)
    load(url, [(b"key", b"in between")])
    renew(store)
    assert store.fetch(b"key") == b"in between"
    loader.communicate(b"")
    assert loader.returncode == 0
    renew(store)
    assert store.fetch(b"key") == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["records.db"]


LIMITED = """
import resource, signal, sys
from crossover.stores import load
from crossover.stores.port import LoadFailed
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    load(sys.argv[1], ((b"%d" % number, bytes(4000)) for number in range(100_000)))
except LoadFailed as problem:
    sys.exit(f"LoadFailed: {problem}")
"""


def test_a_load_that_finds_no_room_fails_and_leaves_the_old_store(tmp_path, url, store):
    # A limit on the size of files stands for a full disk: the write fails in the same place.
    ran = subprocess.run([sys.executable, "-c", LIMITED, url], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("LoadFailed: cannot load")
    assert [file.name for file in tmp_path.iterdir()] == ["records.db"]
    renew(store)
    assert store.fetch(b"key") == b"old"


def test_a_place_that_cannot_be_written_to_is_a_failed_load(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LoadFailed, match="cannot load"):
        load(f"sqlite:///{tmp_path}/file/records.db", [])
