"""The report in a real browser without a network: it computes as Python does, and it can be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from local.cost import files
from local.cost.crossings import cheapest_ranges, crossings
from local.cost.lines import line_of
from local.cost.workload import Mix
from local.report.configurations import DRAWN
from local.report.inline import import_map
from local.report.render import render
from tests.support.browser import chromium
from tests.support.golden_report import cases, golden_works
from tests.support.report import asked_for, page_inputs, sample_compare, sample_experiments

pytestmark = pytest.mark.browser
NEAR = 1e-9
"""How near the page's floating point is to the exact dollars, relatively."""
CASES = 120
WORKS = golden_works()
CONFIGURATIONS = files.shipped(files.CONFIGURATIONS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def model(browser: Browser) -> Iterator[Page]:
    """The page's cost model by itself, with all shipped configurations."""
    page = browser.new_page()
    modules = import_map(Path(__file__).parents[1] / "support" / "golden.js")
    page.set_content(
        f'<script type="importmap">{modules}</script><script type="module">import "page/golden.js";</script>'
    )
    page.wait_for_function("() => Boolean(window.hoursOf)")
    page.evaluate("inputs => { window.inputs = inputs; }", page_inputs(WORKS))
    yield page
    page.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(render(sample_compare(), sample_experiments(), files.price_book()))
    return path.as_uri()


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The report, drawn; in all the tests it must ask for nothing and complain of nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    faults: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    drawn(page)
    yield page
    context.close()
    assert faults == []
    assert [url for url in asked if url != address] == []


@pytest.fixture
def report(opened: Page) -> Page:
    """The report as it opens."""
    before = int(opened.evaluate("Number(document.body.dataset.updates)"))
    opened.get_by_role("button", name="Reset everything").click()
    opened.evaluate("window.scrollTo(0, 0)")
    drawn(opened, before)
    return opened


def drawn(page: Page, more_than: int = 0) -> int:
    """Waits until the page was drawn again, and tells how often that was."""
    page.wait_for_function("before => Number(document.body.dataset.updates) > before", arg=more_than)
    expect(page.locator("#problem")).to_be_empty()
    return int(page.evaluate("Number(document.body.dataset.updates)"))


def cost(page: Page, key: str) -> str:
    return page.locator(f"#bills [data-key={key}] .fig").first.inner_text()


def amount(text: str) -> float:
    return float(text.removeprefix("$").replace(",", ""))


def hours_of(model: Page, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = model.evaluate("asked => hoursOf(inputs, asked)", asked)
    return found


def test_the_golden_cases_are_the_dollars_of_the_page(model: Page) -> None:
    for case, found in zip(cases(), hours_of(model, cases()), strict=True):
        assert found["hour"] == pytest.approx(case["hour"], rel=NEAR), case
        assert found["serves"] == case["serves"], case


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "configuration": draw(st.sampled_from(CONFIGURATIONS)),
        "mix": draw(
            st.dictionaries(st.sampled_from(sorted(WORKS)), st.sampled_from([1, 2.5, 7]), min_size=1, max_size=3)
        ),
        # Off the edges, where floating point could take the next step: no round rate.
        "rate": draw(st.integers(0, 2**20)) / 7,
        "duty": draw(st.sampled_from([1, 0.5, 0.07])),
        "hours_a_day": draw(st.sampled_from([24, 8, 1])),
        "outside": draw(st.sampled_from(["off", "idle"])),
        "memory_mb": draw(st.sampled_from([None, 128, 300, 512, 2048])),
        "utilisation": draw(st.sampled_from([None, 0.3, 0.85])),
        "speed": draw(st.sampled_from([1, 0.5, 1.7])),
    }


def test_the_page_and_python_agree_on_every_item_of_any_bill(model: Page) -> None:
    asked: list[dict[str, Any]] = []

    @settings(max_examples=CASES, derandomize=True, database=None)
    @given(scenarios())
    def collect(one: dict[str, Any]) -> None:
        asked.append(one)

    collect()
    book = files.price_book()
    configurations = {name: files.configuration(name) for name in CONFIGURATIONS}
    assert len(asked) >= CASES / 2
    for one, found in zip(asked, hours_of(model, asked), strict=True):
        bill = asked_for(one).bill(configurations[one["configuration"]], WORKS, book)
        assert found["serves"] == bill.serves, one
        assert found["hour"] == pytest.approx(float(bill.hour), rel=NEAR), one
        exact = {item.name: float(item.month / bill.hours) for item in bill.items}
        assert found["items"] == pytest.approx(exact, rel=NEAR, abs=NEAR * float(bill.hour)), one


def test_the_page_finds_the_crossings_that_python_finds(model: Page) -> None:
    top, book = 2000, files.price_book()
    asked = {"mix": {"twitter": 1}, "rate": 1, "duty": 1, "hours_a_day": 24, "outside": "off", "speed": 1}
    found = model.evaluate("([n, a, t]) => linesOf(inputs, n, a, 1, t)", [list(DRAWN), asked, top])
    mix = asked_for(asked).mix_of(WORKS)
    first, *others = (line_of(files.configuration(name), mix, book, Fraction(top)) for name in DRAWN)
    for other, in_page in zip(others, found["crossings"], strict=True):
        exact = [one for one in crossings(first, other) if one.rate > 1]
        assert [(one["below"], one["above"]) for one in in_page] == [(one.below, one.above) for one in exact]
        for one, twin in zip(in_page, exact, strict=True):
            assert one["rate"] == pytest.approx(float(twin.rate), rel=NEAR)
    ranges = cheapest_ranges([first, *others])
    assert [one["label"] for one in found["cheapest"]] == [piece.label for piece in ranges]


@pytest.mark.parametrize("ms", [10, 50, 200, 1000])
def test_no_crossing_of_a_long_handler_hides_within_a_step_of_a_fleet(model: Page, ms: int) -> None:
    """A fleet overtakes Lambda and falls behind with its next task, within less than the grid of the page shows."""
    top, book = 200, files.price_book()
    asked = {"mix": {"twitter": 1}, "rate": 1, "duty": 1, "hours_a_day": 24, "outside": "off", "speed": 1}
    changed = """([n, a, t, ms]) => {
      const longer = structuredClone(inputs);
      Object.assign(longer.workloads.twitter, { cpu_ms: ms, lambda_ms: {}, lambda_billed_ms: {} });
      return linesOf(longer, n, a, 1, t).crossings[0].map((one) => one.rate);
    }"""
    names = ["lambda-url", "ecs-fargate"]
    found = model.evaluate(changed, [names, asked, top, ms])
    work = replace(WORKS["twitter"], cpu_ms=Fraction(ms), lambda_ms={}, lambda_billed_ms={})
    mix = Mix.of([(work, Fraction(1))])
    first, second = (line_of(files.configuration(name), mix, book, Fraction(top)) for name in names)
    exact = [float(one.rate) for one in crossings(first, second) if one.rate > 1]
    assert exact
    assert found == pytest.approx(exact, rel=1e-7)


@pytest.mark.essential
def test_the_chart_has_a_line_for_each_platform_and_marks_where_they_cross(report: Page) -> None:
    assert report.locator("#chart svg .mark-line path").count() == len(DRAWN)
    expect(report.locator("#chart svg")).to_contain_text("95.3/s")
    expect(report.locator("#headline")).to_contain_text(
        "ECS Fargate costs $350.16 a month: cheaper by $832.86 a month than Lambda, Function URL"
    )
    expect(report.locator("#crossings")).to_contain_text("95.3")


@pytest.mark.parametrize(
    ("name", "key", "changes"),
    [
        ("slide:rate", "ArrowRight", "lambda-url"),
        ("mix:twitter", "End", "lambda-url"),
        ("slide:duty", "Home", "lambda-url"),
        ("slide:hours_a_day", "ArrowLeft", "eks-nodes"),
        ("slide:memory_mb", "End", "lambda-url"),
        ("slide:utilisation", "Home", "eks-nodes"),
        ("slide:speed", "Home", "ecs-fargate"),
    ],
)
def test_a_slider_moved_by_the_keyboard_changes_the_costs_and_reset_undoes_it(
    report: Page, name: str, key: str, changes: str
) -> None:
    before, chart = cost(report, changes), report.locator("#chart svg").inner_html()
    slider = report.locator(f'[name="{name}"][type=range]')
    said = slider.input_value()
    slider.focus()
    slider.press(key)
    report.wait_for_function("before => document.querySelector('#chart svg').innerHTML !== before", arg=chart)
    assert slider.input_value() != said
    assert cost(report, changes) != before
    report.get_by_role("button", name="Reset everything").click()
    expect(report.locator(f"#bills [data-key={changes}] .fig").first).to_have_text(before)
    assert slider.input_value() == said


def test_a_fleet_that_stands_idle_at_night_costs_more_than_one_switched_off(report: Page) -> None:
    all_day = cost(report, "eks-nodes")
    report.locator('[name="slide:hours_a_day"]').press("Home")
    expect(report.locator("#bills [data-key=eks-nodes] .fig").first).not_to_have_text(all_day)
    off = cost(report, "eks-nodes")
    report.get_by_label("all stands idle").check()
    expect(report.locator("#bills [data-key=eks-nodes] .fig").first).not_to_have_text(off)
    assert amount(cost(report, "eks-nodes")) > 10 * amount(off)


def test_a_line_can_be_taken_away_and_another_be_drawn(report: Page) -> None:
    paths = report.locator("#chart svg .mark-line path")
    report.get_by_role("checkbox", name="Lambda, HTTP API").uncheck()
    expect(paths).to_have_count(len(DRAWN) - 1)
    report.get_by_role("checkbox", name="Lambda, REST API").check()
    expect(paths).to_have_count(len(DRAWN))
    expect(report.locator("#crossings")).to_contain_text("Lambda, REST API")


def test_a_service_alone_is_a_click_and_no_service_is_told(report: Page) -> None:
    report.get_by_role("button", name="qrcode alone").click()
    expect(report.locator("#headline")).to_contain_text("a month) of qrcode, ECS Fargate")
    report.locator('[name="mix:qrcode"][type=range]').press("Home")
    expect(report.get_by_role("alert")).to_have_text("Give at least one service a share of the mix.")
    report.get_by_role("button", name="as measured").click()
    expect(report.get_by_role("alert")).to_be_empty()


def test_a_click_in_the_chart_is_the_rate_and_the_pointer_reads_costs(report: Page) -> None:
    box = report.locator("#chart svg").bounding_box()
    assert box is not None
    report.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    expect(report.locator(".readout").first).to_contain_text("requests/s")
    report.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 100)
    expect(report.locator("#rate-shown")).not_to_have_text("1,000")


