"""Raw tweets through the ETL to both platforms, byte for byte as the reference has it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import pytest

from crossover.lambda_entry import lambda_handler
from functions.twitter.handler import SERVICE
from local.data.etl.pipeline import run
from local.data.etl.popular import read_popular
from local.data.tweets.files import popular_tags, write_tweets
from tests.reference.twitter import Reference, query_string
from tests.support.events import SHAPES, visible
from tests.support.server import Server, running_server


class World(NamedTuple):
    """A served store, what it was made from, and the reference over the same tweets."""

    server: Server
    url: str
    reference: Reference


def made(folder: Path, count: int, seed: int, url: str) -> Reference:
    """Generates tweets and loads them; their reference. The commands that do it are tested with the ETL."""
    tweets, popular = folder / f"{seed}.jsonl", folder / f"{seed}.txt"
    write_tweets(count, seed, popular_tags(popular), tweets, lambda _: None)
    run([tweets], read_popular(popular), url)
    return Reference(tweets.read_bytes().split(b"\n"), popular.read_text().splitlines())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("twitter")
    url = f"sqlite:///{folder}/store.db"
    reference = made(folder, 2000, 11, url)
    with running_server(crossover_services="twitter,qrcode", twitter_store=url) as server:
        yield World(server, url, reference)


def expected(reference: Reference, query: tuple[int, str, str, str]) -> bytes:
    return b"Crossover,000000000000\n" + (reference.answer(*query) or b"INVALID")


@pytest.mark.essential
def test_http_gives_the_reference_s_bytes_for_every_query(world: World) -> None:
    client = HTTPConnection("127.0.0.1", world.server.port)
    listed = 0
    for query in world.reference.queries(400, 3):
        client.request("GET", "/twitter?" + query_string(*query).decode())
        body = client.getresponse().read()
        assert body == expected(world.reference, query), query
        listed += not body.endswith(b"INVALID")
    client.close()
    assert listed > 100


def test_every_event_shape_gives_the_reference_s_bytes(world: World) -> None:
    handler = lambda_handler(SERVICE, {"TWITTER_STORE": world.url, "LOG_SAMPLE_RATE": "0"})
    for query in world.reference.queries(60, 4):
        pairs = parse_qsl(query_string(*query).decode(), encoding="utf-8")
        for shape, event in SHAPES.items():
            status, content_type, _, body = visible(handler(event("/twitter", pairs), None))
            assert (status, content_type) == (200, "text/plain; charset=utf-8")
            assert body == expected(world.reference, query), (shape, query)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "parameter"),
        ("user_id=1&type=both&phrase=a", "parameter"),
        ("user_id=1&user_id=1&type=both&phrase=a&hashtag=b", "parameter"),
        ("user_id=1&type=Both&phrase=a&hashtag=b", "parameter"),
        ("user_id=-1&type=both&phrase=a&hashtag=b", "parameter"),
        ("user_id=%D9%A1&type=both&phrase=a&hashtag=b", "parameter"),
        ("user_id=9223372036854775808&type=both&phrase=a&hashtag=b", "parameter"),
        (f"user_id={'9' * 5000}&type=both&phrase=a&hashtag=b", "parameter"),
        ("user_id=1&type=both&phrase=&hashtag=b", "parameter"),
        ("user_id=1&type=both&phrase=%ff&hashtag=b", "encoding"),
        ("user_id=1&type=both&phrase=a&hashtag=%ed%a0%80", "encoding"),
        ("user_id=1&type=both&phrase=a&hashtag=b", "nothing-to-list"),
        ("user_id=1%27%20or%201=1&type=both&phrase=a&hashtag=b", "parameter"),
    ],
)
def test_bad_input_is_invalid_with_its_reason(world: World, query: str, code: str) -> None:
    status, headers, body = world.server.get(f"/twitter?{query}")
    assert (status, body) == (200, b"Crossover,000000000000\nINVALID")
    assert headers["x-invalid-reason"].startswith(f"{code}: ")


def test_a_store_replaced_while_serving_gives_new_answers_and_fails_no_request(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    before = made(tmp_path, 300, 1, url)
    query = next(each for each in before.queries(300, 1) if before.answer(*each))
    with running_server(crossover_services="twitter", twitter_store=url) as server:
        answers: set[bytes] = set()
        stop = threading.Event()

        def ask() -> None:
            client = HTTPConnection("127.0.0.1", server.port)
            while not stop.wait(0.002):
                client.request("GET", "/twitter?" + query_string(*query).decode())
                answers.add(client.getresponse().read())
            client.close()

        asking = threading.Thread(target=ask)
        asking.start()
        after = made(tmp_path, 300, 2, url)
        stop.wait(0.3)
        stop.set()
        asking.join()
        assert answers == {expected(before, query), expected(after, query)}
        assert server.log() == ""


def test_without_a_store_twitter_alone_is_unavailable() -> None:
    with running_server(crossover_services="twitter,qrcode") as server:
        status, headers, _ = server.get("/twitter?user_id=1&type=both&phrase=a&hashtag=b")
        assert (status, headers["retry-after"]) == (503, "1")
        assert server.get("/qrcode?type=encode&data=a")[0] == 200


def test_a_damaged_record_is_an_error_and_never_a_wrong_answer(tmp_path: Path) -> None:
    from crossover.stores import load
    from functions.twitter.record import key

    url = f"sqlite:///{tmp_path}/store.db"
    load(url, [(key(1, "both"), b"not a record")])
    with running_server(crossover_services="twitter", twitter_store=url) as server:
        assert server.get("/twitter?user_id=1&type=both&phrase=a&hashtag=b")[0] == 500
        assert "the twitter service failed" in server.log()
