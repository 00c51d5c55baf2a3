"""The experiments' parts that need no server, and their tables."""

from __future__ import annotations

import compileall
import sys
from collections import Counter
from fractions import Fraction
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from local.cli import main
from local.cost import files
from local.emulator.spec import FunctionSpec
from local.errors import UserError
from local.load.api import LoadOutcome, LoadPlan, Total
from local.measure.experiments import tables
from local.measure.experiments.cold_start import ColdStartConfig, hour, packaged, size_of
from local.measure.experiments.keep_warm import Times
from local.measure.experiments.result import (
    BeforeAfter,
    ColdStartResult,
    MemoryFigures,
    PackageFigures,
    TrafficFigures,
    VariantFigures,
    WebTierResult,
)
from local.measure.experiments.web_tier import BASE, Variant, VariantRuns, WebTierConfig, variants
from local.measure.statistics import Spread


def row(variant: Variant) -> VariantRuns:
    server: Any = SimpleNamespace()
    return VariantRuns(variant, server)


def outcome(right: int = 10, wrong: int = 0, **errors: int) -> LoadOutcome:
    total = Total(right=right, wrong=wrong, errors=Counter({name.replace("_", " "): n for name, n in errors.items()}))
    return LoadOutcome(LoadPlan(mix={"qrcode": 1}, rate=5, seconds=1), {"qrcode": total}, seconds=1)


def test_every_variant_is_the_base_with_one_change() -> None:
    found = variants(WebTierConfig())
    assert found[0] is BASE
    assert all(len(variant.settings) + (not variant.keep_alive) == 1 for variant in found[1:])


def test_a_wrong_answer_ends_the_experiment() -> None:
    with pytest.raises(UserError, match="1 wrong answers"):
        row(BASE).count(outcome(wrong=1))


def test_only_the_limit_may_refuse() -> None:
    limited = row(variants(WebTierConfig())[2])
    limited.count(outcome(status_503=4))
    assert (limited.right, limited.refused) == (10, 4)
    with pytest.raises(UserError, match="status 503"):
        row(BASE).count(outcome(status_503=4))


def test_a_load_that_the_server_cannot_take_is_told() -> None:
    found = row(BASE)
    found.count(outcome(not_sent=3))
    assert found.discarded == ["3 requests found no free connection"]


def test_a_limit_that_limits_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="must be lower than the connections"):
        WebTierConfig(connections=50, low_limit=50)
    with pytest.raises(UserError, match="provisioned concurrency takes"):
        ColdStartConfig(provisioned=0)


@pytest.fixture
def function(tmp_path: Path) -> FunctionSpec:
    code, layer = tmp_path / "code", tmp_path / "layer"
    (layer / "python/shared").mkdir(parents=True)
    (layer / "python/shared/them.py").write_text("x = 1\n")
    code.mkdir()
    (code / "mine.py").write_text("y = 2\n")
    return FunctionSpec("Mine", code, "mine.handler", layers=(layer,))


def files_of(function: FunctionSpec) -> set[str]:
    return {path.name for folder in (function.code, *function.layers) for path in folder.rglob("*") if path.is_file()}


def test_a_package_of_sources_alone_has_no_bytecode(function: FunctionSpec, tmp_path: Path) -> None:
    compileall.compile_dir(function.code, quiet=2)
    made = packaged(function, "sources alone", tmp_path / "made")
    assert files_of(made) == {"mine.py", "them.py"}
    assert len(made.layers) == 1
    assert files_of(function) == {"mine.py", f"mine.{sys.implementation.cache_tag}.pyc", "them.py"}


def test_a_package_without_layers_has_their_content(function: FunctionSpec, tmp_path: Path) -> None:
    made = packaged(function, "without layers", tmp_path / "made")
    assert made.layers == ()
    assert (made.code / "shared/them.py").read_text() == "x = 1\n"
    assert size_of([made.code]) == 12


