"""Reading a store back, and loading it over more databases or fewer."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores.dumping import dump
from crossover.stores.parts import WrongPart

RECORDS = {number.to_bytes(8, "big"): b"%d" % number for number in range(100)}


def files(folder, name, count):
    return "|".join(f"sqlite:///{folder}/{name}{at}.db" for at in range(count))


def test_databases_of_different_loads_are_not_made_one(tmp_path):
    for name in ("a", "b"):
        load(files(tmp_path, name, 2), RECORDS.items())
    (tmp_path / "b1.db").replace(tmp_path / "a1.db")
    with pytest.raises(Unavailable, match="different loads: load it again"):
        dump(files(tmp_path, "a", 2))


def test_databases_in_another_order_are_not_read(tmp_path):
    load(files(tmp_path, "a", 2), RECORDS.items())
    with pytest.raises(WrongPart):
        dump("|".join(reversed(files(tmp_path, "a", 2).split("|"))))


def test_a_file_that_is_replaced_before_it_is_read_is_noticed(tmp_path):
    url = files(tmp_path, "a", 1)
    load(url, RECORDS.items())
    reading = dump(url)
    load(url, RECORDS.items())
    with pytest.raises(Unavailable, match="begin again"):
        next(reading)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("delete from records where rowid = 7", "a record is missing"),
        ("update records set record = x'00' where rowid = 7", "checksum"),
        ("drop table gaps", "no store at|cannot be read"),
    ],
)
def test_a_damaged_file_is_not_copied(tmp_path, statement, says):
    load(files(tmp_path, "a", 1), RECORDS.items())
    with closing(sqlite3.connect(tmp_path / "a0.db")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(Unavailable, match=says):
        list(dump(files(tmp_path, "a", 1)))


def test_a_file_that_breaks_while_it_is_read_is_unavailable(tmp_path):
    url = files(tmp_path, "a", 1)
    load(url, [(number.to_bytes(8, "big"), bytes(4_000)) for number in range(500)])
    reading = dump(url)
    next(reading)
    place = Path(tmp_path / "a0.db")
    with place.open("r+b") as file:
        file.truncate(place.stat().st_size // 2)
    with pytest.raises(Unavailable):
        list(reading)


@given(
    st.dictionaries(st.binary(max_size=10), st.binary(max_size=40), max_size=40), st.integers(1, 5), st.integers(1, 5)
)
@settings(max_examples=25, deadline=None)
def test_from_any_number_of_databases_to_any_other_every_record_stays_byte_for_byte(records, before, after):
    with tempfile.TemporaryDirectory() as folder:
        old, new = files(folder, "old", before), files(folder, "new", after)
        load(old, records.items())
        assert load(new, dump(old)).records == len(records)
        assert list(dump(new)) == sorted(records.items())
        for url in (old, new):
            with closing(open_store(url)) as store:
                assert store.fetch_many(list(records)) == list(records.values())
