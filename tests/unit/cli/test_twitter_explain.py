"""`crossover twitter explain`."""

import json

import pytest
import typer.testing

from crossover.stores import load
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import key, pack
from local.cli import create_app
from local.errors import UserError

QUERY = "user_id=42&type=reply&phrase=ha&hashtag=Tea"


@pytest.fixture
def url(tmp_path):
    contacts = [
        Contact(2**62, "some", "one", 4, 3, 11, (TaggedText("hahaha", ("tea", "x")), TaggedText("ha", ()))),
        Contact(3, "[bold]other", "", 1, 0, 0, (TaggedText("none", ()),)),
    ]
    url = f"sqlite:///{tmp_path}/records.db"
    load(url, [(key(42, "reply"), pack(contacts)), (key(43, "reply"), b"damaged")])
    return url


def run(*arguments, **environment):
    return typer.testing.CliRunner().invoke(
        create_app(), ["twitter", "explain", *arguments], env={"TWITTER_STORE": None} | environment
    )


def test_it_prints_counts_and_scores_multiplied_out(url):
    ran = run(QUERY, "--store", url)
    assert ran.exit_code == 0
    row = next(line for line in ran.output.splitlines() if str(2**62) in line)
    assert row.split() == [str(2**62), "4", "3", "11", "5", "2.48491", "1.69315", "2.79176", "11.74581"]


def test_the_store_may_come_from_the_environment_and_the_report_be_json(url):
    ran = run(QUERY, "--json", TWITTER_STORE=url)
    first, second = json.loads(ran.output)
    assert first["matches"] == 5
    assert first["tweets"][0] == {
        "text": "hahaha",
        "hashtags": ["tea", "x"],
        "phrase_at": [0, 2, 4],
        "hashtag_matches": 1,
    }
    assert (second["user_id"], second["screen_name"], second["final"]) == (3, "[bold]other", 1.09861)


@pytest.mark.parametrize(
    ("query", "store", "says"),
    [
        ("user_id=x&type=reply&phrase=ha&hashtag=tea", None, "user_id is no whole number"),
        ("user_id=1&type=reply&phrase=ha&hashtag=tea", None, "nothing-to-list"),
        (QUERY, "sqlite:////no/such/file", "no store at"),
        (QUERY, "nothing", "begins with"),
        (QUERY.replace("42", "43"), None, "make a store with crossover etl"),
    ],
)
def test_what_cannot_be_explained_is_one_line(url, query, store, says):
    ran = run(query, "--store", store or url)
    assert isinstance(ran.exception, UserError) or ran.exit_code == 2
    assert says in str(ran.exception) + ran.output
