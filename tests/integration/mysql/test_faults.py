"""What happens to a database happens here for real; nobody ever gets a wrong answer, and all is well afterwards."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pymysql
import pytest
from pymysql.cursors import Cursor

from container.stores.fetch_batcher import BatchedFetcher
from crossover.runner import InlineRunner, Refused, Unavailable, answer_at_once
from crossover.stores import load
from crossover_mysql.store import MysqlStore
from functions.twitter.handler import SERVICE
from functions.twitter.record import KINDS
from local.data.mysql.server import PrivateServer
from local.emulator.bill import Record
from local.emulator.bundle import FunctionLimits, from_template
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.gateway import Gateway
from tests.integration.mysql.conftest import connect
from tests.integration.mysql.hurting import kill, pause, resume
from tests.integration.mysql.proxy import COM_QUERY, COM_QUIT, Proxy
from tests.integration.mysql.records import MISSING, PAIRS, RECORDS

Open = Callable[[str], MysqlStore]
Setting = Callable[[str, int], None]
ASKED, RECORD = PAIRS[0]


class Load(threading.Thread):
    """Asks a store for random records until it is stopped, and counts right answers, wrong ones and refusals."""

    def __init__(self, store: MysqlStore, seed: int) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.random = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.stopped = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.stopped.is_set():
            key, record = self.random.choice(PAIRS)
            try:
                self.seen["right" if self.store.fetch(key) == record else "wrong"] += 1
            except Unavailable:
                self.seen["unavailable"] += 1
                self.stopped.wait(0.005)


def recovered(store: MysqlStore) -> None:
    """Returns once the store answers again."""
    deadline = time.monotonic() + 20
    while True:
        try:
            assert store.fetch(ASKED) == RECORD
            return
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_a_server_killed_and_restarted_gives_no_wrong_answer(own_server: PrivateServer, opened: Open) -> None:
    size, restarts = 3, 2
    load(own_server.url(), PAIRS)
    store = opened(f"{own_server.url()}?size={size}")
    clients = [Load(store, seed) for seed in range(8)]
    for _ in range(restarts):
        recovered(store)
        kill(own_server)
        time.sleep(0.1)
        own_server.start()
    recovered(store)
    answered = sum(client.seen["right"] for client in clients)
    while sum(client.seen["right"] for client in clients) < answered + 100:
        time.sleep(0.01)
    for client in clients:
        client.stopped.set()
        client.join(10)
    seen = sum((client.seen for client in clients), Counter())
    assert seen["wrong"] == 0
    assert seen["unavailable"] > 0
    stats = store.stats()
    assert stats.open <= size
    assert stats.waiting == stats.in_use == 0
    # Each connection dies once with its server, and while there is none a try in half a second is all there is.
    assert stats.reconnects <= size * restarts
    assert stats.connects <= size * (1 + 2 * restarts)


def test_a_server_that_hangs_costs_a_timeout_and_not_a_queue(own_server: PrivateServer, opened: Open) -> None:
    load(own_server.url(), PAIRS)
    options = "?size=2&read_timeout=0.2&connect_timeout=0.2&borrow_timeout=0.2"
    store = opened(own_server.url() + options)
    assert store.fetch(ASKED) == RECORD
    pause(own_server)
    try:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer"):
            store.fetch(ASKED)
        assert store.stats().reconnects == 0
        clients = [Load(store, seed) for seed in range(6)]
        time.sleep(0.5)
        waiting = store.stats().waiting
        for client in clients:
            client.stopped.set()
            client.join(5)
            assert client.seen["right"] == client.seen["wrong"] == 0
            assert client.seen["unavailable"] > 0
        assert waiting <= 4
        assert time.monotonic() - started < 10
    finally:
        resume(own_server)
    recovered(store)


def test_a_statement_ends_by_its_deadline_though_its_answer_trickles(
    server: PrivateServer, loaded: str, opened: Open
) -> None:
    with Proxy(server.port or 0) as proxy:
        store = opened(loaded.replace(f":{server.port}", f":{proxy.port}") + "?read_timeout=0.4")
        key, record = max(PAIRS, key=lambda pair: len(pair[1]))
        assert store.fetch(key) == record
        proxy.trickle_seconds = 0.02
        with pytest.raises(Unavailable, match="does not answer"):
            store.fetch(key)
        assert 2 < proxy.trickled <= 30
        assert len(record) > 1_000
        proxy.trickle_seconds = None
        assert store.fetch(key) == record
        assert store.stats().reconnects == 0


def test_a_connect_ends_by_its_deadline_though_the_handshake_trickles(
    server: PrivateServer, loaded: str, opened: Open
) -> None:
    with Proxy(server.port or 0) as proxy:
        proxy.trickle_seconds = 0.02
        store = opened(loaded.replace(f":{server.port}", f":{proxy.port}") + "?connect_timeout=0.4&read_timeout=60")
        with pytest.raises(Unavailable, match="no connection to the database"):
            store.fetch(ASKED)
        assert 2 < proxy.trickled <= 30
        proxy.trickle_seconds = None
        recovered(store)


@pytest.mark.parametrize("password", ["p\u00e4ssword", "key \U0001f511", "a:b@c/d?e#f%", "\u6f22\u5b57"])
def test_a_password_of_any_characters_logs_in(server: PrivateServer, loaded: str, opened: Open, password: str) -> None:
    root = connect(server, "root").cursor()
    root.execute("CREATE OR REPLACE USER 'us\u00e9r'@'127.0.0.1' IDENTIFIED BY %s", (password,))
    root.execute("GRANT SELECT ON *.* TO 'us\u00e9r'@'127.0.0.1'")
    try:
        url = loaded.replace("crossover@", f"us%C3%A9r:{quote(password, safe='')}@")
        assert opened(url).fetch(ASKED) == RECORD
        wrong = opened(url.replace("@", "%F0%9F%94%92@"))
        with pytest.raises(Unavailable, match="Access denied") as problem:
            wrong.fetch(ASKED)
        chain = [problem.value, problem.value.__cause__, problem.value.__context__]
        assert not any(part in str(link) for link in chain for part in (password, "\U0001f512", "U0001f512"))
    finally:
        root.execute("DROP USER 'us\u00e9r'@'127.0.0.1'")


def test_credentials_that_are_no_text_are_refused_by_the_server_and_not_quoted(loaded: str) -> None:
    from crossover_mysql.credentials import Fixed
    from crossover_mysql.store import open_store

    with closing(open_store(loaded, Fixed("crossover", "secret\ud83d"))) as store:
        with pytest.raises(Unavailable, match="Access denied") as problem:
            store.fetch(ASKED)
        assert "secret" not in str(problem.value)
        assert "ud83d" not in repr(problem.value)


async def test_merged_requests_to_a_server_that_hangs_are_refused_in_time_and_in_number(
    own_server: PrivateServer, opened: Open
) -> None:
    load(own_server.url(), PAIRS)
    store = opened(f"{own_server.url()}?size=2&read_timeout=0.3&connect_timeout=0.3")
    fetcher = BatchedFetcher(store, store.threads, max_waiting=40, max_wait_seconds=0.2)
    assert await fetcher.fetch(ASKED) == RECORD
    pause(own_server)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    turning = asyncio.create_task(turn())
    try:
        asked = [fetcher.fetch(key) for key, _ in (PAIRS * 2)[:100]]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        resume(own_server)
    turning.cancel()
    assert {type(each) for each in outcomes} == {Unavailable}
    assert sum("40 requests wait" in str(each) for each in outcomes) == 60
    assert turns > 10
    await asyncio.to_thread(recovered, store)
    assert await fetcher.fetch(ASKED) == RECORD
    await fetcher.close()


def test_a_wrong_password_is_unavailable_and_not_tried_at_every_request(
    server: PrivateServer, loaded: str, opened: Open
) -> None:
    store = opened(loaded.replace("crossover@", "crossover:wrong-secret@"))
    with pytest.raises(Unavailable, match="Access denied") as problem:
        store.fetch(ASKED)
    assert "wrong-secret" not in str(problem.value)
    for _ in range(20):
        with pytest.raises(Unavailable, match="a moment ago"):
            store.fetch(ASKED)
    assert store.stats().connect_failures == 1


def test_a_password_is_asked_for_at_every_connect(loaded: str) -> None:
    from crossover_mysql.credentials import FromToken
    from crossover_mysql.store import open_store

    asked: list[str] = []

    def sign() -> str:
        asked.append("again")
        return "" if len(asked) > 1 else "expired token"

    store = open_store(loaded, FromToken("crossover", sign))
    with closing(store):
        with pytest.raises(Unavailable, match="Access denied"):
            store.fetch(ASKED)
        recovered(store)
    assert asked == ["again", "again"]


def test_a_database_without_a_free_connection_is_unavailable_until_it_has_one(
    server: PrivateServer, loaded: str, opened: Open, setting: Setting
) -> None:
    setting("max_connections", 10)
    store = opened(loaded)
    with ExitStack() as taken:
        with suppress(pymysql.OperationalError):
            while True:
                taken.enter_context(closing(connect(server)))
        with pytest.raises(Unavailable, match="Too many connections") as problem:
            store.fetch(ASKED)
        assert problem.value.retry_after >= 1
    recovered(store)


@pytest.mark.parametrize("after", [1, 30, 100, 400])
def test_a_connection_cut_in_the_middle_of_an_answer_is_replaced_and_asked_again(
    server: PrivateServer, loaded: str, opened: Open, after: int
) -> None:
    with Proxy(server.port or 0) as proxy:
        store = opened(loaded.replace(f":{server.port}", f":{proxy.port}"))
        key, record = max(PAIRS, key=lambda pair: len(pair[1]))
        assert store.fetch(key) == record
        proxy.cut_after = after
        assert store.fetch(key) == record
        assert proxy.cut_after is None
        assert (store.stats().reconnects, store.stats().open, proxy.accepted) == (1, 1, 2)


def test_a_line_that_is_cut_twice_is_unavailable(server: PrivateServer, loaded: str, opened: Open) -> None:
    with Proxy(server.port or 0) as proxy:
        store = opened(loaded.replace(f":{server.port}", f":{proxy.port}"))
        assert store.fetch(ASKED) == RECORD
        proxy.close()
        with pytest.raises(Unavailable):
            store.fetch(ASKED)
        assert store.stats().open == 0


def test_a_record_larger_than_a_packet_is_read_all_the_same(loaded: str, opened: Open, setting: Setting) -> None:
    large = random.Random(1).randbytes(2_000_000)
    load(loaded, [(b"large", large)])
    # The limit is on what a client sends: once a record is in, it comes out.
    setting("max_allowed_packet", 1_048_576)
    assert opened(loaded).fetch(b"large") == large


async def test_a_statement_that_the_database_refuses_is_unavailable(loaded: str, opened: Open, admin: Cursor) -> None:
    admin.execute(f"ALTER TABLE {loaded.rpartition('/')[2]}.crossover_records DROP COLUMN record")
    store = opened(loaded)
    with pytest.raises(Refused, match="Unknown column"):
        store.fetch(ASKED)
    fetcher = BatchedFetcher(store, store.threads)
    outcomes = await asyncio.gather(*map(fetcher.fetch, [ASKED, MISSING]), return_exceptions=True)
    assert {type(each) for each in outcomes} == {Unavailable}
    assert store.stats().open <= store.threads
    await fetcher.close()


def test_a_connection_that_was_idle_too_long_is_replaced_once(loaded: str, opened: Open, setting: Setting) -> None:
    # What a Lambda environment meets when it thaws: the database has hung up meanwhile.
    setting("wait_timeout", 1)
    store = opened(loaded)
    assert store.fetch(ASKED) == RECORD
    time.sleep(1.6)
    assert store.fetch(ASKED) == RECORD
    assert (store.stats().reconnects, store.stats().connects, store.stats().open) == (1, 2, 1)


@pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: AWS's runtime client exists for Linux only; run the tests in a container"
)
async def test_a_lambda_environment_that_thaws_after_its_connection_was_cut_answers_with_one_reconnect(
    loaded: str, opened: Open, setting: Setting, admin: Cursor, tmp_path: Path
) -> None:
    setting("wait_timeout", 1)
    asked = next(asked for asked, record in PAIRS if len(record) > 100 and asked[8:] == KINDS["both"])
    query = f"user_id={int.from_bytes(asked[:8], 'big')}&type=both&phrase=a&hashtag=b"
    expected = answer_at_once(SERVICE, query.encode(), InlineRunner(opened(loaded))).decode()
    assert "\t" in expected
    function = from_template(FunctionLimits(), environ={"TWITTER_STORE": loaded}).functions["twitter"]
    records: list[Record] = []

    def connections() -> int:
        admin.execute("SHOW GLOBAL STATUS LIKE 'Connections'")
        ((_, count),) = admin.fetchall()
        return int(count)

    before = connections()
    async with Emulator([function], EmulatorConfig(runtime=tmp_path / "runtime"), records.append) as emulator:
        app = Gateway(emulator, EVENT_SOURCES["url"], {("GET", "/twitter"): function.name})
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for made, frozen_seconds in ((1, 1.6), (2, 0)):
                answer = await client.get(f"/twitter?{query}")
                assert (answer.status_code, answer.text.partition("\n")[2]) == (200, expected)
                assert connections() - before == made
                await emulator.functions[function.name].settled()
                # Every environment is frozen between two invocations.
                await asyncio.sleep(frozen_seconds)
    assert [record.init_ms is not None for record in records] == [True, False]


def test_a_connection_that_somebody_killed_is_replaced(loaded: str, opened: Open, admin: Cursor) -> None:
    store = opened(loaded)
    assert store.fetch(ASKED) == RECORD
    admin.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (loaded.rpartition("/")[2],))
    ((connection,),) = admin.fetchall()
    admin.execute(f"KILL {connection}")
    assert store.fetch(ASKED) == RECORD
    assert store.stats().reconnects == 1


def test_nothing_is_said_that_would_pin_a_client_of_rds_proxy(server: PrivateServer, url: str, opened: Open) -> None:
    load(url, PAIRS)
    with Proxy(server.port or 0) as proxy:
        store = opened(url.replace(f":{server.port}", f":{proxy.port}"))
        store.version()
        store.budget(1, 1)
        assert store.fetch_many(list(RECORDS)) == list(RECORDS.values())
        store.close()
        said = proxy.commands()
    assert {code for code, _ in said} <= {COM_QUERY, COM_QUIT}
    texts = [text.decode() for code, text in said if code == COM_QUERY]
    assert texts[0] == "SET NAMES utf8mb4"
    assert all(text.startswith(("SELECT ", "SHOW VARIABLES ")) for text in texts[1:])
    assert not any("@" in text or len(text) > 16_000 for text in texts)
    # One round trip for all the keys of a statement, and nothing around it: no BEGIN, no COMMIT, no ping.
    assert len(texts) <= 4 + len(RECORDS) // 128 + 1


@pytest.mark.heavy
async def test_64_clients_for_a_minute_get_no_wrong_answer_over_no_more_connections_than_the_pool_has(
    server: PrivateServer, loaded: str, opened: Open, admin: Cursor
) -> None:
    store = opened(f"{loaded}?size=3&lifetime=5")
    fetcher = BatchedFetcher(store, store.threads)
    chance = random.Random(1)
    until = time.monotonic() + 60
    answers = 0

    async def client() -> None:
        nonlocal answers
        while time.monotonic() < until:
            key, record = chance.choice(PAIRS)
            assert await fetcher.fetch(key) == record
            answers += 1

    async def watch() -> int:
        most = 0
        while time.monotonic() < until:
            admin.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'crossover'")
            ((connected,),) = admin.fetchall()
            most = max(most, connected - 1)
            await asyncio.sleep(0.2)
        return most

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(client() for _ in range(64)))
    assert await watching <= 3
    assert answers > 10_000
    stats = store.stats()
    assert stats.open <= 3
    assert stats.reconnects == stats.refused == 0
    assert stats.expired > 0
    await fetcher.close()
