"""The table of the kept comparison in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.docs.comparison import HEAD, compared
from local.errors import UserError
from local.measure import results
from local.measure.results import Result, write
from tests.support.report import RUN, sample_compare, sample_work


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "REFERENCE_RESULTS", tmp_path)
    return tmp_path / "compare.json"


def rows() -> dict[str, list[str]]:
    """The cells behind the name of each row, but for head and rule."""
    lines = [line.strip("| ").split(" | ") for line in compared().splitlines() if line.startswith("|")]
    assert all(len(line) == len(HEAD) <= 8 for line in lines)
    return {name: cells for name, *cells in lines[2:]}


def test_it_has_a_row_for_each_service_and_for_the_mix_and_tells_the_run(kept: Path) -> None:
    write(sample_compare(("qrcode", "twitter")), kept)
    found = rows()
    assert list(found) == ["qrcode", "twitter", "mix"]
    cpu, rate, lambda_ms, init, cheaper, *prices = found["qrcode"]
    assert (cpu, rate, init) == ("0.141 (0.134-0.148)", "7,076", "380 (361-399)")
    assert lambda_ms == "0.184 (0.175-0.193) (0.113 + 0.0707 + 0.1)"
    assert cheaper.startswith("≈48")
    assert all(price.startswith("$0.") for price in prices)
    assert found["mix"][2:4] == ["-", "-"]
    told = compared().splitlines()[-1]
    assert "`crossover compare --sample`, 2026-11-23, a sample processor, 2 cores, CPython 3.11.7, commit 0123" in told


def test_a_comparison_of_works_alone_has_prices_alone(kept: Path) -> None:
    write(Result(kind="compare", config={}, data={"works": {"qrcode": sample_work("qrcode")}}, **RUN), kept)
    cpu, rate, lambda_ms, init, *_ = rows()["qrcode"]
    assert (cpu, rate, lambda_ms, init) == ("-", "≈7,076", "-", "-")


def test_without_a_kept_comparison_it_says_how_to_make_one() -> None:
    assert compared().startswith("No comparison is kept yet: `make compare`")


def test_a_kept_comparison_that_is_not_whole_is_told(kept: Path) -> None:
    write(Result(kind="compare", config={}, data={}), kept)
    with pytest.raises(UserError, match="missing required field `works`"):
        compared()
