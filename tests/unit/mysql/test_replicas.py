"""Reads over replicas: which one is asked, and what becomes of one that is gone, stopped or behind."""

from __future__ import annotations

import pytest

from crossover.runner import Refused, Unavailable
from crossover.stores import open_store
from crossover.stores.circuit import FIRST_REST_SECONDS
from crossover.stores.parts import WrongPart
from crossover.stores.policy import Stats
from crossover.stores.port import BudgetedStore
from crossover_mysql.budget import Budget
from crossover_mysql.replicas import LOOK_SECONDS, ReplicatedStore
from crossover_mysql.target import MAX_REPLICAS, parse


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


class Server:
    """One server's store, in memory: it counts what it is asked."""

    threads = 2
    gauges = frozenset({"open"})

    def __init__(self, name, room=10):
        self.name = name
        self.room = room
        self.loaded = "one"
        self.problem = None
        self.reads = self.looks = 0

    def answer(self, value):
        if self.problem:
            raise self.problem
        return value

    def fetch(self, key):
        self.reads += 1
        return self.answer(key + self.loaded.encode())

    def fetch_many(self, keys):
        return [self.fetch(key) for key in keys]

    def version(self):
        self.looks += 1
        return self.answer(self.loaded)

    def budget(self, pods, workers, percent):
        return self.answer(Budget(pods * workers, pods * workers + self.room))

    def stats(self):
        return Stats(*range(11))

    def close(self):
        self.closed = True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def primary():
    return Server("primary")


@pytest.fixture
def replicas():
    return [Server("one", room=3), Server("two", room=5)]


@pytest.fixture
def store(primary, replicas, clock):
    return ReplicatedStore(primary, {replica.name: replica for replica in replicas}, clock)


def gone():
    return Unavailable("no connection to the database")


def test_reads_are_spread_over_the_replicas_and_leave_the_primary_alone(store, primary, replicas):
    assert {store.fetch(b"a") for _ in range(10)} == {b"aone"}
    assert store.fetch_many([b"b", b"c"]) == [b"bone", b"cone"]
    assert (primary.reads, replicas[0].reads + replicas[1].reads) == (0, 12)
    assert min(replica.reads for replica in replicas) >= 5


def test_loads_are_looked_up_once_a_second(store, primary, replicas, clock):
    for _ in range(5):
        for _ in range(10):
            store.fetch(b"a")
        clock.now += LOOK_SECONDS
    assert [server.looks for server in (primary, *replicas)] == [5, 5, 5]


def test_a_replica_that_is_behind_is_passed_by_until_it_has_the_load(store, primary, replicas, clock, caplog):
    store.fetch_many([b"a"])
    primary.loaded = replicas[1].loaded = "two"
    clock.now += LOOK_SECONDS
    assert {store.fetch(b"a") for _ in range(10)} == {b"atwo"}
    assert caplog.text.count("one is passed by: it has another load") == 1
    replicas[1].loaded = "older"
    clock.now += LOOK_SECONDS
    assert {store.fetch(b"a") for _ in range(10)} == {b"atwo"}
    assert primary.reads == 10
    replicas[0].loaded = "two"
    clock.now += LOOK_SECONDS
    assert {store.fetch(b"a") for _ in range(10)} == {b"atwo"}
    assert primary.reads == 10


def test_a_new_load_that_was_looked_up_is_never_answered_from_the_old_one(store, primary):
    store.fetch(b"a")
    primary.loaded = "two"
    assert store.version() == "two"
    assert {store.fetch(b"a") for _ in range(10)} == {b"atwo"}


def test_a_replica_that_is_gone_is_passed_by_and_asked_again_after_a_rest(store, primary, replicas, clock, caplog):
    store.fetch_many([b"a", b"b"])
    replicas[0].problem = gone()
    before = replicas[0].reads
    assert {store.fetch(b"a") for _ in range(20)} == {b"aone"}
    assert replicas[0].reads == before + 1
    assert primary.reads == 0
    assert caplog.text.count("does not answer") == 1
    clock.now += FIRST_REST_SECONDS
    looks = replicas[0].looks
    for _ in range(10):
        store.fetch(b"a")
    assert (replicas[0].looks, replicas[0].reads) == (looks + 1, before + 1), "one look, and no read"
    replicas[0].problem = None
    clock.now += 2 * FIRST_REST_SECONDS
    for _ in range(10):
        store.fetch(b"a")
    assert replicas[0].reads > before + 1


def test_a_replica_that_comes_back_is_behind_until_it_was_looked_at(store, replicas, clock):
    store.fetch_many([b"a", b"b"])
    replicas[0].problem = gone()
    store.fetch_many([b"a"])
    store.fetch_many([b"a"])
    replicas[0].problem, replicas[0].loaded = None, "older"
    clock.now += FIRST_REST_SECONDS
    assert {store.fetch(b"a") for _ in range(10)} == {b"aone"}


def test_with_all_replicas_gone_the_primary_answers(store, primary, replicas):
    for replica in replicas:
        replica.problem = gone()
    assert [store.fetch(b"a") for _ in range(5)] == [b"aone"] * 5
    assert primary.reads == 5


def test_with_the_primary_gone_replicas_of_its_last_load_answer(store, primary, replicas, clock):
    store.fetch(b"a")
    primary.problem = gone()
    clock.now += LOOK_SECONDS
    assert [store.fetch(b"a") for _ in range(5)] == [b"aone"] * 5
    assert store.version() == "one"
    for replica in replicas:
        replica.problem = gone()
    with pytest.raises(Unavailable, match="no connection"):
        store.fetch(b"a")


