"""`crossover report`: the page, whole or not at all; the summary; the picture."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.cli import create_app
from local.cost import files as cost_files
from local.errors import UserError
from local.measure import results
from local.measure.comparison.result import comparison_of
from local.measure.results import Result, write
from local.report import configurations, render
from tests.support.report import sample_compare

MAX_BYTES = 1_500_000
"""What a page with everything in it may weigh; some 900 kB of it is Vega."""


@pytest.fixture
def nothing_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "LOCAL_RESULTS", tmp_path / "here")
    monkeypatch.setattr(results, "REFERENCE_RESULTS", tmp_path / "kept")
    return tmp_path


def ran(*words: str) -> Any:
    return CliRunner().invoke(create_app(), ["report", *words], catch_exceptions=False, standalone_mode=False)


def one_service(**changes: Any) -> Result:
    return sample_compare(("qrcode",), **changes)


def test_the_page_and_the_summary_come_from_the_last_result(nothing_measured: Path) -> None:
    write(one_service())
    page = nothing_measured / "deep" / "index.html"
    said = ran("--output", str(page), "--to", "100")
    assert "Lambda, Function URL crosses ECS Fargate at ≈48" in said.output
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_size < MAX_BYTES
    assert list(page.parent.iterdir()) == [page]


@pytest.mark.no_cover
def test_the_summary_as_json_has_ranges_crossings_and_the_cost_of_right_answers(nothing_measured: Path) -> None:
    source = write(sample_compare(("qrcode", "twitter")), nothing_measured / "a.json")
    said = ran("--from", str(source), "--output", str(nothing_measured / "a.html"), "--to", "100", "--json")
    found = {one["name"]: one for one in json.loads(said.stdout)["services"]}
    assert list(found) == ["qrcode", "twitter", "mix"]
    first, second = found["qrcode"]["cheapest"]
    assert (first["name"], second["name"]) == ("Lambda, Function URL", "ECS Fargate")
    assert first["up_to"] == pytest.approx(48.692, abs=0.001)
    assert second["million_right"] > 0
    assert found["mix"]["crossings"][0] == {"with": "Lambda, HTTP API", "at": []}


def test_without_a_comparison_it_says_what_to_run(nothing_measured: Path) -> None:
    with pytest.raises(UserError, match="run crossover compare first"):
        ran("--output", str(nothing_measured / "index.html"))
    assert not (nothing_measured / "index.html").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"works": {}}, "holds no workloads; measure again with: crossover compare"),
        ({}, "missing required field `works`"),
        ({"works": 3}, r"Expected `object`, got `int` - at `\$\.works`"),
        ({"works": {"qrcode": 3}}, r"Expected `object`, got `int` - at `\$\.works\[\.\.\.\]`"),
        ({"works": {"qrcode": {"cpu_ms": "many"}}}, "qrcode.cpu_ms: must be a number"),
        ({"works": {"qrcode": {"cpu_ms": 0}}}, "cpu_ms: must be from 0.000001"),
        ({"works": {"qrcode": {"init_ms": 3}}}, "cpu_ms: is missing"),
    ],
)
def test_a_result_that_cannot_be_priced_leaves_the_old_page(nothing_measured: Path, data: Any, said: str) -> None:
    page = nothing_measured / "index.html"
    page.write_text("the old one")
    source = write(Result(kind="compare", config={}, data=data), nothing_measured / "a.json")
    with pytest.raises(UserError, match=said):
        ran("--from", str(source), "--output", str(page))
    assert page.read_text() == "the old one"


@pytest.mark.parametrize("value", ["many", True, -1, 10**400, 1e400, [1]])
@pytest.mark.parametrize("place", ["mix", "storage.items", "container.qrcode.rate", "lambda.qrcode.init_ms.median"])
def test_a_figure_that_is_no_number_in_bounds_is_reported(place: str, value: Any) -> None:
    odd = copy.deepcopy(one_service())
    *above, last = place.split(".")
    part: Any = odd.data
    for key in above:
        part = part[key]
    part[last] = {"qrcode": value} if place == "mix" else value
    with pytest.raises(
        UserError, match=r"the comparison's result cannot be used: .*measure again with: crossover compare"
    ):
        render.render(odd, {}, cost_files.price_book())


@pytest.mark.parametrize("part", ["container", "lambda", "storage", "assumptions"])
@pytest.mark.parametrize("value", ["odd", [1], {"items": "odd", "qrcode": 3}])
def test_a_part_of_another_kind_is_reported_with_its_place(part: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"- at `\$\.{part}"):
        render.render(one_service(**{part: value}), {}, cost_files.price_book())


def test_a_store_that_is_too_large_to_price_is_reported() -> None:
    vast = one_service(storage={"items": 10**15, "item_bytes": 1e15})
    with pytest.raises(UserError, match=r"the result's storage cannot be priced: .*storage_gb: must be from 0 to"):
        configurations.storage_configurations(comparison_of(vast).storage)


def test_a_place_that_cannot_be_written_is_told_and_no_half_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="name another file with --output"):
        render.write("page", tmp_path / "file" / "index.html")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_picture_is_an_svg_or_a_png(nothing_measured: Path) -> None:
    source = write(one_service(), nothing_measured / "a.json")
    words = ("--from", str(source), "--output", str(nothing_measured / "a.html"), "--to", "10", "--picture")
    with pytest.raises(UserError, match=r"must end in \.svg or \.png"):
        ran(*words, str(nothing_measured / "chart.gif"))
    ran(*words, str(nothing_measured / "chart.svg"))
    assert (nothing_measured / "chart.svg").read_text().startswith("<svg")
    assert (nothing_measured / "chart.svg").stat().st_size < 200_000
    ran(*words, str(nothing_measured / "chart.png"))
    assert (nothing_measured / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.no_cover
def test_a_number_that_the_cost_model_does_not_know_is_left_out() -> None:
    odd = {"qrcode": {"cpu_ms": 1, "somebody_elses": 3, "measured": True}}
    assert "somebody_elses" not in render.render(one_service(works=odd), {}, cost_files.price_book())


@pytest.mark.no_cover
def test_texts_of_a_result_are_shown_and_never_run() -> None:
    evil = "</script><script>alert(1)</script><!--"
    works = {evil: {"cpu_ms": 1, "source": evil, "measured": True}}
    changes: dict[str, Any] = {
        "works": works,
        "mix": {evil: 1},
        "container": {evil: {**sample_compare().data["container"]["qrcode"], "discarded": [evil]}},
        "placing": evil,
        "findings": [{"kind": evil, "detail": evil}],
        "assumptions": [{"name": evil, "value": evil, "unit": evil, "why": evil}],
    }
    compare = Result(kind="compare", config={}, data={**one_service().data, **changes}, command=evil)
    experiment = Result(kind="schemas", config={}, data={evil: {evil: {evil: evil}}}, at=evil, command=evil)
    page = render.render(compare, {"schemas": experiment}, cost_files.price_book())
    assert evil not in page
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script>") == 4


@pytest.mark.no_cover
def test_an_experiment_without_a_result_says_which_command_makes_it() -> None:
    page = render.render(one_service(), {}, cost_files.price_book())
    for name in ("web-tier", "cold-start", "schemas", "flood", "tools"):
        assert f"<code>crossover experiment {name}</code>" in page
    assert "<code>make test-container</code>" in page


@pytest.mark.no_cover
def test_without_a_service_that_stores_there_is_no_storage_tier() -> None:
    assert 'id="storage-chart"' not in render.render(one_service(storage=None), {}, cost_files.price_book())
    assert 'id="storage-chart"' in render.render(sample_compare(("twitter",)), {}, cost_files.price_book())


def test_the_page_is_priced_in_a_region_and_says_what_it_leaves_out_there(nothing_measured: Path) -> None:
    source, page = write(one_service(), nothing_measured / "a.json"), nothing_measured / "a.html"
    said = ran("--from", str(source), "--output", str(page), "--to", "100", "--region", "eu-west-1")
    text = page.read_text()
    assert "priced in <strong>eu-west-1</strong>" in text
    assert "Left out, for want of prices in eu-west-1:" in text
    assert "no price in eu-west-1 of lambda snapstart-cache" in text
    assert "crosses ECS Fargate at" in said.stdout
    with pytest.raises(UserError, match="--region: no prices of mars-1; `crossover prices refresh"):
        ran("--from", str(source), "--output", str(page), "--region", "mars-1")


@pytest.mark.no_cover
def test_a_book_of_another_region_prices_nothing() -> None:
    book = cost_files.price_book(cost_files.PRICES / "eu-west-1.toml")
    with pytest.raises(UserError, match=r"--region: Lambda, Function URL .*no price in us-east-1"):
        render.render(one_service(), {}, book)
