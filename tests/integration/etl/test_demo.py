"""The store that is there to try things on."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.runner import InlineRunner, answer_at_once
from crossover.stores import open_store
from functions.twitter.handler import SERVICE
from functions.twitter.record import key, unpack
from local.data.etl import demo
from local.data.etl.pipeline import Progress
from tests.reference.twitter import query_string


class Heard(Progress):
    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)


def test_the_demo_store_is_made_once_and_its_samples_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "TWEETS", 3000)
    folder = tmp_path / "new" / "data"
    folder.mkdir(parents=True)
    (folder / "demo-0123.db").write_bytes(b"of another version, and of no use")
    heard = Heard()
    url = demo.ensure_demo_store(folder, heard)
    assert heard.stages[:2] == ["tweets", "parse"]
    assert heard.stages[-1] == "load"
    made = list(folder.iterdir())
    assert len(made) == 1
    again = Heard()
    assert demo.ensure_demo_store(folder, again) == url
    assert again.stages == []

    samples = demo.samples(url, 6)
    assert len({sample.user_id for sample in samples}) == 6
    assert samples == demo.samples(url, 6)
    store = open_store(url)
    for sample in samples:
        assert answer_at_once(SERVICE, query_string(*sample), InlineRunner(store))
        contacts = unpack(store.fetch(key(sample.user_id, sample.type)) or b"")
        tweets = [tweet for contact in contacts for tweet in contact.tweets]
        assert any(sample.phrase in tweet.text for tweet in tweets)
        assert any(sample.hashtag in tweet.hashtags for tweet in tweets)
    store.close()


def test_a_store_that_is_no_file_has_no_samples() -> None:
    assert demo.samples("mysql://somewhere/else") == []