@pytest.mark.parametrize("how", ["keyboard", "pointer"])
def test_a_figure_tells_where_it_comes_from(report: Page, how: str) -> None:
    def told(figure: Any) -> str:
        figure.focus() if how == "keyboard" else figure.hover()
        expect(report.get_by_role("tooltip")).to_be_visible()
        text: str = report.get_by_role("tooltip").inner_text()
        assert figure.get_attribute("aria-describedby") == "tip"
        return text

    bill = told(report.locator("#bills [data-key=ecs-fargate] .fig").first)
    assert "fargate-vcpu $" in bill
    assert "fargate vcpu-arm64: $0.03238 per vCPU-hour; AWS price list" in bill
    assert "read 20" in bill
    run = told(report.locator("#measured-title ~ .card .fig.measured").nth(1))
    assert "the median, from 0.2836 to 0.3134, 5 runs" in run
    assert "crossover compare --sample, 2026-11-23" in run
    assumed = told(report.locator(".assumptions .fig.assumed").first)
    assert "one cold start in 10,000 invocations" in assumed
    report.keyboard.press("Escape")
    expect(report.locator("#tip")).to_be_hidden()


def test_every_figure_cites_a_source_that_is_listed(report: Page) -> None:
    cited = report.locator(".fig").evaluate_all("all => all.map((one) => one.dataset.source)")
    listed = report.locator(".sources li").count()
    assert len(cited) > 100
    assert all(source and all(int(each) < listed for each in source.split()) for source in cited)


