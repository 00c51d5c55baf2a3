"""Which databases a store's URL names, and which part of a store a load's version says."""

import pytest

from crossover.runner import Unavailable
from crossover.stores.cache_port import split_cache
from crossover.stores.parts import (
    MARK,
    MAX_SHARDS,
    WHOLE,
    LoadingAlone,
    Part,
    WrongPart,
    check_part,
    load_of,
    part_of,
    split_shards,
)


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        ("mysql://me@host/db", ["mysql://me@host/db"]),
        ("mysql://me@a/db|mysql://me@b/db?size=1", ["mysql://me@a/db", "mysql://me@b/db?size=1"]),
        ("sqlite:///a|b|sqlite:///c", ["sqlite:///a|b", "sqlite:///c"]),
        ("mysql://me:a|b@host/db", ["mysql://me:a|b@host/db"]),
    ],
)
def test_a_url_names_one_database_or_several(url, urls):
    assert split_shards(url) == urls


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:secret@a/db|mysql://u:secret@a/db?size=3", "each of its databases once"),
        ("mysql://u:secret@a/db|sqlite:///x", "all of one kind"),
        ("|".join(f"mysql://u:secret@h{at}/db" for at in range(MAX_SHARDS + 1)), "64 databases at most"),
    ],
)
def test_databases_that_cannot_make_a_store_are_refused(url, says):
    with pytest.raises(ValueError, match=says) as refused:
        split_shards(url)
    assert "secret" not in str(refused.value)


def test_the_cache_of_a_divided_store_is_named_in_its_last_url():
    url, cache = split_cache("mysql://me@a/db?size=1|mysql://me@b/db?size=2&cache=local:1MB")
    assert url == "mysql://me@a/db?size=1|mysql://me@b/db?size=2"
    assert cache.size_bytes == 1_000_000


def test_a_version_says_its_part_and_its_load():
    version = MARK.format("c0ffee", 2, 3)
    assert (part_of(version), load_of(version)) == (Part(1, 3), "c0ffee")
    assert (part_of("c0ffee"), load_of("c0ffee")) == (WHOLE, "c0ffee")
    assert part_of(LoadingAlone().version) == WHOLE


@pytest.mark.parametrize("part", [WHOLE, Part(0, 3), Part(1, 2), Part(1, 4)])
def test_another_part_than_expected_is_refused_in_one_line(part):
    check_part("c0ffee.2of3", Part(1, 3))
    with pytest.raises(WrongPart, match="holds part 2 of 3, and the store's URL names it as") as refused:
        check_part("c0ffee.2of3", part)
    assert isinstance(refused.value, Unavailable)
    assert "\n" not in str(refused.value)
    assert str(part) in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///a.db|",
        "|sqlite:///a.db",
        "sqlite:///a.db | sqlite:///b.db",
        "sqlite:///a.db| sqlite:///b.db",
        "a.db|\n",
    ],
)
def test_a_bar_that_divides_nothing_is_no_part_of_a_name(url):
    with pytest.raises(ValueError, match=r"with nothing beside the \|"):
        split_shards(url)
