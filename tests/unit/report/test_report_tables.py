"""Tables out of results: what a run measured, and any experiment."""

from __future__ import annotations

from typing import Any

from local.measure.comparison.result import Comparison, comparison_of
from local.report import experiments, measured
from local.report.experiments import Cell, cell, tables
from tests.support.report import sample_compare, spread


def test_a_spread_is_its_median_with_the_rest_behind_it() -> None:
    found = cell(spread(1234.5, 0.1, 7))
    assert found == Cell("1,234", True, "the median, from 1,111 to 1,358, 7 runs", "1,111–1,358", 1234.5)


def test_one_run_has_no_spread() -> None:
    assert cell(spread(3, 0, 1)) == Cell("3", True, "of one run", "", 3)


def test_small_numbers_are_written_out() -> None:
    assert cell(0.00000299).text == "0.00000299"


def test_the_first_column_of_spreads_is_drawn_as_bars() -> None:
    (table,) = tables({"rows": [{"change": "a", "n": 1, "us": spread(2)}, {"change": "b", "n": 2, "us": spread(4)}]})
    assert table.numeric == (False, True, True)
    assert table.bars == (2, 4)


def test_plain_values_are_written_plainly() -> None:
    shown = [cell(value).text for value in (True, False, None, 3, 1234567, 0.12345, "a text", [1, 2], [])]
    assert shown == ["yes", "no", "–", "3", "1,234,567", "0.1235", "a text", "1, 2", "–"]


def test_a_list_of_rows_is_one_table_with_every_key_as_a_column() -> None:
    (table,) = tables({"rows": [{"change": "one", "latency_ms": {"p50": 1}}, {"change": "two", "rate": 5}]})
    assert table.title == "rows"
    assert table.columns == ("change", "latency ms p50", "rate")
    assert [[each.text for each in row] for row in table.rows] == [["one", "1", ""], ["two", "", "5"]]


def test_a_table_of_tables_is_one_table_with_the_keys_as_its_first_column() -> None:
    values, table = tables({"seconds": 3, "functions": {"A": {"init_ms": spread(1)}, "B": {"init_ms": spread(2)}}})
    assert [each.text for each in values.rows[0]] == ["seconds", "3"]
    assert [row[0].text for row in table.rows] == ["A", "B"]


def test_what_is_too_wide_becomes_several_tables() -> None:
    wide = {f"n{at}": {"a": at, "b": at} for at in range(10)}
    found = list(tables({"schemas": {"packed": {"disk": 1, "each": wide}, "wide": {"disk": 2, "each": wide}}}))
    assert [table.title for table in found] == [
        *("schemas: packed", "schemas: packed: each", "schemas: wide", "schemas: wide: each"),
    ]


def test_what_nobody_foresaw_is_bounded() -> None:
    deep: dict[str, object] = {"a": 1}
    for _ in range(200):
        deep = {"b": deep, "c": 1}
    assert len(list(tables(deep))) < 50
    (table,) = tables({"rows": [{f"k{at}": "x" * 10_000 for at in range(500)}] * 1000})
    assert len(table.rows) <= experiments.MAX_ROWS
    assert len(table.columns) <= 2 * experiments.MAX_COLUMNS
    assert len(table.rows[0][0].text) <= experiments.MAX_TEXT


def sample(**changes: Any) -> Comparison:
    return comparison_of(sample_compare(**changes))


def test_what_was_not_measured_has_no_table() -> None:
    bare = Comparison(works={})
    assert measured.platforms(bare) == []
    assert measured.splits(bare) == []
    assert measured.conditions(bare) == []
    assert measured.stored(None) == []
    assert measured.right_answers(bare.container) == {}


def test_figures_that_were_not_measured_are_dashes() -> None:
    late = {**sample_compare().data["container"]["qrcode"], "latency_ms": None}
    table = measured.container(sample(container={"qrcode": late}))
    assert [cell.text for cell in table.rows[0][:9]] == ["qrcode", "500", "0.1413", *"–––––", "10,000"]
    calibrated = {"qrcode": {"memory": {}}}
    assert [cell.text for cell in measured.starts(sample(**{"lambda": calibrated})).rows[0][:4]] == [
        *("qrcode", "–", "–", "0"),
    ]


def test_every_figure_stands_below_its_heading() -> None:
    container, durations, starts = measured.platforms(sample())
    assert {len(row) for row in container.rows} == {len(container.columns)}
    assert {len(row) for row in durations.rows} == {len(durations.columns)}
    assert {len(row) for row in starts.rows} == {len(starts.columns)}
    row = dict(zip(container.columns, (cell.text for cell in container.rows[1]), strict=True))
    assert (row["service"], row["p99.9, ms"], row["max, ms"], row["bytes out"]) == ("qrcode", "11.8", "23.4", "700")


def test_parts_of_a_run_that_are_empty_have_no_table() -> None:
    ran = sample(placing="on core 1", calibrated={}, findings=[], rounds=None)
    (table,) = measured.conditions(ran)
    assert [[cell.text for cell in row] for row in table.rows] == [["placing", "on core 1"]]


def test_the_stores_table_has_what_was_measured_of_it() -> None:
    (table,) = measured.stored(sample().storage)
    assert table.title == measured.STORED
    assert [row[0].text for row in table.rows] == ["items", "item bytes", "max item bytes", "read units"]


def test_discarded_loads_are_listed_with_their_reasons() -> None:
    figures = sample_compare().data["container"]
    late = {**figures["qrcode"], "discarded": ["the generator was at 80 % of a core"]}
    ran = sample(container={"qrcode": late, "twitter": figures["twitter"]})
    assert list(measured.discarded(ran)) == ["qrcode: the generator was at 80 % of a core"]


def test_right_answers_are_counted_of_all_requests() -> None:
    ran = sample()
    assert measured.right_answers(ran.container)["qrcode"] == (9_990, 10_000)
    assert measured.right_answers(ran.functions)["twitter"] == (2_000, 2_000)
