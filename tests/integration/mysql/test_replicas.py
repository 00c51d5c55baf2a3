"""A primary and two replicas, real servers: killed, stopped and lagging, without a wrong answer and without a 503."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest
from pymysql.cursors import Cursor

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores.port import Store
from crossover_mysql.replicas import LOOK_SECONDS
from local.data.mysql.server import HOST, USER, PrivateServer
from tests.integration.mysql.conftest import UNSAFE, connect
from tests.integration.mysql.hurting import kill, pause, resume
from tests.integration.mysql.records import MISSING, PAIRS

NEW = [(key, b"new " + record) for key, record in PAIRS]
TWICE_SECONDS = 20.0


class Servers(NamedTuple):
    primary: PrivateServer
    replicas: list[PrivateServer]

    @property
    def url(self) -> str:
        return f"{self.primary.url()}?replicas={','.join(f'{HOST}:{replica.port}' for replica in self.replicas)}"


def run(server: PrivateServer, *statements: str) -> list[tuple[object, ...]]:
    """Runs statements on a server, and returns the rows of the last."""
    with closing(connect(server)) as connection:
        cursor: Cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def caught_up(servers: Servers, replica: PrivateServer) -> None:
    """Returns once a replica has what its primary has."""
    version = "SELECT version FROM twitter.crossover_meta"
    until = time.monotonic() + TWICE_SECONDS
    while True:
        try:
            if run(replica, version) == run(servers.primary, version):
                return
        except Exception:
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def servers(server: PrivateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A primary with a load that its two replicas have as well."""
    folder: Path = tmp_path_factory.mktemp("replicas")
    with ExitStack() as running:
        started = [
            running.enter_context(
                PrivateServer(folder / str(number), options=(*UNSAFE, f"--server-id={number}", *options))
            )
            for number, options in ((1, ("--log-bin=log",)), (2, ()), (3, ()))
        ]
        servers = Servers(started[0], started[1:])
        log, position, *_ = run(servers.primary, "SHOW MASTER STATUS")[0]
        for replica in servers.replicas:
            run(
                replica,
                f"CHANGE MASTER TO MASTER_HOST='{HOST}', MASTER_PORT={servers.primary.port}, MASTER_USER='{USER}', "
                f"MASTER_LOG_FILE='{log}', MASTER_LOG_POS={position}, MASTER_CONNECT_RETRY=1",
                "START SLAVE",
            )
        load(servers.url, PAIRS)
        for replica in servers.replicas:
            caught_up(servers, replica)
        yield servers


class Asking:
    """Threads that ask a store for records as long as the block lasts, and count what they get."""

    def __init__(self, store: Store, records: dict[bytes, bytes], threads: int = 4) -> None:
        self.seen: Counter[str] = Counter()
        self._store = store
        self._records = records
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(threads)]

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)
        keys = [*self._records, MISSING]
        while not self._stopped.wait(0.001):
            key = chance.choice(keys)
            try:
                self.seen["right" if self._store.fetch(key) == self._records.get(key) else "wrong"] += 1
            except Unavailable:
                self.seen["unavailable"] += 1

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def more(self, number: int = 200) -> None:
        """Returns once so many answers more were right."""
        until = time.monotonic() + TWICE_SECONDS
        goal = self.seen["right"] + number
        while self.seen["right"] < goal:
            assert time.monotonic() < until, self.seen
            time.sleep(0.01)


def reads(server: PrivateServer) -> int:
    """How many SELECTs a server has run."""
    return int(str(run(server, "SHOW GLOBAL STATUS LIKE 'Com_select'")[0][1]))


def test_reads_are_spread_over_the_replicas(servers: Servers) -> None:
    before = [reads(server) for server in (servers.primary, *servers.replicas)]
    with closing(open_store(servers.url)) as store, Asking(store, dict(PAIRS)) as asking:
        asking.more(400)
    asked = [reads(server) - was for server, was in zip((servers.primary, *servers.replicas), before, strict=True)]
    assert set(asking.seen) == {"right"}
    assert asked[0] < 60 < 100 < min(asked[1:])


@pytest.mark.parametrize(("hurt", "heal"), [(kill, PrivateServer.start), (pause, resume)])
def test_a_replica_that_is_killed_or_stopped_costs_no_answer(servers: Servers, hurt, heal) -> None:
    with closing(open_store(servers.url)) as store, Asking(store, dict(PAIRS)) as asking:
        asking.more()
        hurt(servers.replicas[0])
        try:
            asking.more()
        finally:
            heal(servers.replicas[0])
        asking.more()
    assert set(asking.seen) == {"right"}


def test_with_every_replica_gone_the_primary_answers(servers: Servers) -> None:
    with closing(open_store(servers.url)) as store, Asking(store, dict(PAIRS)) as asking:
        asking.more()
        for replica in servers.replicas:
            pause(replica)
        try:
            asking.more()
        finally:
            for replica in servers.replicas:
                resume(replica)
    assert set(asking.seen) == {"right"}


def test_a_replica_that_lags_gives_no_answer_of_the_load_before(servers: Servers) -> None:
    lagging, following = servers.replicas
    for replica in servers.replicas:
        caught_up(servers, replica)
    with closing(open_store(servers.url)) as store:
        assert store.fetch(PAIRS[0][0]) == PAIRS[0][1]
        run(lagging, "STOP SLAVE SQL_THREAD")
        try:
            load(servers.url, NEW)
            caught_up(servers, following)
            time.sleep(LOOK_SECONDS)
            before = [reads(server) for server in (lagging, following)]
            with Asking(store, dict(NEW)) as asking:
                asking.more(400)
            asked = [reads(server) - was for server, was in zip((lagging, following), before, strict=True)]
            assert set(asking.seen) == {"right"}
            assert asked[0] < 60 < 300 < asked[1]
        finally:
            run(lagging, "START SLAVE SQL_THREAD")
        caught_up(servers, lagging)
        time.sleep(LOOK_SECONDS)
        was = reads(lagging)
        with Asking(store, dict(NEW)) as asking:
            asking.more(100)
        assert set(asking.seen) == {"right"}
        assert reads(lagging) > was + 20
