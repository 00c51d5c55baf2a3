"""A store divided over three servers: what each holds, and what one that is gone concerns."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import pymysql
import pytest
from pymysql.cursors import Cursor

from crossover.lambda_entry import lambda_handler
from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores.dumping import dump
from crossover.stores.parts import LoadingAlone, WrongPart
from crossover.stores.port import LoadFailed, Store, ignore
from crossover.stores.sharded import ShardedStore
from crossover_mysql import store as mysql
from functions.twitter.handler import SERVICE
from local.data.copying import copy
from local.data.mysql.server import PrivateServer
from local.errors import UserError
from local.paths import ROOT
from tests.contract.store_suite import StoreSuite
from tests.integration.mysql.conftest import UNSAFE, _numbers
from tests.integration.mysql.hurting import kill
from tests.integration.mysql.records import PAIRS, RECORDS, USERS
from tests.support.events import function_url
from tests.support.server import running_server


def url_of(servers: Sequence[PrivateServer], options: str = "") -> str:
    return "|".join(server.url() + options for server in servers)


def outcome_of(store: Store, key: bytes, many: bool = False) -> bytes | Unavailable | None:
    try:
        return store.fetch_many([key])[0] if many else store.fetch(key)
    except Unavailable as problem:
        return problem


@pytest.fixture
def databases(server: PrivateServer, admin: Cursor) -> Iterator[list[str]]:
    """The URLs of three empty databases of one server."""
    names = [f"test{next(_numbers)}" for _ in range(3)]
    for name in names:
        admin.execute(f"CREATE DATABASE {name}")
    yield [server.url(name) for name in names]
    for name in names:
        admin.execute(f"DROP DATABASE {name}")


class TestShardedMysql(StoreSuite):
    """A store of three databases keeps what every store must."""

    @pytest.fixture
    def url(self, databases: list[str]) -> str:
        return "|".join(databases)


@pytest.fixture(scope="module")
def servers(server: PrivateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[PrivateServer]]:
    """Three servers, each with its part of PAIRS."""
    folder: Path = tmp_path_factory.mktemp("shards")
    with ExitStack() as running:
        started = [running.enter_context(PrivateServer(folder / str(at), options=UNSAFE)) for at in range(3)]
        load(url_of(started), PAIRS)
        yield started


def test_of_three_servers_one_killed_only_its_users_get_503(servers: list[PrivateServer]) -> None:
    url = url_of(servers)
    placing = ShardedStore([open_store(server.url()) for server in servers])  # connects nowhere
    lost = {user for user in USERS if placing.place(user.to_bytes(8, "big")) == 1}
    assert 0 < len(lost) < len(USERS)
    function = lambda_handler(SERVICE, {"TWITTER_STORE": url})

    def statuses(pod) -> dict[int, int]:
        found = {}
        for user in USERS:
            query = (("user_id", str(user)), ("type", "both"), ("phrase", "x"), ("hashtag", "y"))
            status, _, body = pod.get(f"/twitter?{urlencode(query)}")
            invoked = function(function_url("/twitter", query), None)
            assert invoked["statusCode"] == status
            if status != 503:
                assert invoked["body"].encode() == body
            found[user] = status
        return found

    with running_server(crossover_services="twitter", twitter_store=url) as pod:
        before = statuses(pod)
        assert 503 not in before.values()
        kill(servers[1])
        try:
            assert statuses(pod) == {user: 503 if user in lost else status for user, status in before.items()}
            with running_server(crossover_services="twitter", twitter_store=url) as later:
                assert later.get("/readyz")[0] == 200, "a pod that starts while a database is gone serves the others"
                assert "database 2 of the store of the twitter service" in later.log()
        finally:
            servers[1].start()
        until = time.monotonic() + 20
        while statuses(pod) != before:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_load_of_which_one_server_is_gone_leaves_the_others_as_they_were(servers: list[PrivateServer]) -> None:
    with closing(open_store(url_of(servers))) as store:
        version = store.version()
        kill(servers[2])
        try:
            with pytest.raises(LoadFailed, match="database 3 of 3"):
                load(url_of(servers), PAIRS[:5])
            assert store.version() == version
        finally:
            servers[2].start()
    with closing(open_store(url_of(servers))) as store:
        assert {key: store.fetch(key) for key in RECORDS} == RECORDS


def test_a_load_that_is_killed_leaves_every_server_as_it_was(databases: list[str]) -> None:
    url = "|".join(databases)
    load(url, PAIRS)
    program = (
        "import os, signal; from crossover.stores import load; from tests.integration.mysql.records import PAIRS\n"
        "def pairs():\n"
        "    yield from ((key, b'new') for key, _ in PAIRS[:-1])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"load({url!r}, pairs())"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    with closing(open_store(url)) as store:
        assert {key: store.fetch(key) for key in RECORDS} == RECORDS
        assert load(url, [(key, b"newer") for key in RECORDS]).version == store.version()


def test_a_part_keeps_its_connection_while_it_waits_for_the_others_and_serves_only_then(url: str) -> None:
    class Waiting(LoadingAlone):
        asked = 0

        def may_switch(self, seconds: float) -> bool:
            self.asked += 1
            with closing(open_store(url)) as store, pytest.raises(Unavailable, match="nothing is loaded"):
                store.version()
            return self.asked == 3

    mysql.load(url, PAIRS, ignore, Waiting())
    assert dict(dump(url)) == RECORDS


def test_tables_that_are_dropped_while_they_are_read_end_the_reading_in_one_line(loaded: str, admin: Cursor) -> None:
    reading = dump(loaded)
    next(reading)
    admin.execute(f"DROP TABLE {loaded.rpartition('/')[2]}.crossover_records")
    with pytest.raises(Unavailable, match=r"cannot be read: .*crossover_records") as ended:
        list(reading)
    assert "\n" not in str(ended.value)


def test_a_store_is_loaded_over_more_databases_and_over_fewer_byte_for_byte(
    databases: list[str], tmp_path: Path
) -> None:
    one, *two = databases
    load(f"sqlite:///{tmp_path}/records.db", PAIRS)
    said: list[int] = []
    for source, target in ((f"sqlite:///{tmp_path}/records.db", "|".join(two)), ("|".join(two), one)):
        assert copy(source, target, said.append, ignore).records == len(PAIRS)
        assert list(dump(target)) == sorted(PAIRS)
    assert sum(said) == 2 * len(PAIRS)
    with pytest.raises(UserError, match="empty it first"):
        copy(one, "|".join(databases), said.append, ignore)


def test_a_database_in_another_place_is_refused_and_answers_no_404(databases: list[str]) -> None:
    one, two, three = databases
    load("|".join(databases), PAIRS)
    for wrong in ("|".join((two, one, three)), f"{one}|{two}", one):
        with closing(open_store(wrong)) as store:
            outcomes = [outcome_of(store, key) for key in RECORDS]
            refused = [outcome for outcome in outcomes if isinstance(outcome, WrongPart)]
            assert refused
            assert "\n" not in str(refused[0])
            assert all(
                outcome in (record, *refused) for outcome, record in zip(outcomes, RECORDS.values(), strict=True)
            )
        with pytest.raises(LoadFailed, match="holds part"):
            load(wrong, PAIRS)


def test_a_database_that_is_exchanged_under_a_reader_answers_no_404(databases: list[str]) -> None:
    load("|".join(databases), PAIRS)
    with closing(open_store("|".join(databases))) as store:
        assert all(store.fetch(key) == record for key, record in PAIRS)
        for database in databases:
            host, _, name = database.removeprefix("mysql://").rpartition("/")
            port = int(host.rpartition(":")[2])
            with closing(pymysql.connect(host="127.0.0.1", port=port, user="crossover", database=name)) as connection:
                connection.cursor().execute("DROP TABLE crossover_meta, crossover_records")
        load("|".join(reversed(databases)), PAIRS)
        for key, record in PAIRS:
            outcome = outcome_of(store, key)
            assert outcome == record or "the store's URL names it as part" in str(outcome)
            outcome = outcome_of(store, key, many=True)
            assert outcome == record or "the store's URL names it as part" in str(outcome)