def test_a_package_as_deployed_is_the_functions_own(function: FunctionSpec, tmp_path: Path) -> None:
    assert packaged(function, "as deployed", tmp_path / "made") is function


def test_an_hour_is_priced_by_the_cost_model() -> None:
    work = files.workload("qrcode")
    calm, cold = (hour(work, Times(0.25, 0.001), 1, share, 0) for share in (0.0, 1.0))
    # INIT of 250 ms at 128 MB for each of 3,600 requests, on arm64.
    price = files.price_book().price("lambda", "gb-seconds-arm64", "us-east-1").tiers[0].price
    assert cold - calm == pytest.approx(float(3600 * Fraction(250, 1000) * Fraction(128, 1024) * price))
    assert hour(work, Times(0.25, 0.001), 1, 0.0, 1) > calm


def drawn(parts: Any) -> str:
    console = Console(width=100, record=True, file=StringIO())
    for part in parts:
        console.print(part, highlight=False)
    return console.export_text()


def spread(median: float, around: float = 1) -> Spread:
    return Spread(median, median - around, median + around, 3)


def test_the_table_of_the_web_tier_shows_each_change() -> None:
    variant = VariantFigures(
        variant="base",
        capacity=spread(5000),
        cpu_ms=spread(0.14, 0.01),
        p50_ms=spread(2),
        p99_ms=spread(4),
        peak_mb=50.0,
        right=10,
        refused=0,
        discarded_loads=1,
        reported="",
    )
    change = BeforeAfter(
        change="2 workers",
        capacity_before=1234,
        capacity_after=2345,
        cpu_ms_before=0.14,
        cpu_ms_after=0.16,
        p99_ms_before=1.5,
        p99_ms_after=None,
        reported="a to b",
    )
    result = WebTierResult(
        variants=[variant, replace(variant, variant="late", p50_ms=None, p99_ms=None)],
        changes=[change],
        open_loop_rate=2000.0,
        placing="shared",
        base="as it is",
        discarded=["base: because"],
    )
    text = drawn(tables.web_tier(result))
    lines = [line.split() for line in text.splitlines()]
    assert ["base", "5,000", "(4,999-5,001)", "0.14", "(0.13-0.15)", "4", "(3-5)", "50", "0"] in lines
    assert ["late", "5,000", "(4,999-5,001)", "0.14", "(0.13-0.15)", "discarded", "50", "0"] in lines
    assert "1,234 to 2,345" in text
    assert "latencies of 1 loads were discarded: base: because" in text


def test_the_tables_of_cold_starts_show_packages_memory_and_traffic() -> None:
    timing = {name: spread(300) for name in ("init_ms", "first_answer_ms")}
    ways = ("on_demand", "pinged", "provisioned")
    shares = {f"{what}_{way}": 0.5 for what in ("cold", "dollars_an_hour") for way in ways}
    size = {"first_invocation_ms": spread(2), "warm_ms": spread(300)}
    package = PackageFigures(
        service="qrcode", package="as deployed", code_kb=20.0, layers_kb=3000.0, init_cpu_ms=spread(300), **timing
    )
    result = ColdStartResult(
        packages=[package],
        memory=[MemoryFigures(service="qrcode", memory_mb=1769, **timing, **size)],
        traffic=[TrafficFigures(service="qrcode", requests_per_second=rate, **shares) for rate in (0.001, 0.1, 100)],
        meaning={},
    )
    text = drawn(tables.cold_start(result))
    assert "3,020" in text
    assert "1,769" in text
    for interval in ("17 min", "10 s", "10 ms"):
        assert interval in text
    assert "50.000%  $0.500000" in text


def test_an_experiment_with_a_service_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--service", "nosuch", "--result", str(tmp_path / "result")]
    monkeypatch.setattr(sys, "argv", ["crossover", "experiment", "web-tier", *options])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "the bundle has qrcode" in capsys.readouterr().err
