"""The page in a real browser, and its standard QR code read by a real reader."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from crossover.stores import load
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import key, pack
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.making import made
from local.workloads.blockchain.workload import samples as sample_chains
from tests.support.browser import chromium
from tests.support.server import Server, running_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(crossover_services="qrcode,blockchain") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(server: Server, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    faults: list[Any] = []
    page.on("pageerror", lambda fault: faults.append(fault))
    page.on("requestfailed", lambda request: request.failure == "net::ERR_ABORTED" or faults.append(request.url))
    page.goto(server.address)
    yield page
    page.close()
    assert faults == []


@pytest.fixture
def small_store(tmp_path: Path) -> dict[str, str]:
    """Settings of a server with one user of two contacts, and a sample for the page."""
    contacts = [
        Contact(2, "second", "a contact", 2, 0, 0, (TaggedText("hahaha!", ("tag",)),)),
        Contact(3, "third", "another", 1, 0, 0, (TaggedText("nothing", ()),)),
    ]
    url = f"sqlite:///{tmp_path}/store.db"
    load(url, [(key(1, "both"), pack(contacts))])
    samples = tmp_path / "samples.json"
    query = "user_id=1&type=both&phrase=haha&hashtag=tag"
    samples.write_text(json.dumps({"twitter": [{"title": "the one", "query": query}]}))
    return {"twitter_store": url, "page_samples": str(samples)}


def dark_modules(page: Page, name: str) -> int:
    """How many modules of a drawn code are dark."""
    script = """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]
        .filter((value, i) => i % 4 === 0 && value < 128).length"""
    return int(page.locator(f"[data-of={name}]").evaluate(script))


def test_a_typed_text_is_drawn_and_comes_back_decoded(page: Page) -> None:
    page.get_by_label("Text").fill("Hello pods")
    expect(page.locator("[data-of=decoded]")).to_have_text("“Hello pods”")
    expect(page.locator("[data-of=hex]")).to_contain_text("0x")
    assert page.locator("[data-of=plain]").evaluate("canvas => canvas.width") == 21
    assert dark_modules(page, "plain") > 80
    assert dark_modules(page, "image") > 300


def test_a_longer_text_is_drawn_as_version_2(page: Page) -> None:
    page.get_by_label("Text").fill("CC Team is awesome!")
    expect(page.locator("[data-of=decoded]")).to_have_text("“CC Team is awesome!”")
    assert page.locator("[data-of=plain]").evaluate("canvas => canvas.width") == 25


def test_the_curl_line_is_the_request(page: Page, server: Server) -> None:
    page.get_by_label("Text").fill("CC Team")
    expect(page.locator("[data-of=curl]").first).to_have_text(
        f"curl '{server.address}/qrcode?type=encode&data=CC%20Team'"
    )


def test_bad_input_shows_its_reason(page: Page) -> None:
    page.get_by_label("Text").fill("naïve")
    expect(page.get_by_role("alert").first).to_contain_text("INVALID, character: ")
    page.get_by_label("Text").fill("x" * 23)
    expect(page.get_by_role("alert").first).to_contain_text("INVALID, length: ")
    page.get_by_label("Text").fill("fine again")
    expect(page.get_by_role("alert").first).to_be_empty()


def test_the_standard_code_beside_it_is_labelled_and_a_reader_reads_it(page: Page) -> None:
    page.get_by_label("Text").fill("Read me, phone")
    expect(page.locator("[data-of=decoded]")).to_have_text("“Read me, phone”")
    expect(page.locator("figure.other")).to_contain_text("standard QR code")
    picture = page.locator("[data-of=scannable]")
    page.wait_for_function("document.querySelector('[data-of=scannable]').complete")
    drawn = Image.open(io.BytesIO(picture.screenshot()))
    assert [code.text for code in zxingcpp.read_barcodes(drawn)] == ["Read me, phone"]


def test_the_docs_draw_every_route_without_the_internet(browser: Browser, server: Server) -> None:
    docs = browser.new_page()
    docs.goto(f"{server.address}/docs")
    expect(docs.locator("#operations-services-qrcode")).to_be_visible()
    docs.close()


def test_a_users_contacts_are_cards_with_scores_multiplied_out_and_matches_marked(
    browser: Browser, small_store: dict[str, str]
) -> None:
    with running_server(crossover_services="twitter", **small_store) as server:
        page = browser.new_page()
        page.goto(server.address)
        expect(page.locator(".contacts li")).to_have_count(2)
        first = page.locator(".contacts li").first
        expect(first.locator("[data-of=name]")).to_have_text("second")
        expect(first.locator("mark")).to_have_text(["hahaha", "#tag"])
        # ln(1 + 2 x 2 replies) x 1 x (1 + ln(1 + 3 matches): "haha" twice in "hahaha", and the hashtag)
        expect(first.locator("[data-of=scores]")).to_have_text("1.60944 × 1.00000 × 2.38629 = 3.84059")
        page.get_by_label("Phrase").fill("nowhere")
        expect(first.locator("mark")).to_have_text(["#tag"])
        page.get_by_label("User id").fill("x")
        expect(page.get_by_role("alert")).to_contain_text("INVALID, parameter: user_id")
        page.close()


def test_an_empty_text_is_drawn_and_has_no_standard_code(page: Page) -> None:
    page.get_by_label("Text").fill("")
    expect(page.locator("[data-of=decoded]")).to_have_text("“”")
    expect(page.locator("[data-of=scannable]")).to_be_hidden()
    expect(page.locator("figure.other")).to_contain_text("no standard QR code")


def test_a_text_that_is_refused_leaves_no_earlier_code(page: Page) -> None:
    page.get_by_label("Text").fill("x" * 22)
    expect(page.locator("[data-of=decoded]")).to_have_text(f"“{'x' * 22}”")
    page.get_by_label("Text").fill("x" * 23)
    expect(page.get_by_role("alert").first).to_contain_text("INVALID, length: ")
    expect(page.locator("[data-of=decoded]")).to_be_empty()
    expect(page.locator("[data-of=hex]")).to_be_empty()
    expect(page.locator("[data-of=scannable]")).to_be_hidden()
    script = (
        """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.every(v => v === 0)"""
    )
    assert all(page.locator(f"canvas[data-of={name}]").evaluate(script) for name in ("sent", "plain", "image"))


def test_without_a_server_every_panel_says_so_and_shows_no_earlier_answer(
    browser: Browser, small_store: dict[str, str]
) -> None:
    with running_server(crossover_services="qrcode,twitter", **small_store) as server:
        page = browser.new_page()
        page.goto(server.address)
        expect(page.locator(".contacts li")).to_have_count(2)
        page.route("**/*", lambda route: route.abort())
        page.get_by_label("Text").fill("gone")
        page.get_by_label("Phrase").fill("gone")
        expect(page.get_by_role("alert").first).to_have_text("no answer: is the server still running?")
        expect(page.get_by_role("alert").last).to_have_text("no answer: is the server still running?")
        expect(page.locator(".contacts li")).to_have_count(0)
        expect(page.locator("[data-of=count]")).to_be_empty()
        expect(page.locator("[data-of=hex]")).to_be_empty()
        page.close()


def test_many_contacts_are_counted_and_shown_when_they_are_asked_for(browser: Browser, tmp_path: Path) -> None:
    contacts = [Contact(number, "", "", 1, 1, 0, (TaggedText("text", ()),)) for number in range(2, 60)]
    load(f"sqlite:///{tmp_path}/store.db", [(key(1, "both"), pack(contacts))])
    (tmp_path / "page.json").write_text(
        json.dumps({"twitter": [{"title": "many", "query": "user_id=1&type=both&phrase=x&hashtag=y"}]})
    )
    with running_server(
        crossover_services="twitter",
        twitter_store=f"sqlite:///{tmp_path}/store.db",
        page_samples=tmp_path / "page.json",
    ) as server:
        page = browser.new_page()
        page.goto(server.address)
        expect(page.locator("[data-of=count]")).to_have_text("58 contacts, the first 50 of them below")
        expect(page.locator(".contacts li:visible")).to_have_count(6)
        expect(page.locator(".contacts li").first).to_contain_text("1 reply, 1 retweet")
        page.get_by_role("button", name="show 44 more").click()
        expect(page.locator(".contacts li:visible")).to_have_count(50)
        page.close()


def test_what_a_request_costs_is_said_and_a_report_is_linked(browser: Browser, tmp_path: Path) -> None:
    offered, report = tmp_path / "page.json", tmp_path / "report.html"
    offered.write_text(json.dumps({"costs": {"qrcode": "A million requests cost little."}}))
    report.write_text("<title>The report</title>")
    with running_server(crossover_services="qrcode", page_samples=offered, page_report=report) as server:
        page = browser.new_page()
        page.goto(server.address)
        expect(page.locator(".cost")).to_have_text("A million requests cost little.")
        page.get_by_role("link", name="what it costs").click()
        expect(page).to_have_title("The report")
        page.close()


@pytest.fixture
def chains(page: Page) -> Locator:
    """The blockchain's panel."""
    return page.locator("section.card").filter(has=page.locator(".chain"))


