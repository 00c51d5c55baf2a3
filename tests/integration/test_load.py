"""The server under the load of a thousand connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from crossover.runner import InlineRunner
from crossover.stores import load, open_store
from functions.blockchain.handler import SERVICE as BLOCKCHAIN
from functions.qrcode.handler import SERVICE
from functions.twitter import handler as twitter
from local.cli import main
from local.data.etl.pipeline import Progress, run
from local.data.etl.popular import read_popular
from local.data.tweets.files import popular_tags, write_tweets
from local.errors import UserError
from local.load.api import LoadOutcome, LoadPlan, PreparedRequest, Total, requests_of
from local.load.api import run as run_load
from local.load.process import COMMAND, GeneratorFailedError, GeneratorProcess
from local.workloads.mix import mixed
from tests.support.little_server import PreparedRequest as LittleAsked
from tests.support.little_server import in_a_thread
from tests.support.server import Server, running_server


def loaded(server: Server, requests: int, connections: int) -> LoadOutcome:
    """Behaviour is wanted here: whatever the machine does meanwhile, all answers have to be right."""
    asked = mixed(SERVICE, min(requests, 10_000), seed=7, runner=InlineRunner())
    assert len({each.result for each in asked}) > 1
    plan = LoadPlan(mix={"qrcode": 1}, requests=requests, connections=connections, timeout=60, behaviour=True)
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


def twitter_mix(url: str, count: int) -> list[PreparedRequest]:
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
        assert crossover(monkeypatch, "load", f"{server.address}/", *options) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["right"], report["wrong"], report["errors"]) == (600, 0, {})
    assert 120 < report["services"]["qrcode"]["right"] < 280


def test_right_answers_need_the_store_that_the_server_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWITTER_STORE", raising=False)
    with pytest.raises(UserError, match="TWITTER_STORE is not set"):
        requests_of({"twitter": 1}, 1, os.environ)


def crossover(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    """Runs the command; tells its exit status."""
    monkeypatch.setattr(sys, "argv", ["crossover", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


async def well(asked: LittleAsked) -> None:
    await asked.answer(b"result")


ASKED = [PreparedRequest("/qrcode?a", b"result"), PreparedRequest("/twitter?b", b"result")]


def test_several_processes_share_a_load_and_their_counts_are_put_together() -> None:
    plan = LoadPlan(mix={"qrcode": 1, "twitter": 1}, requests=101, processes=2, connections=3, cores=cores())
    told = []
    with in_a_thread(well) as server:
        outcome = run_load(plan, server.address, ASKED, watch=lambda: told.append(len(server.heads)) or len(told))
    assert counts(outcome.total) == (101, 0, {})
    # One process sends the even ones, the other the odd ones.
    assert [each.right for each in outcome.services.values()] == [51, 50]
    assert len(outcome.cpu_shares) == 2
    assert (server.connections - 1, len(server.heads)) == (3, 101)
    assert outcome.watched == (1, 2)
    assert told[1] == 101


def cores() -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def test_a_rate_that_no_generator_keeps_is_discarded() -> None:
    plan = LoadPlan(mix={"qrcode": 1}, rate=200_000, seconds=0.3, backlog=100, timeout=2)
    with in_a_thread(well) as server:
        outcome = run_load(plan, server.address, ASKED[:1])
    assert outcome.discarded
    assert outcome.total.errors["not sent"] > 0
    assert outcome.total.wrong == 0


def test_a_lying_server_ends_the_command_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_a_thread(well) as server:
        options = ("--service", "qrcode", "--rate", "200", "--requests", "20", "--arrivals", "fixed", "--cores", "0")
        assert crossover(monkeypatch, "load", server.address, *options[: None if cores() else -2]) == 1
    said = capsys.readouterr().out
    assert "qrcode" in said
    assert [line.split() for line in said.splitlines() if "wrong" in line] == [["│", "wrong", "│", "20", "│"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("http://192.0.2.1", "--service", "qrcode"), "is not this machine; --remote allows"),
        (("http://127.0.0.1:1",), "one of --service twitter, --mix"),
        (("--service", "qrcode", "--mix", "qrcode=1"), "one of --service twitter, --mix"),
        (("--service", "nosuch"), "the bundle has"),
        (("--mix", "nosuch=1"), "the bundle has"),
        (("--service", "qrcode", "--cores", "a"), "--cores"),
        (("--service", "qrcode", "--rate", "nan"), "is not one number"),
        (("--service", "qrcode", "--arrivals", "bursts"), "poisson"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover(monkeypatch, "load", *arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert (told.out, told.err.count("\n")) == ("", 1)


def test_without_a_url_a_server_is_started_and_its_cpu_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover(monkeypatch, "load", "--service", "qrcode", "--requests", "500", "--behaviour", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["right"] == 500
    assert report["server_cpu_us_per_request"] > 0


def test_a_generator_whose_parent_is_gone_ends() -> None:
    with in_a_thread(well) as server:
        target = {"ip": "127.0.0.1", "port": server.port, "host": "x", "base": "", "tls_name": ""}
        plan = LoadPlan(mix={"qrcode": 1}, seconds=1_000, connections=1).as_data()
        job = {"plan": plan, "process": 0, "target": target, "requests": [["qrcode", "/a", 0]], "results": ["result"]}
        for start in ("", f"{time.monotonic()}\n"):
            worker = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            with worker:
                assert worker.stdin is not None
                assert worker.stdout is not None
                worker.stdin.write(f"{json.dumps(job)}\n{start}")
                worker.stdin.close()
                assert json.loads(worker.stdout.readline()) == {"ready": 0}
                worker.stdout.close()
                assert worker.wait(30) == (1 if start else 0)


def test_a_generator_that_fails_is_told() -> None:
    generator = GeneratorProcess({"process": 0})
    with closing(generator), pytest.raises(GeneratorFailedError, match="did not start"):
        generator.wait_until_ready(time.monotonic() + 30)


def test_no_requests_are_no_load() -> None:
    with pytest.raises(UserError, match="no requests"):
        run_load(LoadPlan(mix={"qrcode": 1}, requests=1), "http://127.0.0.1:1", [])


def test_requests_for_somebody_who_is_not_in_the_mix_are_refused() -> None:
    with pytest.raises(UserError, match="not in the mix"):
        run_load(LoadPlan(mix={"qrcode": 1}, requests=1), "http://127.0.0.1:1", ASKED)


@pytest.mark.heavy
def test_a_hundred_thousand_requests_over_a_thousand_connections_leave_no_trace() -> None:
    with running_server() as server:
        loaded(server, 20_000, 1_000)
        before = server.rss_kb()
        outcome = loaded(server, 100_000, 1_000)
        assert counts(outcome.total) == (100_000, 0, {})
        assert server.log() == ""
        assert server.rss_kb() - before < 3_000


@pytest.mark.heavy
def test_a_hundred_thousand_blocks_are_asked_for_a_third_in_vain_and_every_answer_is_right() -> None:
    asked = mixed(BLOCKCHAIN, 20_000, seed=7, runner=InlineRunner())
    assert 0.3 < sum(each.result == b"INVALID" for each in asked) / len(asked) < 0.36
    with running_server(crossover_services="blockchain") as server:
        plan = LoadPlan(mix={"blockchain": 1}, requests=100_000, connections=1_000, timeout=60, behaviour=True)
        outcome = run_load(plan, server.address, asked)
        assert counts(outcome.total) == (100_000, 0, {})
        assert server.log() == ""
