"""The server under the load of a thousand connections."""

from __future__ import annotations

import json
import os
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
from local.load.api import Asked, Outcome, Plan, Total, requests_of
from local.load.api import run as run_load
from local.load.mix import mixed
from local.tweets.files import popular_tags, write_tweets
from tests.support.server import Server, running_server


def loaded(server: Server, requests: int, connections: int) -> Outcome:
    """Behaviour is wanted here: whatever the machine does meanwhile, all answers have to be right."""
    asked = mixed(SERVICE, min(requests, 10_000), seed=7, runner=InlineRunner())
    assert len({each.result for each in asked}) > 1
    plan = Plan(mix={"qrcode": 1}, requests=requests, connections=connections, timeout=60, behaviour=True)
    return run_load(plan, server.address, asked)


def counts(total: Total) -> tuple[int, int, dict[str, int]]:
    return total.right, total.wrong, dict(total.errors)


def test_good_and_bad_requests_over_many_connections_all_get_right_answers() -> None:
    with running_server() as server:
        outcome = loaded(server, 2_000, 100)
        assert counts(outcome.total) == (2_000, 0, {})
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
    with running_server(crossover_services="qrcode,twitter", twitter_store=store) as server:
        options = ["--mix", "qrcode=1,twitter=2", "--requests", "600", "--connections", "10", "--behaviour", "--json"]
        monkeypatch.setattr(sys, "argv", ["crossover", "load", f"{server.address}/", *options])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["right"], report["wrong"], report["errors"]) == (600, 0, {})
    assert 120 < report["services"]["qrcode"]["right"] < 280


def test_right_answers_need_the_store_that_the_server_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWITTER_STORE", raising=False)
    with pytest.raises(UserError, match="TWITTER_STORE is not set"):
        requests_of({"twitter": 1}, 1, os.environ)


@pytest.mark.heavy
def test_a_hundred_thousand_requests_over_a_thousand_connections_leave_no_trace() -> None:
    with running_server() as server:
        loaded(server, 20_000, 1_000)
        before = server.rss_kb()
        outcome = loaded(server, 100_000, 1_000)
        assert counts(outcome.total) == (100_000, 0, {})
        assert server.log() == ""
        assert server.rss_kb() - before < 3_000
