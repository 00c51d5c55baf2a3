"""The page of a simulated day in a real browser, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from local.cost import files
from local.report.day_page import render
from local.simulate.grid import runs
from local.simulate.job import Job
from local.simulate.run import simulate
from local.simulate.settings import Settings
from local.simulate.traffic import Traffic
from tests.support.browser import chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book, mix = files.price_book(), files.mix({"twitter": Fraction(1)})
    traffic = Traffic("a test", (50.0,) * 240 + (3000.0,) * 120, 5.0)
    jobs = [Job(name, traffic, mix, Settings()) for name in ("lambda", "eks-fargate")]
    outcomes = [simulate(job, book) for job in jobs]
    found = [one for job in jobs for one in runs(job, book, "us-east-1", lambda share: None)]
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render(jobs[0], outcomes, found, "us-east-1"))
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_a_slider_shows_another_run_on_every_width(browser: Browser, page_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(page_file.as_uri())
    expect(page.locator("#charts svg")).to_have_count(5)
    row = page.locator("#table tbody tr").nth(1)
    before = row.inner_text()
    page.locator("#eks-fargate-minimum").fill("2")
    expect(row).not_to_have_text(before)
    page.locator("#charts svg").first.hover()
    expect(page.locator("#readings")).to_contain_text("requests/s. Lambda:")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert problems == []
    page.close()
