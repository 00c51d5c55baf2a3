"""`crossover reshard`."""

import json

import pytest
import typer.testing

from crossover.stores import load
from crossover.stores.dumping import dump
from local.cli import create_app
from local.errors import UserError

RECORDS = {number.to_bytes(8, "big"): b"%d" % number for number in range(2_500)}


def files(folder, name, count):
    return "|".join(f"sqlite:///{folder}/{name}{at}.db" for at in range(count))


def run(*arguments):
    return typer.testing.CliRunner().invoke(create_app(), ["reshard", *arguments])


def test_a_store_is_loaded_over_more_databases_and_over_fewer(tmp_path):
    urls = [files(tmp_path, name, count) for name, count in (("one", 1), ("three", 3), ("two", 2))]
    load(urls[0], RECORDS.items())
    done = json.loads(run(urls[0], urls[1], "--json").output)
    assert done["records"] == len(RECORDS)
    assert sum(done["figures"].values()) == len(RECORDS)
    shown = run(urls[1], urls[2])
    assert shown.exit_code == 0
    assert "records in database 2" in shown.output
    assert [dict(dump(url)) for url in urls] == [RECORDS] * 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda old, new: (new, old), "no store at"),
        (lambda old, new: ("redis://host", new), "a store's URL begins with"),
        (lambda old, new: (old, old.split("|")[0]), "holds part 1 of 2"),
    ],
)
def test_what_cannot_be_read_or_loaded_is_one_line(tmp_path, change, says):
    old = files(tmp_path, "old", 2)
    load(old, RECORDS.items())
    failed = run(*change(old, files(tmp_path, "new", 3)))
    assert isinstance(failed.exception, UserError)
    assert says in str(failed.exception)
    assert "\n" not in str(failed.exception)
    assert dict(dump(old)) == RECORDS
