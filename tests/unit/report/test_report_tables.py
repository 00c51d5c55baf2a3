"""Tables out of results: what a run measured, and any experiment."""

from __future__ import annotations

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


def test_what_was_not_measured_has_no_table() -> None:
    assert measured.tables({}) == []
    assert measured.tables({"container": [], "lambda": 3}) == []
    assert measured.splits({}) == []
    assert measured.right_answers({"container": {"qrcode": {"right": 1}}}) == {"container": {}, "lambda": {}}


def test_missing_figures_of_a_service_are_dashes() -> None:
    (table,) = measured.tables({"container": {"qrcode": {"cpu_ms": spread(100)}}})
    assert [each.text for each in table.rows[0][:4]] == ["qrcode", "–", "100", "–"]


def test_discarded_loads_are_listed_with_their_reasons() -> None:
    data = dict(sample_compare().data)
    data["container"] = {"qrcode": {"discarded": ["the generator was at 80 % of a core"]}, "twitter": {"discarded": []}}
    assert list(measured.discarded(data)) == ["qrcode: the generator was at 80 % of a core"]


def test_right_answers_are_counted_of_all_requests() -> None:
    found = measured.right_answers(sample_compare().data)
    assert found["container"]["qrcode"] == {"right": 9_990, "asked": 10_000}
    assert found["lambda"]["twitter"] == {"right": 2_000, "asked": 2_000}