def test_a_valid_chain_is_drawn_and_its_next_block_mined(chains: Locator) -> None:
    chains.get_by_label("Sample").select_option("Mine on the documentation's sample")
    expect(chains.locator(".block h3")).to_have_text(["Block 0", "Block 1", "Block 2", "New transactions", "Block 3"])
    mined = chains.locator(".block.mined")
    expect(mined.locator("[data-of=mining]")).to_contain_text("mined in 729 attempts, ")
    expect(mined.locator(".facts")).to_contain_text("001795bc")
    expect(mined.locator(".previous")).to_contain_text("after 00288a38")
    expect(chains.get_by_role("status")).to_have_text("VALID: block 3 is mined with proof of work 728")
    expect(chains.locator(".block").nth(0).locator(".balances dd")).to_have_text(["500,000,000"])
    expect(chains.locator(".rules [data-state=kept]")).to_have_count(12)
    expect(chains.locator("[data-of=curl]")).to_contain_text("/blockchain?cc=eJyFk9tum0")


def test_the_rule_that_fails_is_marked_at_its_place(chains: Locator) -> None:
    chains.get_by_label("Sample").select_option("Spend what is not there")
    problem = "balance: block 1 tx 1: it spends more than its sender has"
    expect(chains.get_by_role("alert")).to_have_text(f"INVALID, {problem}")
    broken = chains.locator(".transactions li.broken")
    expect(broken).to_have_count(1)
    expect(broken.locator(".fault")).to_have_text(f"✗ {problem}")
    expect(chains.locator(".block").nth(1).locator(".transactions li").nth(1)).to_have_class("broken")
    expect(chains.locator(".rules [data-state=broken]")).to_contain_text("balance")
    expect(chains.locator(".block.mined")).to_have_count(0)


