"""The MySQL store on a real server: what is loaded is what is read, and damage is noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, repeat

import pytest
from pymysql.cursors import Cursor

from crossover.runner import Refused, Unavailable
from crossover.stores import load
from crossover.stores.parts import LoadingAlone
from crossover.stores.port import LoadFailed
from crossover.stores.sealing import SEAL_BYTES
from crossover_mysql import loading
from crossover_mysql.loading import _Load
from crossover_mysql.store import MysqlStore
from crossover_mysql.target import parse
from local.data.mysql.server import PrivateServer
from tests.integration.mysql.conftest import connect
from tests.integration.mysql.records import MISSING, PAIRS, RECORDS

Open = Callable[[str], MysqlStore]


def test_every_record_comes_back_byte_for_byte(url: str, opened: Open) -> None:
    loaded = load(url, iter(PAIRS))
    assert loaded.records == len(PAIRS)
    assert loaded.size_bytes > 0
    store = opened(url)
    assert store.version() == loaded.version
    assert {each: store.fetch(each) for each, _ in PAIRS} == RECORDS
    assert store.fetch(MISSING) is None


def test_many_keys_come_back_in_their_order_with_gaps_and_repeats(url: str, opened: Open) -> None:
    load(url, PAIRS)
    store = opened(url)
    keys = [MISSING, b"", b"odd", b"\xff" * 9, *reversed(RECORDS), *list(RECORDS)[:3]]
    assert store.fetch_many(keys) == [RECORDS.get(each) for each in keys]
    assert store.fetch_many([]) == []


def test_keys_differ_by_every_byte_though_texts_are_compared_otherwise(url: str, opened: Open) -> None:
    pairs = [(b"key", b"lower"), (b"KEY", b"upper"), (b"key ", b"space"), (b"key\0", b"zero"), (b"", b"none")]
    load(url, pairs)
    store = opened(url)
    assert store.fetch_many([each for each, _ in pairs]) == [record for _, record in pairs]


def test_a_store_that_is_open_follows_a_load(url: str, opened: Open) -> None:
    (first, record), (second, other) = PAIRS[:2]
    load(url, [(first, record)])
    store = opened(url)
    assert store.fetch(first) == record
    version = store.version()
    load(url, [(second, other)])
    assert (store.fetch(first), store.fetch(second)) == (None, other)
    assert store.version() != version
    assert store.stats().connects == 1


def test_no_request_fails_while_loads_follow_each_other(url: str, opened: Open) -> None:
    asked, record = PAIRS[0]
    load(url, PAIRS)
    store = opened(url)
    stop = threading.Event()
    answers: list[bytes | Exception | None] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                answers.append(store.fetch(asked))
            except Exception as problem:
                answers.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(4):
        load(url, PAIRS)
    stop.set()
    thread.join()
    assert len(answers) > 10
    assert set(answers) == {record}


def test_a_database_that_nothing_was_loaded_into_says_so(url: str, opened: Open) -> None:
    with pytest.raises(Unavailable, match="nothing is loaded"):
        opened(url).fetch(MISSING)


def test_a_load_of_another_version_is_not_read(loaded: str, opened: Open, admin: Cursor, database: str) -> None:
    admin.execute(f"UPDATE {database}.crossover_meta SET layout = 'spiral'")
    with pytest.raises(Unavailable, match=r"another version .* load it again with crossover etl"):
        opened(loaded).fetch(MISSING)


def test_records_whose_keys_were_exchanged_are_unavailable_and_others_are_not(
    loaded: str, opened: Open, admin: Cursor, database: str
) -> None:
    (first, _), (second, _), (third, record), *_ = PAIRS
    for key, other in ((first, b"aside"), (second, first), (b"aside", second)):
        admin.execute(f"UPDATE {database}.crossover_records SET id = %s WHERE id = %s", (other, key))
    store = opened(loaded)
    for key in (first, second):
        with pytest.raises(Refused, match="damaged"):
            store.fetch(key)
        with pytest.raises(Refused, match="damaged"):
            store.fetch_many([third, key])
    assert store.fetch(third) == record


def test_a_load_touches_no_table_but_its_own(url: str, admin: Cursor, database: str) -> None:
    admin.execute(f"CREATE TABLE {database}.user (id INT)")
    admin.execute(f"INSERT INTO {database}.user VALUES (7)")
    for _ in range(2):
        load(url, PAIRS[:3])
    admin.execute(f"SHOW TABLES FROM {database}")
    assert {row[0] for row in admin.fetchall()} == {"user", "crossover_meta", "crossover_records"}
    admin.execute(f"SELECT id FROM {database}.user")
    assert admin.fetchall() == ((7,),)


def test_a_key_given_twice_fails_the_load_and_the_old_one_serves(loaded: str, opened: Open) -> None:
    version = opened(loaded).version()
    with pytest.raises(LoadFailed, match="Duplicate"):
        load(loaded, [*PAIRS, PAIRS[0]])
    assert opened(loaded).version() == version
    assert opened(loaded).fetch(PAIRS[0][0]) == PAIRS[0][1]


def test_an_error_of_the_records_leaves_the_old_load_and_no_tables(loaded: str, opened: Open, admin: Cursor) -> None:
    def broken() -> Iterator[tuple[bytes, bytes]]:
        yield PAIRS[0]
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        load(loaded, broken())
    assert opened(loaded).fetch(PAIRS[1][0]) == PAIRS[1][1]
    admin.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'crossover\\_%\\_new'")
    assert admin.fetchall() == ((0,),)


def test_a_load_that_was_killed_leaves_the_old_one_serving_and_the_next_one_cleans_up(
    loaded: str, opened: Open, admin: Cursor, database: str
) -> None:
    program = (
        "import sys; from crossover.stores import load\n"
        "def records():\n"
        "    for each in range(5000): yield each.to_bytes(4, 'big'), bytes(1000)\n"
        "    print('ready', flush=True); sys.stdin.read()\n"
        "load(sys.argv[1], records())"
    )
    command = [sys.executable, "-c", program, loaded]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as loading:
        assert loading.stdout is not None
        assert loading.stdout.readline() == b"ready\n"
        with pytest.raises(LoadFailed, match="another load"):
            load(loaded, PAIRS)
        os.kill(loading.pid, signal.SIGKILL)
    assert opened(loaded).fetch(PAIRS[0][0]) == PAIRS[0][1]
    for _ in range(100):
        admin.execute("SELECT IS_FREE_LOCK(CONCAT('crossover load ', %s))", (database,))
        if admin.fetchall() == ((1,),):
            break
    assert load(loaded, PAIRS[:1]).records == 1
    admin.execute(f"SHOW TABLES FROM {database}")
    assert {row[0] for row in admin.fetchall()} == {"crossover_meta", "crossover_records"}


def test_a_load_streams_and_holds_a_batch_at_most(url: str) -> None:
    held = 0
    most = 0

    class Record(bytes):
        def __new__(cls, *_: object) -> Record:
            nonlocal held, most
            held += 1
            most = max(most, held)
            return super().__new__(cls, 10_000)

        def __del__(self) -> None:
            nonlocal held
            held -= 1

    load(url, ((each.to_bytes(4, "big"), Record()) for each, _ in zip(range(1000), repeat(None), strict=False)))
    assert most < 250


def test_a_load_says_what_packet_a_record_needs(server: PrivateServer, url: str, setting: Callable[..., None]) -> None:
    setting("max_allowed_packet", 1_048_576)
    with pytest.raises(LoadFailed, match=r"a record of 600,000 bytes needs a max_allowed_packet of 1,2\d\d,\d\d\d"):
        load(url, chain(PAIRS, [(b"large", bytes(600_000))]))


@pytest.mark.parametrize("packet", [4_096, 65_536, 900 * 1024, 1_048_576])
def test_the_statements_of_a_load_fit_the_servers_packet(
    url: str, opened: Open, setting: Callable[..., None], packet: int
) -> None:
    setting("max_allowed_packet", packet)
    largest = (packet - loading.ROW_BYTES - loading.STATEMENT_BYTES) // loading.ESCAPED_BYTE - 2 - SEAL_BYTES
    sizes = [1, 100, largest, largest // 2, largest, *[900] * (2_000_000 // 900)]
    pairs = [(number.to_bytes(2, "big"), bytes([number % 256]) * size) for number, size in enumerate(sizes)]
    load(url, pairs)
    store = opened(url)
    assert store.fetch_many([key for key, _ in pairs]) == [record for _, record in pairs]
    with pytest.raises(LoadFailed, match="needs a max_allowed_packet of"):
        load(url, [(b"12", bytes(largest + 1))])


def test_one_load_of_a_database_runs_at_a_time(server: PrivateServer, loaded: str) -> None:
    other = connect(server)
    other.select_db(loaded.rpartition("/")[2])
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(CONCAT('crossover load ', DATABASE()), 0)")
        with pytest.raises(LoadFailed, match="another load of this database is running"):
            load(loaded, PAIRS)


def test_a_load_whose_connection_dies_once_its_tables_are_in_place_has_not_failed(
    server: PrivateServer, loaded: str, opened: Open, admin: Cursor
) -> None:
    class Dies(Cursor):
        def execute(self, query: str, args: object = None) -> int:
            done = super().execute(query, args)
            if isinstance(query, str) and query.startswith("RENAME"):
                admin.execute(f"KILL {self.connection.thread_id()}")
            return done

    connection = connect(server)
    connection.select_db(loaded.rpartition("/")[2])
    with closing(connection):
        done = _Load(Dies(connection), parse(loaded)).run(PAIRS[:1], LoadingAlone())
    assert (done.records, done.size_bytes) == (1, 0)
    assert opened(loaded).version() == done.version
    assert load(loaded, PAIRS).size_bytes > 0


def test_a_load_where_nobody_answers_fails_in_one_line() -> None:
    with pytest.raises(LoadFailed, match="cannot load <me@127") as problem:
        load("mysql://me:secret@127.0.0.1:1/db", PAIRS)
    assert "secret" not in str(problem.value)


def test_nobody_but_the_pool_is_connected(loaded: str, server: PrivateServer, opened: Open) -> None:
    store = opened(loaded)
    store.fetch(MISSING)
    watcher = connect(server).cursor()
    watcher.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE db = %s", (loaded.rpartition("/")[2],))
    assert watcher.fetchall() == ((1,),)
    watcher.connection.close()