def test_an_assumption_is_an_input_and_the_costs_follow_it(report: Page) -> None:
    before = cost(report, "lambda-url")
    report.get_by_text("The workload of a request", exact=True).click()
    field = report.get_by_label("blockchain: bytes of a response with its headers")
    field.fill("250000")
    field.press("Tab")
    expect(report.locator("#bills [data-key=lambda-url] .fig").first).not_to_have_text(before)
    report.get_by_text("The settings of the platforms", exact=True).click()
    nodes = cost(report, "eks-nodes")
    report.locator("#settings summary", has_text="EKS nodes").click()
    spare = report.get_by_label("EKS nodes: nodes beyond what the rate needs (N+1)")
    spare.fill("3")
    spare.press("Tab")
    expect(report.locator("#bills [data-key=eks-nodes] .fig").first).not_to_have_text(nodes)
    spare.fill("-1")
    spare.press("Tab")
    expect(spare).to_have_value("1")
    report.get_by_role("button", name="Reset everything").click()
    expect(report.locator("#bills [data-key=lambda-url] .fig").first).to_have_text(before)


def test_an_assumption_of_the_result_is_an_input_for_every_service(report: Page) -> None:
    before = cost(report, "lambda-url")
    field = report.get_by_label("every service: share of the invocations that start cold")
    field.fill("0.5")
    field.press("Tab")
    expect(report.locator("#bills [data-key=lambda-url] .fig").first).not_to_have_text(before)
    report.get_by_text("The workload of a request", exact=True).click()
    expect(report.get_by_label("twitter: share of the invocations that start cold", exact=True)).to_have_value("0.5")
    report.get_by_text("The workload of a request", exact=True).click()
    report.get_by_role("button", name="Reset everything").click()
    expect(report.locator("#bills [data-key=lambda-url] .fig").first).to_have_text(before)
    expect(field).to_have_value("0.0001")