def test_with_the_primary_gone_a_moment_ago_replicas_answer_the_read_that_finds_it(store, primary, replicas, clock):
    store.fetch(b"a")
    clock.now += LOOK_SECONDS
    primary.version = lambda: primary.loaded
    slow = store._primary
    slow._looked_at = clock.now  # another thread is looking
    primary.problem = gone()
    assert store.fetch(b"a") == b"aone"
    assert primary.reads == 1


def test_while_a_load_is_looked_up_others_read_the_primary_and_never_by_what_was_known_long_ago(
    store, primary, replicas, clock
):
    store.fetch_many([b"a", b"b"])
    primary.loaded = "two"
    clock.now += 600
    look = primary.version
    inner = []

    def while_looking():
        inner.append(store.fetch(b"a"))
        return look()

    primary.version = while_looking
    assert store.fetch(b"a") == b"atwo"
    assert inner == [b"atwo"]


def test_a_primary_that_refuses_a_read_is_not_taken_for_gone(store, primary, replicas):
    for server in (primary, *replicas):
        server.fetch = lambda key: (_ for _ in ()).throw(Refused("the store is damaged"))
    for _ in range(2):
        with pytest.raises(Refused):
            store.fetch(b"a")


def test_with_the_primary_gone_from_the_start_nothing_is_answered(store, primary, replicas):
    primary.problem = gone()
    for ask in (lambda: store.fetch(b"a"), store.version):
        with pytest.raises(Unavailable, match="no connection"):
            ask()
    assert [replica.reads for replica in replicas] == [0, 0]


def test_what_a_replica_refuses_the_primary_decides(store, primary, replicas):
    store.fetch_many([b"a", b"b"])
    for replica in replicas:
        replica.fetch = lambda key: (_ for _ in ()).throw(Refused("the store is damaged"))
    assert [store.fetch(b"a") for _ in range(5)] == [b"aone"] * 5
    assert primary.reads == 5


def test_a_primary_that_holds_another_part_is_said(store, primary):
    store.fetch(b"a")
    primary.problem = WrongPart("the database holds part 2 of 3")
    with pytest.raises(WrongPart):
        store.version()


def test_the_budget_is_that_of_the_server_with_the_least_room(store, replicas):
    assert isinstance(store, BudgetedStore)
    assert store.budget(2, 1).allowed == 2 + 3
    replicas[0].problem = gone()
    assert store.budget(2, 1).allowed == 2 + 5


def test_threads_and_figures_are_those_of_all_its_servers(store, primary, replicas):
    assert store.threads == 4
    assert store.gauges == primary.gauges
    assert store.stats() == Stats(*(3 * figure for figure in range(11)))
    store.close()
    assert all(server.closed for server in (primary, *replicas))


def test_replicas_are_an_option_of_the_url():
    target = parse("mysql://me@a/db?replicas=b,c:3307,[::1]:3308&size=3")
    assert target.replicas == (("b", 3306), ("c", 3307), ("::1", 3308))
    store = open_store("mysql://me@a/db?replicas=b,c:3307&size=3")
    assert isinstance(store, ReplicatedStore)
    assert store.threads == 6
    store.close()


@pytest.mark.parametrize(
    "value",
    ["", "b,", "b:0", "b:x", "b,b:3306", "me@b", "b/db", "b c", ",".join(f"h{at}" for at in range(MAX_REPLICAS + 1))],
)
def test_replicas_that_cannot_be_meant_are_refused(value):
    with pytest.raises(ValueError, match=r"replicas is HOST:PORT,HOST:PORT"):
        parse(f"mysql://me@a/db?replicas={value}")


def test_a_look_that_takes_long_puts_no_older_load_over_a_newer_one(store, primary, replicas, clock):
    store.fetch(b"a")
    clock.now += LOOK_SECONDS
    answer, turns = primary.answer, [None]

    def overtaken(value):
        if turns:
            turns.pop()
            primary.loaded = "two"
            assert store.version() == "two"
        return answer(value)

    primary.answer = overtaken
    assert store.fetch(b"a") == b"atwo", "the replicas have the load before"
    assert store.version() == "two"


def test_a_primary_that_answers_a_read_rests_no_longer(store, primary, replicas, clock):
    store.fetch(b"a")
    primary.problem = gone()
    clock.now += LOOK_SECONDS
    assert store.fetch(b"a") == b"aone"
    primary.problem = None
    for server in (primary, *replicas):
        server.loaded = "two"
    clock.now += LOOK_SECONDS
    assert store.fetch(b"a") == b"atwo"
    before = primary.reads
    clock.now += LOOK_SECONDS
    assert {store.fetch(b"a") for _ in range(4)} == {b"atwo"}
    assert primary.reads - before <= 1


def test_the_load_of_a_primary_that_rests_is_the_last_one_known(store, primary, clock):
    assert store.version() == "one"
    primary.problem = gone()
    assert store.version() == "one", "it fails now"
    clock.now += LOOK_SECONDS
    store.fetch(b"a")
    looks = primary.looks
    assert [store.version() for _ in range(3)] == ["one"] * 3
    assert primary.looks == looks


def test_a_read_waits_for_one_replica_that_hangs_and_not_for_all(primary, clock):
    class Hangs(Server):
        def version(self):
            clock.now += 1
            raise gone()

    many = {str(number): Hangs(str(number)) for number in range(6)}
    store = ReplicatedStore(primary, many, clock)
    before = clock.now
    assert store.fetch(b"a") == b"aone"
    assert clock.now - before <= 1
