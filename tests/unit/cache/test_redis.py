"""The Redis cache against a server by script: deadlines, refusals, answers that are none."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from crossover.stores.cache_port import CacheGone, CacheTarget
from crossover.stores.policy import Fault
from crossover_cache.redis import RedisDriver, open_cache


class Server:
    """Sends the next bytes of a script for every command that comes."""

    def __init__(self, *script):
        self.script = list(script)
        self.received = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                while self.script and (data := connection.recv(65536)):
                    self.received += data
                    said = self.script.pop(0)
                    for part in said if isinstance(said, list) else [said]:
                        time.sleep(0.03 if isinstance(said, list) else 0)
                        connection.sendall(part)


@pytest.fixture
def cache():
    """Makes a cache over a server with a script."""
    made = []

    def make(*script, user="", path="", timeout=0.2):
        server = Server(*script)
        target = CacheTarget(f"redis://{user}{server.address}{path}", timeout=timeout)
        made.append((server, open_cache(target, 2)))
        return made[-1]

    yield make
    for server, opened in made:
        opened.close()
        server.listener.close()


def test_entries_are_asked_for_together(cache):
    server, opened = cache(b"*2\r\n$1\r\nx\r\n$-1\r\n", b"+OK\r\n+OK\r\n")
    assert opened.get_many([b"a", b"b"]) == [b"x", None]
    opened.set_many([(b"a", b"1", 0.5), (b"b", b"2", 0.00001)])
    assert server.received.count(b"MGET") == 1
    assert b"$2\r\nPX\r\n$3\r\n500\r\n" in server.received
    assert b"$2\r\nPX\r\n$1\r\n1\r\n" in server.received


def test_signing_in_and_choosing_a_database_come_first(cache):
    server, opened = cache(b"+OK\r\n", b"+OK\r\n", b"*1\r\n$-1\r\n", user="me:p%40ss@", path="/3")
    assert opened.get_many([b"a"]) == [None]
    signed_in = b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\np@ss\r\n"
    assert server.received.startswith(signed_in + b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n")


def test_a_password_may_have_no_user(cache):
    server, opened = cache(b"+OK\r\n", b"*1\r\n$-1\r\n", user=":pw@")
    assert opened.get_many([b"a"]) == [None]
    assert server.received.startswith(b"*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n")


@pytest.mark.parametrize(
    "script",
    [
        (b"-ERR no\r\n",),
        (b"*1\r\n$1\r\nx\r\n",),
        (b":5\r\n",),
        (b"?? what\r\n",),
        (b"",),
        ([b"*", b"2", b"\r", b"\n", b"$", b"1", b"\r", b"\n", b"x"],),
        (b"*2\r\n$1\r\nx",),
        (),
    ],
    ids=["error", "too few", "a number", "no protocol", "silence", "dribble", "cut", "closed"],
)
def test_what_is_no_answer_is_a_cache_that_is_gone(cache, script):
    _, opened = cache(*script, timeout=0.1)
    begun = time.monotonic()
    with pytest.raises(CacheGone):
        opened.get_many([b"a", b"b"])
    assert time.monotonic() - begun < 2


def test_a_refused_sign_in_is_a_cache_that_is_gone_and_shows_no_password(cache):
    _, opened = cache(b"-WRONGPASS invalid username-password pair\r\n", user=":secret@")
    with pytest.raises(CacheGone, match="AUTH: WRONGPASS") as refused:
        opened.get_many([b"a"])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("said", [b"-OOM command not allowed\r\n", b"$-1\r\n"])
def test_a_server_that_keeps_nothing_is_a_cache_that_is_gone(cache, said):
    _, opened = cache(said)
    with pytest.raises(CacheGone, match="answers SET with"):
        opened.set_many([(b"a", b"1", 1.0)])


def test_answers_that_come_in_pieces_are_one(cache):
    _, opened = cache([b"*1\r\n$5\r\nab", b"cde\r\n"])
    assert opened.get_many([b"a"]) == [b"abcde"]


def test_nothing_that_listens_is_a_cache_that_is_gone():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    opened = open_cache(CacheTarget(f"redis://127.0.0.1:{port}"), 1)
    with pytest.raises(CacheGone):
        opened.get_many([b"a"])


def test_certificates_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cache_ca is a file"):
        open_cache(CacheTarget("rediss://h", ca=str(tmp_path / "none.pem")), 1)


def test_errors_say_what_became_of_the_connection():
    driver = RedisDriver(CacheTarget("redis://h"))
    assert driver.fault(TimeoutError()) is Fault.HUNG
    assert driver.fault(ConnectionResetError()) is Fault.LOST
    assert driver.fault(ValueError()) is Fault.STRANGE


def test_a_deadline_that_is_over_reads_nothing(cache):
    server, _ = cache(b"")
    connection = RedisDriver(CacheTarget(f"redis://{server.address}")).connect()
    connection._timeout = 0.0
    with pytest.raises(TimeoutError):
        connection.ask([(b"PING",)])
    connection.close()