def test_a_pasted_request_is_drawn_as_it_is_typed(chains: Locator) -> None:
    faulty = next(made(7, Shape(), "block-hash-wrong"))
    chains.get_by_label("cc").fill(faulty.cc or "")
    expect(chains.locator(".block.broken")).to_have_count(1)
    expect(chains.get_by_label("Sample")).to_have_value("own")
    chains.get_by_label("cc").fill("nonsense")
    expect(chains.get_by_role("alert")).to_contain_text("INVALID, encoding: ")
    expect(chains.locator(".block")).to_have_count(0)


def test_keys_that_follow_each_other_quickly_are_one_request_and_one_that_fails_leaves_no_chain(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    faults: list[Any] = []
    page.on("pageerror", lambda fault: faults.append(fault))
    page.goto(server.address)
    chains = page.locator("section.card").filter(has=page.locator(".chain"))
    expect(chains.locator(".block.mined")).to_have_count(1)
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/page/explain/blockchain*", fail)
    script = (
        "field => { for (let i = 0; i < 20; i++) { field.value += 'a'; field.dispatchEvent(new Event('input')); } }"
    )
    chains.get_by_label("cc").evaluate(script)
    expect(chains.get_by_role("alert")).to_have_text("no answer: is the server still running?")
    expect(chains.locator(".block, .rules li")).to_have_count(0)
    expect(chains.get_by_role("status")).to_have_text("")
    assert (len(asked), faults) == (1, [])
    page.close()


def test_a_narrow_page_does_not_scroll_sideways(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(server.address)
    expect(page.locator(".block")).not_to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


def test_samples_made_for_this_server_are_offered_beside_the_documented_ones(browser: Browser, tmp_path: Path) -> None:
    samples = tmp_path / "samples.json"
    samples.write_text(json.dumps({"blockchain": [sample._asdict() for sample in sample_chains()]}))
    with running_server(crossover_services="blockchain", page_samples=samples) as server:
        page = browser.new_page()
        page.goto(server.address)
        sample = page.get_by_label("Sample")
        expect(sample.locator("option")).to_have_count(3 + len(sample_chains()) + 1)
        for title, code in (("A hash in capitals", "tx-hash"), ("A target that cannot be met", "proof-of-work")):
            sample.select_option(title)
            expect(page.get_by_role("alert")).to_contain_text(f"INVALID, {code}: ")
        page.close()
