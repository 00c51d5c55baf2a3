"""Synthetic tweets: the same for the same seed, and as many as asked for."""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from local.data.etl.parsing import Row, parse
from local.data.etl.parts import is_utf8
from local.data.tweets.files import popular_tags, write_tweets
from local.data.tweets.generator import Generator
from local.errors import UserError

TAGS = ["now", "Today"]


def test_the_same_seed_makes_the_same_tweets_and_another_seed_others() -> None:
    def digest(count: int, seed: int) -> str:
        return sha256(b"".join(Generator(count, seed, TAGS).blocks())).hexdigest()

    assert digest(300, 1) == digest(300, 1)
    assert len({digest(300, 1), digest(300, 2), digest(301, 1)}) == 3


@pytest.mark.parametrize("count", [1, 999, 2500])
def test_there_are_as_many_valid_tweets_as_asked_for(count: int) -> None:
    parsed = [parse(line) for line in Generator(count, 3, TAGS).lines() if is_utf8(line)]
    assert len({row.id for row in parsed if isinstance(row, Row)}) == count


def test_popular_tags_are_among_the_most_used() -> None:
    parsed = [parse(line) for line in Generator(500, 3, TAGS).lines() if is_utf8(line)]
    used = [tag for row in parsed if isinstance(row, Row) for tag in row.hashtags]
    assert used.count("now") > 50


def test_a_name_in_gz_is_zipped_with_the_same_bytes_every_time(tmp_path: Path) -> None:
    made: list[int] = []
    for name in ("a.json", "a.json.gz", "b.json.gz"):
        assert write_tweets(1500, 4, TAGS, tmp_path / "new" / name, made.append) == (
            (tmp_path / "new" / name).stat().st_size
        )
    plain, first, second = sorted((tmp_path / "new").iterdir())
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()
    assert first.read_bytes() == second.read_bytes()
    assert sum(made) == 3 * 1500


def test_a_popular_list_is_written_where_there_is_none_and_left_alone_where_there_is(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "popular.txt"
    shipped = popular_tags(path)
    assert "now" in shipped
    assert popular_tags(path) == shipped
    path.write_text("Mine\n")
    assert popular_tags(path) == ["mine"]
    assert path.read_text() == "Mine\n"
    path.write_bytes(b"\xff")
    with pytest.raises(UserError):
        popular_tags(path)
