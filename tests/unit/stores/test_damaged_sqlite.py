"""Whatever happens to a store's file in its place, an answer is right, an old one, or `Unavailable`."""

import random
import shutil
import sqlite3
from contextlib import closing, suppress

import pytest

from crossover.runner import Unavailable
from crossover.stores import load, open_store
from crossover.stores import sqlite as adapter
from crossover.stores.sealing import Damaged

CHANCE = random.Random(1)
RECORDS = {
    user.to_bytes(8, "big") + bytes((kind,)): CHANCE.randbytes(CHANCE.choice((30, 200, 1_500, 9_000)))
    for user in range(1, 500, 3)
    for kind in (1, 2, 3)
    if (user + kind) % 5
}
ABSENT = [user.to_bytes(8, "big") + b"\1" for user in (0, 2, 77 * 3, 600)]
INDEX_PAGES = (2, 10)
"""The first byte of an interior and of a leaf page of an index (SQLite file format, 1.6)."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a whole store."""
    path = tmp_path_factory.mktemp("whole") / "records.db"
    load(f"sqlite:///{path}", RECORDS.items())
    return path.read_bytes()


def asked(store, keys):
    """What each key is answered; keys that get `Unavailable` are left out."""
    answers = {}
    for key in keys:
        with suppress(Unavailable):
            answers[key] = store.fetch(key)
    return answers


def bits(data, count, pages):
    """`count` bits of the pages whose first byte is one of `pages`, or of all of them."""
    starts = range(0, len(data), adapter.PAGE_BYTES)
    chosen = [at for at in starts if pages is None or data[at] in pages]
    chance = random.Random(2)
    return [
        8 * (chance.choice(chosen) + chance.randrange(adapter.PAGE_BYTES)) + chance.randrange(8) for _ in range(count)
    ]


@pytest.mark.parametrize(("pages", "count"), [(None, 200), (INDEX_PAGES, 120)])
def test_no_flipped_bit_makes_a_wrong_answer(tmp_path, whole, pages, count):
    path = tmp_path / "records.db"
    expected = {key: RECORDS.get(key) for key in [*RECORDS, *ABSENT]}
    answered = 0
    for bit in bits(whole, count, pages):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with suppress(Unavailable), closing(open_store(f"sqlite:///{path}")) as store:
            keys = random.Random(bit).sample(list(expected), 40)
            answers = asked(store, keys)
            assert answers == {key: expected[key] for key in answers}, bit
            with suppress(Unavailable):
                assert store.fetch_many(keys) == [expected[key] for key in keys], bit
            answered += len(answers)
    assert answered > 20 * count


def edited(tmp_path, statement, *parameters):
    """A store that was changed by hand."""
    path = tmp_path / "records.db"
    load(f"sqlite:///{path}", RECORDS.items())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, parameters)
    return open_store(f"sqlite:///{path}")


FIRST, SECOND, *_ = RECORDS


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("delete from records where key = ?", (FIRST,)),
        ("update records set key = x'00' where key = ?", (FIRST,)),
        ("update records set record = cast(record as text) where key = ?", (FIRST,)),
        ("update records set record = (select record from records where key = ?) where key = ?", (SECOND, FIRST)),
    ],
)
def test_a_record_that_was_exchanged_or_removed_is_never_answered_as_another_or_as_absent(
    tmp_path, statement, parameters
):
    with closing(edited(tmp_path, statement, *parameters)) as store:
        with pytest.raises(Unavailable):
            store.fetch(FIRST)
        with pytest.raises(Unavailable):
            store.fetch_many([FIRST])
        assert store.fetch(list(RECORDS)[5]) == RECORDS[list(RECORDS)[5]]


@pytest.mark.parametrize(
    "statement", ["delete from gaps", "update gaps set upper = x'02'", "update gaps set lower = 'a' || rowid"]
)
def test_a_key_whose_absence_cannot_be_proven_is_unavailable(tmp_path, statement):
    statement = statement.replace("rowid", "hex(lower)")
    with closing(edited(tmp_path, statement)) as store, pytest.raises(Damaged):
        store.fetch(ABSENT[1])


def test_a_store_of_an_earlier_version_is_refused_by_one_line_that_says_to_load_it_again(tmp_path):
    path = tmp_path / "records.db"
    load(f"sqlite:///{path}", [])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma user_version = 1")
    with pytest.raises(Unavailable, match="another version of Crossover made it; load it again with crossover etl"):
        open_store(f"sqlite:///{path}")


def new_store(tmp_path):
    path = tmp_path / "new.db"
    load(f"sqlite:///{path}", ((key, record[::-1]) for key, record in RECORDS.items()))
    return path


@pytest.mark.parametrize("step", [4_096, 50_000])
def test_a_file_that_is_overwritten_in_place_gives_old_answers_new_ones_or_none(tmp_path, whole, step):
    path = tmp_path / "records.db"
    path.write_bytes(whole)
    data = new_store(tmp_path).read_bytes()
    keys = random.Random(3).sample(list(RECORDS), 60)
    with closing(open_store(f"sqlite:///{path}")) as store:
        with path.open("r+b") as file:
            file.truncate()  # as `cp` and `: > file` do
            for start in range(0, len(data), step):
                file.write(data[start : start + step])
                file.flush()
                store.version()
                for key, record in asked(store, keys).items():
                    assert record in (RECORDS[key], RECORDS[key][::-1])
        store.version()
        assert asked(store, keys) == {key: RECORDS[key][::-1] for key in keys}


def test_a_file_that_is_emptied_in_place_does_not_end_the_process(tmp_path, whole):
    path = tmp_path / "records.db"
    path.write_bytes(whole)
    with closing(open_store(f"sqlite:///{path}")) as store:
        path.write_bytes(b"")
        answers = asked(store, RECORDS)
        assert answers == {key: RECORDS[key] for key in answers}
        shutil.copyfile(new_store(tmp_path), path)
        store.version()
        assert asked(store, RECORDS) == {key: record[::-1] for key, record in RECORDS.items()}


def test_pages_kept_from_before_a_file_was_overwritten_are_read_again(tmp_path, whole):
    path = tmp_path / "records.db"
    path.write_bytes(whole)
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert store.fetch(FIRST) == RECORDS[FIRST]
        damaged = bytearray(whole)
        damaged[adapter.PAGE_BYTES :] = bytes(len(whole) - adapter.PAGE_BYTES)
        path.write_bytes(damaged)
        asked(store, RECORDS)
        path.write_bytes(whole)
        store._reopen_at = 0.0
        assert asked(store, RECORDS) == RECORDS


def test_an_absent_key_is_absent_again_once_a_damaged_file_was_restored(tmp_path, whole):
    with closing(edited(tmp_path, "delete from gaps")) as store:
        with pytest.raises(Damaged):
            store.fetch(ABSENT[1])
        (tmp_path / "records.db").write_bytes(whole)
        store._reopen_at = 0.0
        assert store.fetch(ABSENT[1]) is None
