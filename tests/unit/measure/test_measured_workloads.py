"""Workloads of the cost model, made of measurements."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from local.cli.cost_options import work_of
from local.cost import files
from local.cost.errors import CostError
from local.errors import UserError
from local.measure.comparison import workloads
from local.measure.comparison.result import ContainerFigures, FunctionFigures, Read, SizeFigures
from local.measure.results import Result
from local.measure.statistics import Spread


def spread(median: float) -> Spread:
    return Spread(median, median / 2, median * 2, 3)


CONTAINER = ContainerFigures(
    cpu_ms=spread(0.125),
    rate=100,
    requests=1_000,
    right=1_000,
    wrong=0,
    errors=0,
    peak_mb=53.2,
    bytes_in=700_000,
    bytes_out=300_500,
)
FUNCTION = FunctionFigures(
    memory={
        "128": SizeFigures(duration_ms=spread(1.75), billed_ms=2.4),
        "1769": SizeFigures(duration_ms=spread(1.5), billed_ms=2.0),
    },
    cpu_ms=spread(1.25),
    init_ms=spread(350.0),
)


def derived(read: Read | None = None, database: float = 0.0) -> Any:
    return workloads.derive("qrcode", CONTAINER, FUNCTION, read, database)


def test_a_work_is_what_was_measured() -> None:
    assert derived() == {
        "name": "qrcode",
        "source": workloads.SOURCE,
        "measured": True,
        "cpu_ms": 0.125,
        "wait_ms": 0.25,
        "lambda_cpu_ms": 1.125,
        "lambda_ms": {"128": 1.75, "1769": 1.5},
        "lambda_billed_ms": {"128": 2.4, "1769": 2.0},
        "lambda_emulated": {"128": 1, "1769": 1},
        "init_ms": 350.0,
        "cold_share": 0.0001,
        "memory_mb": 54,
        "request_bytes": 300.5,
        "response_bytes": 700.0,
        "requests_per_connection": 100,
        "connection_seconds": 10,
    }


def test_a_service_with_a_store_reads_what_its_requests_read() -> None:
    work = derived(Read(reads=0.9, item_bytes=966.25, read_blocks=1.04), 5834)
    assert {name: work[name] for name in ("queries", "queries_per_vcpu", "reads", "item_bytes", "read_blocks")} == {
        "queries": 0.9,
        "queries_per_vcpu": 5834,
        "reads": 0.9,
        "item_bytes": 966.25,
        "read_blocks": 1.04,
    }


def test_the_cost_model_takes_the_work_as_it_was_written_down(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(workloads.toml_of({**derived(), "source": 'say "so"'}))
    work = files.workload(str(path))
    assert work.measured
    assert work.source == 'say "so"'
    assert work.duration_ms(128, Fraction(1)) == Fraction(7, 4)
    assert work.billed_ms(128, Fraction(1)) == Fraction(12, 5)
    # At a size that was not measured: 0.125 ms in the container, and 1.125 ms that Lambda's way takes more.
    assert work.duration_ms(1000, Fraction(1)) == Fraction("1.25") * 1769 / 1000 + Fraction("0.25")
    assert workloads.parse({**derived(), "source": 'say "so"'}, "here") == work


def test_a_work_of_somebody_elses_comes_from_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "theirs.toml"
    path.write_text('name = "qrcode"\nsource = "a friend"\ncpu_ms = 0.25\nlambda_ms = { "128" = 1.5 }\n')
    assert workloads.read_file(path) == {
        "qrcode": {"name": "qrcode", "source": "a friend", "cpu_ms": 0.25, "lambda_ms": {"128": 1.5}}
    }


def result_file(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(json.dumps(asdict(Result(kind="compare", config={}, data=data))))
    return path


def test_a_result_of_a_comparison_brings_all_its_works(tmp_path: Path) -> None:
    path = result_file(tmp_path / "compare.json", {"works": {"qrcode": derived()}})
    assert workloads.read_file(path) == {"qrcode": derived()}


@pytest.mark.parametrize("data", [{}, {"works": {}}, {"works": {"qrcode": 1}}, {"works": {"qrcode": {"name": "x"}}}])
def test_a_result_without_works_that_can_be_used_is_refused(tmp_path: Path, data: dict[str, Any]) -> None:
    with pytest.raises((CostError, UserError)):
        workloads.read_file(result_file(tmp_path / "compare.json", data))


def test_a_measured_mix_says_what_it_took_more_than_its_services_alone() -> None:
    alone = CONTAINER.cpu_ms.median
    mixed = replace(CONTAINER, cpu_ms=spread(alone * 1.5))
    assert workloads.mix_factor({"a": CONTAINER, "b": CONTAINER, "mix": mixed}, {"a": 1, "b": 3}) == 1.5
    assert workloads.mix_factor({"a": CONTAINER, "b": CONTAINER}, {"a": 1, "b": 1}) == 1
    assert workloads.mix_factor({"a": CONTAINER, "mix": mixed}, {"a": 1}) == 1
    assert workloads.mix_factor({"a": CONTAINER, "mix": mixed}, {"a": 1, "b": 1}) == 1


KEPT = Path(__file__).parents[3] / "docs" / "results" / "compare.json"


def test_a_comparison_is_a_mix_for_the_commands_that_price() -> None:
    measured = work_of(str(KEPT))
    assert not measured.assumed
    assert [work.name for work, _ in measured.shares] == ["qrcode", "blockchain", "twitter"]
    chosen = work_of(f"{KEPT}:qrcode=3,twitter=1")
    assert [(work.name, share) for work, share in chosen.shares] == [
        ("qrcode", Fraction(3, 4)),
        ("twitter", Fraction(1, 4)),
    ]


def test_a_comparison_without_the_service_and_a_file_that_is_none_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no moon; it has qrcode, blockchain, twitter"):
        work_of(f"{KEPT}:moon=1")
    with pytest.raises(UserError, match="cannot read"):
        work_of(str(tmp_path / "nosuch.json"))
