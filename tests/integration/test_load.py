"""The server under the load of a thousand connections."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crossover.runner import InlineRunner
from crossover.stores import load, open_store
from functions.qrcode.handler import SERVICE
from functions.twitter import handler as twitter
from local.cli import main
from local.cli.report import UserError
from local.etl.pipeline import Progress, run
from local.etl.popular import read_popular
from local.load import commands
from local.load.mix import Asked, mixed
from local.load.run import Outcome, check_address, send
from local.tweets.files import popular_tags, write_tweets
from tests.support.server import Server, free_port, running_server


def loaded(server: Server, requests: int, connections: int) -> Outcome:
    asked = mixed(SERVICE, min(requests, 10_000), seed=7, runner=InlineRunner())
    assert len({each.result for each in asked}) > 1
    return asyncio.run(send(server.address, asked, requests, connections, progress=lambda _: None))


def test_good_and_bad_requests_over_many_connections_all_get_right_answers() -> None:
    with running_server() as server:
        outcome = loaded(server, 2_000, 100)
        assert (outcome.right, outcome.wrong, dict(outcome.errors)) == (2_000, 0, {})
        assert server.log() == ""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small store of synthetic tweets."""
    folder = tmp_path_factory.mktemp("store")
    popular, tweets = folder / "popular.txt", folder / "tweets.json"
    write_tweets(2_000, 1, popular_tags(popular), tweets, lambda _: None)
    run([tweets], read_popular(popular), f"sqlite:///{folder}/twitter.db", folder, Progress())
    return f"sqlite:///{folder}/twitter.db"


def twitter_mix(url: str, count: int) -> list[Asked]:
    with closing(open_store(url)) as reader:
        return mixed(twitter.SERVICE, count, 7, InlineRunner(reader), url)


def test_the_mix_of_the_twitter_service_asks_for_contacts_of_all_types_and_one_in_five_is_bad(store: str) -> None:
    asked = twitter_mix(store, 1_000)
    good = [each for each in asked if each.result != b"INVALID"]
    assert 750 < len(good) < 850
    assert len({each.result for each in good}) > 10
    assert all(each.result.count(b"\t") >= 3 for each in good)
    for kind in ("both", "reply", "retweet"):
        assert any(f"type={kind}&" in each.path for each in good)


def test_a_store_that_is_not_known_is_asked_the_documented_examples(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    load(url, [])
    examples = {f"/twitter?{example.query}" for example in twitter.SERVICE.examples}
    assert {each.path for each in twitter_mix(url, 50)} == examples


def test_a_running_server_with_a_store_is_loaded_and_told_right_from_wrong(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWITTER_STORE", store)
    with running_server(crossover_services="twitter", twitter_store=store) as server:
        options = ["--url", f"{server.address}/", "--requests", "500", "--connections", "10", "--json"]
        monkeypatch.setattr(sys, "argv", ["crossover", "load", "twitter", *options])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["right"], report["wrong"], report["errors"]) == (500, 0, {})


def test_requests_without_an_answer_do_not_count_as_answered() -> None:
    outcome = asyncio.run(
        send(f"http://127.0.0.1:{free_port()}", [Asked("/qrcode", b"INVALID")], 20, 2, progress=lambda _: None)
    )
    assert (outcome.answered, outcome.errors.total()) == (0, 20)


def test_right_answers_need_the_store_that_the_server_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWITTER_STORE", raising=False)
    with running_server() as server:
        with pytest.raises(UserError, match="TWITTER_STORE is not set"):
            commands.load("twitter", url=server.address, requests=10)
        # A server that knows no path for its health, as a function's front door, is a server all the same.
        assert check_address(f"{server.address}/base/") == f"{server.address}/base"


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "127.0.0.1:8080", "http://", "http://127.0.0.1:0", "http://h:99999", "http://[h", "http://h/?a=b", ""],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="--url is the address of a running server"):
        check_address(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "me:secret@127.0.0.1"])
def test_an_address_where_nobody_answers_is_told(host: str) -> None:
    with pytest.raises(UserError, match=r"no server answers at http://127\.0\.0\.1") as problem:
        check_address(f"http://{host}:{free_port()}")
    assert "secret" not in str(problem.value)


@pytest.mark.heavy
def test_a_hundred_thousand_requests_over_a_thousand_connections_leave_no_trace() -> None:
    with running_server() as server:
        loaded(server, 20_000, 1_000)
        before = server.rss_kb()
        outcome = loaded(server, 100_000, 1_000)
        assert (outcome.right, outcome.wrong, dict(outcome.errors)) == (100_000, 0, {})
        assert server.log() == ""
        assert server.rss_kb() - before < 3_000
