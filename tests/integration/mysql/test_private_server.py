"""`crossover mysql`: a server of one's own, by one command, and what is checked and loaded through it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pymysql
import pytest

from crossover_mysql.store import MysqlStore
from functions.twitter.record import key, unpack
from local.cli import main
from local.data.mysql import programs
from local.data.mysql.reach import check_reachable
from local.data.mysql.server import PrivateServer
from local.data.tweets.files import popular_tags, write_tweets
from local.errors import UserError
from tests.integration.mysql.conftest import connect


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    output: str
    errors: str


Run = Callable[..., Done]


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: the imports of a new one take longer than all that is tested here."""

    def command(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["crossover", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return Done(int(end.value.code or 0), *capsys.readouterr())

    return command


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in the foreground, and the URL that it printed."""
    command = [Path(sys.executable).with_name("crossover"), "mysql", "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_command_prints_a_url_serves_and_ends_on_an_interrupt(server: PrivateServer, tmp_path: Path) -> None:
    with serving(tmp_path / "mysql") as (process, url):
        assert url.startswith("mysql://crossover@127.0.0.1:")
        check_reachable(url)
        with pytest.raises(UserError, match=f"at {url}; stop it with: kill"):
            PrivateServer(tmp_path / "mysql").start()
        pid = int((tmp_path / "mysql/pid").read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with PrivateServer(tmp_path / "mysql") as again:
        assert again.url() == url


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_is_none_is_refused(crossover: Run, port: int) -> None:
    refused = crossover("mysql", "--port", port)
    assert refused.status == 2
    assert "--port" in refused.errors
    assert refused.errors.count("\n") == 1


def test_a_server_that_cannot_start_says_why(server: PrivateServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Address already in use"):
        PrivateServer(tmp_path / "mysql", port=server.port).start()


def test_a_temporary_server_leaves_nothing_behind(server: PrivateServer) -> None:
    with PrivateServer() as temporary:
        folder = temporary.folder
        connect(temporary).close()
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="does not run"):
        temporary.wait()
    with pytest.raises(pymysql.OperationalError, match="refused"):
        connect(temporary)


def test_without_a_server_to_be_had_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="apt-get install mariadb-server-core mariadb-client-core") as problem:
        programs.find_or_install()
    assert "\n" not in str(problem.value)


def test_a_fleet_is_checked_against_the_databases_connections(
    server: PrivateServer, setting: Callable[[str, int], None], crossover: Run
) -> None:
    setting("max_connections", 100)
    fits = crossover("mysql", "check", "--store", f"{server.url()}?size=3", "--pods", 7, "--workers", 4, "--json")
    assert (fits.status, json.loads(fits.output)) == (0, {"needed": 84, "allowed": 100, "fits": True})
    too_many = crossover(
        *("mysql", "check", "--store", f"{server.url()}?size=3", "--pods", 7, "--workers", 4, "--percent", 80)
    )
    assert too_many.status == 1
    assert "84 connections: that does NOT fit the 80" in " ".join(too_many.output.split())


@pytest.mark.parametrize(
    ("store", "told"),
    [("mysql://me@127.0.0.1:1/db", "crossover mysql"), ("mysql://me@127.0.0.1/", "mysql://USER:PASSWORD@HOST")],
)
def test_a_store_that_cannot_be_loaded_is_told_before_any_work(
    store: str, told: str, tmp_path: Path, crossover: Run
) -> None:
    (tmp_path / "tweets.json").write_text("{}")
    (tmp_path / "popular").write_text("")
    done = crossover("etl", tmp_path / "tweets.json", "--popular", tmp_path / "popular", "--store", store)
    assert done.status == 2
    assert told in done.errors
    assert done.errors.count("\n") == 1


def test_tweets_go_through_the_etl(
    url: str, opened: Callable[[str], MysqlStore], tmp_path: Path, crossover: Run
) -> None:
    tweets, popular = tmp_path / "tweets.json", tmp_path / "popular"
    write_tweets(500, 1, popular_tags(popular), tweets)
    done = crossover("etl", tweets, "--popular", popular, "--store", url, "--json")
    assert done.status == 0, done.errors
    store = opened(url)
    assert store.version() == json.loads(done.output)["version"]
    records = [record for record in store.fetch_many([key(each, "both") for each in ids(tweets)]) if record]
    assert len(records) > 50
    assert all(unpack(record) for record in records)


def ids(tweets: Path) -> list[int]:
    """Every user id that the readable tweets of a file have."""
    found = set()
    for line in tweets.read_bytes().split(b"\n"):
        try:
            found.add(json.loads(line)["user"]["id"])
        except (ValueError, KeyError, TypeError):
            continue
    return sorted(each for each in found if isinstance(each, int) and 0 <= each < 2**63)