def test_one_field_of_the_handler_moves_all_that_depends_on_it_and_is_marked_as_yours(report: Page) -> None:
    report.get_by_role("button", name="twitter alone").click()
    expect(report.locator("#headline")).to_contain_text("of twitter")
    before = {key: amount(cost(report, key)) for key in ("lambda-url", "ecs-fargate")}
    place = report.locator("[data-handler=twitter]")
    expect(place).to_contain_text("measured")
    place.locator("input").fill("27.32240437")
    place.locator("input").press("Enter")
    expect(place).to_contain_text("yours")
    expect(report.locator("#bills [data-key=lambda-url] .fig").first).not_to_have_text(f"${before['lambda-url']:,.2f}")
    for key in ("lambda-url", "ecs-fargate"):  # what traffic costs does not grow with the handler
        assert 2 * before[key] < amount(cost(report, key)) < 12 * before[key]
    expect(report.get_by_label("twitter: lambda_ms at 1769 MB", exact=True)).to_have_value("32.32240437")
    report.get_by_role("button", name="Reset everything").click()
    expect(place).to_contain_text("measured")


def test_the_address_holds_the_scenario(report: Page, browser: Browser, address: str) -> None:
    report.get_by_label("Peak rate, /s").fill("2000")
    report.get_by_label("Peak rate, /s").press("Enter")
    report.locator("[data-handler=qrcode] input").fill("3")
    report.locator("[data-handler=qrcode] input").press("Enter")
    report.get_by_role("checkbox", name="Lambda, HTTP API").uncheck()
    expect(report.locator("#chart svg .mark-line path")).to_have_count(len(DRAWN) - 1)
    shared = report.url
    assert shared.startswith(f"{address}#rate=2000&set.qrcode.cpu_ms=3&lines=")
    other = browser.new_page()
    other.goto(shared)
    drawn(other)
    assert cost(other, "lambda-url") == cost(report, "lambda-url")
    assert other.locator("#headline").inner_text() == report.locator("#headline").inner_text()
    other.goto(f"{address}?2#rate=-1&speed=none&set.qrcode.cpu_ms=-3&mix.unknown=1&lines=unknown,eks-nodes")
    drawn(other)
    expect(other.locator("#chart svg .mark-line path")).to_have_count(1)
    expect(other.locator("#rate-shown")).to_have_text("1,000")
    other.close()


