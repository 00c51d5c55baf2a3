"""What requests read, in DynamoDB's units."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.stores import load
from local.load.api import PreparedRequest
from local.measure.comparison import storage
from local.measure.comparison.result import Read, Storage

READ = Read(reads=1.0, item_bytes=2550.0, read_blocks=1.5)


@pytest.mark.parametrize(("size", "blocks"), [(0, 1), (1, 1), (4096, 1), (4097, 2), (400_000, 98)])
def test_a_read_costs_whole_blocks_and_a_missing_item_costs_one(size: int, blocks: int) -> None:
    assert storage.blocks(size) == blocks


def test_an_item_is_its_values_and_the_names_of_its_attributes() -> None:
    assert storage.item_bytes(9, 1000) == 9 + 1000 + len("idrecord")


def test_a_store_is_counted_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/some.db"
    load(url, [(b"a" * 9, b"x" * 79), (b"b" * 9, b"x" * 4_979)])
    assert storage.stored(url, READ) == Storage(
        items=2, item_bytes=2550.0, max_item_bytes=5000, read_units=1.5, by_request=READ
    )


def test_a_store_that_would_have_to_be_read_over_a_network_is_not() -> None:
    assert storage.stored("mysql://reader@db/twitter", READ) == Storage(by_request=READ)


def test_requests_are_asked_as_the_service_asks_for_their_records(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/some.db"
    load(url, [(b"other", b"x")])
    asked = [
        PreparedRequest("/twitter?user_id=5&type=both&phrase=a&hashtag=b", b""),
        PreparedRequest("/twitter?user_id=5&type=nonsense&phrase=a&hashtag=b", b"INVALID"),
    ]
    read = storage.read_by("twitter", asked, {"TWITTER_STORE": url})
    assert read == Read(reads=0.5, item_bytes=0.0, read_blocks=1.0)


def test_a_service_without_a_store_reads_nothing() -> None:
    assert storage.read_by("qrcode", [PreparedRequest("/qrcode?type=encode&data=a", b"")], {}) is None
