"""What a cache would answer: formula and simulation against each other and against a plain cache."""

from __future__ import annotations

import json
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cli import create_app
from local.errors import UserError
from local.workloads.popularity import Group, che, counted, drawn, lru, zipf


def plain_lru(requests, size, warm):
    """The share of hits of a cache as one would write it down."""
    kept = OrderedDict()
    hits = 0
    for at, key in enumerate(requests):
        if key in kept:
            hits += at >= warm
            kept.move_to_end(key)
        else:
            kept[key] = None
            if len(kept) > size:
                kept.popitem(last=False)
    return hits / max(1, len(requests) - warm)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=60), st.integers(0, 10))
def test_the_simulation_is_a_plain_cache_of_every_size(requests, warm):
    warm = min(warm, len(requests) - 1)
    sizes = [0, 1, 2, 3, 5, 9, 20]
    plain = [plain_lru(requests, size, warm) if size else 0.0 for size in sizes]
    assert lru(requests, sizes, warm) == pytest.approx(plain)


@pytest.mark.parametrize("exponent", [0.0, 0.6, 0.9, 1.2])
def test_the_formula_and_the_simulation_agree(exponent):
    sizes = [20, 100, 400]
    found = lru(drawn(1_000, exponent, 30_000, 1), sizes, 10_000)
    assert [che(zipf(1_000, exponent), size) for size in sizes] == pytest.approx(found, abs=0.015)


def test_groups_of_ranks_stand_for_them():
    grouped = zipf(6_000, 0.9)
    total = sum(rank**-0.9 for rank in range(1, 6_001))
    single = [Group(rank**-0.9 / total, 1) for rank in range(1, 6_001)]
    assert sum(group.share * group.keys for group in grouped) == pytest.approx(1)
    assert sum(group.keys for group in grouped) == 6_000
    assert che(grouped, 600) == pytest.approx(che(single, 600), abs=0.0005)


def test_a_cache_of_everything_and_of_nothing():
    assert che(zipf(10, 1), 10) == 1.0
    assert che(zipf(10, 1), 0) == 0.0
    assert lru([], [1]) == [0.0]


def test_counted_requests_are_a_popularity():
    assert sorted(counted("aaab")) == [Group(0.25, 1), Group(0.75, 1)]


def run(capsys, *options):
    create_app()(["cache", "--json", *options], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_the_command_answers_for_a_law_and_for_a_log(capsys, tmp_path):
    by_law = run(capsys, "--keys", "500", "--requests", "3000")
    assert [row["entries"] for row in by_law["sizes"]][-1] == 500
    assert by_law["sizes"][-1]["hit_ratio"] == 1.0
    line = '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /twitter?user_id={}&type=reply HTTP/1.1" 200 5\n'
    log = tmp_path / "log"
    log.write_text("no line\n" + "".join(line.format(user) for user in (1, 2, 1, 1)))
    by_log = run(capsys, "--log", str(log))
    assert (by_log["keys"], by_log["requests"]) == (2, 4)
    assert by_log["sizes"][-1]["simulated_hit_ratio"] == 0.5
    assert run(capsys, "--log", str(log), "--parameters", "")["keys"] == 2
    wrong = {("--log", str(log), "--parameters", "x"): "no request with x", ("--log", "none"): "cannot read none"}
    for options, says in wrong.items():
        with pytest.raises(UserError, match=says):
            run(capsys, *options)


def test_the_table_has_a_row_for_each_size(capsys):
    create_app()(["cache", "--keys", "100", "--requests", "100"], standalone_mode=False)
    assert "100.0%" in capsys.readouterr().out