def test_traffic_can_be_typed_as_requests_a_month_and_peak_to_average(report: Page) -> None:
    report.get_by_label("Peak to average").fill("4")
    report.get_by_label("Peak to average").press("Enter")
    report.get_by_label("A month", exact=True).fill("26280000")
    report.get_by_label("A month", exact=True).press("Enter")
    expect(report.locator("#rate-shown")).to_have_text("40")
    expect(report.locator("#headline")).to_contain_text("(26.3 million a month, the peak 4 times the mean)")


def test_the_first_sentence_answers_for_what_was_typed(report: Page) -> None:
    for label, value in (("Peak to average", "4"), ("Lambda memory, MB", "512"), ("qrcode", "5")):
        field = report.get_by_label(label, exact=True).first
        field.fill(value)
        field.press("Enter")
    said = report.locator("#headline")
    expect(said).to_contain_text("the peak 4 times the mean, 5 ms of CPU for qrcode, functions of 512 MB")


def test_it_says_where_the_answer_depends_on_the_processors(report: Page) -> None:
    said = report.locator("#depends")
    expect(said).to_contain_text("If they are as slow as is possible: Lambda, Function URL up to")
    expect(said).to_contain_text("EKS nodes above.")
    for key in ("ecs-fargate", "eks-fargate", "eks-nodes", "web-7-c8g-large"):
        report.locator(f"[data-toggle={key}]").uncheck()
    expect(said).to_be_empty()


def test_fargate_and_nodes_are_compared_as_they_were_measured(report: Page) -> None:
    table = report.locator("section[aria-labelledby=gap-title] table")
    expect(table).to_contain_text("90,000")
    expect(table).to_contain_text("7.5")
    expect(report.locator("section[aria-labelledby=gap-title] p")).to_contain_text("5.2 to 7.5 times as much")


def test_it_says_why_the_lines_cross_where_they_do(report: Page) -> None:
    expect(report.locator("#why")).to_contain_text("is the request fee and Lambda's own log lines")
    expect(report.locator("#why")).to_contain_text("or 95.3 requests/s")
    assert report.locator("#crossing-chart svg .mark-symbol path").count() > 5
    assert report.locator("#memory-chart svg .mark-symbol path").count() > 10


def test_the_storage_tier_follows_the_mix(report: Page) -> None:
    cost = report.locator("#storage-bills [data-key=dynamodb-on-demand] .fig").first
    before = cost.inner_text()
    report.get_by_role("button", name="twitter alone").click()
    expect(cost).not_to_have_text(before)
    assert report.locator("#storage-chart svg .mark-line path").count() == 11
    expect(report.locator("#storage-answer")).to_contain_text("requests/s the cheapest storage tier is ")


def test_it_fits_a_telephone_and_reads_in_the_dark_and_in_print(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(address)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    label = page.locator("#chart svg .role-axis-label text").first
    light_on_dark = label.evaluate("one => getComputedStyle(one).fill")
    page.emulate_media(color_scheme="light")
    expect(label).not_to_have_css("fill", light_on_dark)
    page.emulate_media(media="print")
    cited = page.locator("#bills .fig").first.evaluate("one => getComputedStyle(one, '::after').content")
    assert cited.startswith('" [')
    assert len(page.pdf()) > 50_000
    context.close()


def test_a_report_of_one_service_with_nothing_else_measured_is_drawn(browser: Browser, tmp_path: Path) -> None:
    missing = {"container": {}, "lambda": {}, "storage": None, "assumptions": [], "mix": {}}
    (tmp_path / "a.html").write_text(render(sample_compare(("qrcode",), **missing), {}, files.price_book()))
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto((tmp_path / "a.html").as_uri())
    drawn(page)
    expect(page.locator("#headline")).to_contain_text("a month) of qrcode, ECS Fargate")
    expect(page.locator("#measured-title ~ p.card")).to_contain_text("crossover compare")
    page.locator("#bills .fig").nth(3).hover()
    expect(page.get_by_role("tooltip")).to_contain_text("no run counted right answers")
    page.close()
    assert faults == []
