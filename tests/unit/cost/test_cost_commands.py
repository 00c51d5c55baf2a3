from __future__ import annotations

import json
import os
import shutil
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from local.cli import create_app, prices
from local.cost import files
from local.cost.price_book import ALL
from local.cost.refresh.port import index_path
from local.errors import UserError
from tests.unit.cost.test_refresh import RDS


def run(*words: str) -> Result:
    return CliRunner().invoke(create_app(), list(words))


def answer(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*words: str) -> str:
    result = run(*words)
    assert isinstance(result.exception, UserError) or result.exit_code == 2, result.output
    return str(result.exception) if isinstance(result.exception, UserError) else result.output


def test_prices_lists_every_row_with_source_date_and_certainty() -> None:
    rows = answer("prices")
    book = files.price_book()
    assert len(rows) == len(book.of_region("us-east-1")) + len(book.of_region(ALL))
    assert len(answer("prices", "--region", "all")) == len(book.rows)
    nodes = answer("prices", "--region", "eu-west-1", "--service", "ec2")
    assert {(row["service"], row["region"]) for row in nodes} == {("ec2", "eu-west-1")}
    assert {"source", "read", "certainty", "stale", "age_days"} <= set(rows[0])


def test_prices_warns_of_what_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "today", lambda: date(2026, 9, 20))
    early = run("prices").output
    assert "eks cluster" in early.split("older than 180 days")[1]
    assert "lambda requests" not in early.split("older than 180 days")[1]
    monkeypatch.setattr(prices, "today", lambda: date(2027, 9, 20))
    assert "lambda requests" in run("prices").output.split("older than 180 days")[1]


def test_a_bill_is_itemised_by_hour_month_and_million_requests() -> None:
    bill = answer("cost", "report-eks-nodes", "--rate", "5000", "--work", "qrcode")
    assert sum(item["month"] for item in bill["items"]) == pytest.approx(bill["month"])
    assert bill["hour"] * 730 == pytest.approx(bill["month"])
    assert bill["million"] == pytest.approx(bill["hour"] / (5000 * 3600) * 1e6)
    nodes = next(item for item in bill["items"] if item["item"] == "nodes")
    assert nodes["formula"] == "nodes × hours × price"
    assert nodes["arithmetic"] == "7 × 730 × 0.07976 = 407.5736"
    assert nodes["prices"][0]["read"] == "2026-07-20"
    assert bill["workload_is"] == "assumed"


def test_half_the_hours_under_load_are_half_the_fees_of_lambda_and_all_the_nodes() -> None:
    for name, item, part in (("lambda-url", "lambda-requests", 0.5), ("eks-nodes", "nodes", 1)):
        whole, half = (
            answer("cost", name, "--rate", "5000", "--work", "qrcode", "--duty", duty) for duty in ("1", "0.5")
        )
        costs = [next(one["month"] for one in bill["items"] if one["item"] == item) for bill in (whole, half)]
        assert costs[1] == pytest.approx(costs[0] * part)
    assert "from 0 to 1" in refusal("cost", "lambda-url", "--rate", "1", "--work", "qrcode", "--duty", "2")


def test_a_bill_for_people_explains_every_item() -> None:
    text = run("cost", "lambda-url", "--rate", "5000", "--work", "qrcode").output
    assert "requests × price / 1,000,000" in text
    assert "13,140,000,000 × 0.2 / 1,000,000 = 2,628" in text
    assert "Quota needed: 500 concurrent Lambda environments" in text
    beyond = run("cost", "web-7-c8g-large", "--rate", "90000", "--work", "qrcode").output
    assert "THIS RATE IS BEYOND IT" in beyond
    assert run("cost", "lambda-url", "--rate", "0", "--work", "qrcode").exit_code == 0


def test_bills_at_several_rates_are_a_line_each_with_the_quota_needed() -> None:
    words = ("cost", "lambda-http-api", "--work", "qrcode", "--rate", "500", "--rate", "20000")
    text = run(*words).output
    assert "concurrent Lambda environments" in text
    assert "2,000" in text
    assert [bill["rate"] for bill in answer(*words)] == [500, 20_000]


def test_prices_of_one_s_own_take_the_place_of_the_shipped_ones(book_copy: Path) -> None:
    book_copy.write_text(book_copy.read_text().replace("requests = 0.2\n", "requests = 0.1\n", 1))
    words = ("cost", "lambda-url", "--work", "qrcode", "--rate", "1000")
    own, shipped = answer(*words, "--book", str(book_copy)), answer(*words)
    assert own["items"][0]["hour"] * 2 == shipped["items"][0]["hour"]


def test_a_list_that_cannot_be_reached_is_one_line(book_copy: Path) -> None:
    said = refusal("prices", "refresh", "--from", "http://127.0.0.1:1", "--book", str(book_copy))
    assert "cannot be reached" in said


def test_a_mix_of_services_can_be_asked_for() -> None:
    assert (
        answer("cost", "lambda-url", "--rate", "10", "--work", "qrcode=3,twitter=1")["workload"]
        == "75 % qrcode + 25 % twitter"
    )


def test_crossings_names_the_rates_and_the_cheapest_platform() -> None:
    found = answer("crossings", "lambda-url", "ecs-fargate", "--work", "qrcode", "--to", "500")
    (crossing,) = found["crossings"][0]["at"]
    assert crossing["cheaper_up_to_it"] == "Lambda, Function URL"
    assert found["cheapest"][-1]["name"] == "ECS Fargate"
    assert found["lines"][0]["pieces"][0]["over"] == 0


def test_crossings_for_people_say_where_lines_end_and_where_none_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run("crossings", "lambda-url", "eks-nodes", "web-7-c8g-large", "--work", "twitter", "--to", "20000").output
    assert "7 x c8g.large, fixed serves up to" in text
    assert "nowhere" in run("crossings", "lambda-url", "eks-nodes", "--work", "qrcode", "--to", "10").output
    monkeypatch.setattr("local.cost.tables.SHOWN_CROSSINGS", 1)
    many = run("crossings", "ecs-fargate", "eks-nodes", "--work", "twitter", "--to", "20000").output
    assert "and 2 more" in many


def test_the_report_s_audit_is_a_table() -> None:
    text = run("audit", "report").output
    assert "As claimed: 7 × 0.08 + 0.10 + 0.555 + 0.003 = 1.218, printed as 1.22." in text
    found = answer("audit", "report", "--rate", "0")
    assert found["true"] == found["true_standing"]


def test_an_audit_whose_claims_do_not_add_up_says_so(tmp_path: Path) -> None:
    text = (files.AUDITS / "report.toml").read_text().replace("total = 1.22", "total = 1.30")
    (tmp_path / "wrong.toml").write_text(text)
    assert "do not add up" in run("audit", str(tmp_path / "wrong.toml")).output


def test_what_is_shipped_is_listed() -> None:
    listed = answer("configurations")
    assert set(listed) == {"configurations", "workloads", "audits"}
    assert "lambda-url: On demand" in run("configurations").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cost", "nowhere", "--rate", "1"), "nowhere: is neither a configuration file (.toml) nor one of"),
        (
            ("cost", "lambda-url", "--rate", "1"),
            "say for which workload with --work; known are blockchain, qrcode, twitter",
        ),
        (
            ("cost", "lambda-url", "--rate", "fast", "--work", "qrcode"),
            "--rate: 'fast' is not one number such as 5000, 5,000 or 0.5",
        ),
        (("cost", "lambda-url", "--rate", "100,1000", "--work", "qrcode"), "--rate: '100,1000' is not one number"),
        (("cost", "lambda-url", "--rate", "1_000,000", "--work", "qrcode"), "is not one number"),
        (("cost", "lambda-url", "--rate", "1.000.000", "--work", "qrcode"), "is not one number"),
        (("cost", "lambda-url", "--rate", "1e9", "--work", "qrcode"), "--rate: '1e9' is not one number"),
        (("cost", "lambda-url", "--rate", "٥٠٠", "--work", "qrcode"), "--rate: '٥٠٠' is not one number"),
        (("cost", "lambda-url", "--rate", "999999999", "--work", "qrcode"), "the rate must be from 0 to 100,000,000"),
        (("cost", "lambda-url", "--rate", "1", "--work", "qrcode", "--hours", "0"), "the hours must be"),
        (("cost", "lambda-url", "--rate", "1", "--work", "qrcode,qrcode"), "--work: qrcode is given twice"),
        (("cost", "lambda-url", "--rate", "1", "--work", "qrcode=x"), "--work: 'x' is not one number"),
        (("cost", "lambda-url", "--rate", "1", "--work", "sorting"), "sorting: is neither a workload file"),
        (("crossings", "lambda-url", "--work", "qrcode"), "give from 2 to 20 configurations"),
        (("crossings", "lambda-url", "eks-nodes", "--work", "qrcode", "--to", "0"), "--to: must be over 0"),
        (("audit", "nowhere"), "nowhere: is neither an audit file"),
        (("prices", "--region", "mars-1"), "--region: no prices of mars-1; `crossover prices refresh --region mars-1"),
        (
            ("prices", "refresh", "--region", "../x", "--from", "."),
            "'../x' must be the name of a region, such as us-east-1",
        ),
        (
            ("cost", "lambda-url", "--rate", "1", "--work", "qrcode", "--region", "EU"),
            "'EU' must be the name of a region",
        ),
        (("prices", "--service", "ec3"), "--service: ec3 is none of "),
        (
            ("cost", "lambda-snapstart", "--rate", "1", "--work", "qrcode", "--region", "eu-west-1"),
            "no price in eu-west-1 of lambda snapstart-cache, lambda snapstart-restore; `crossover prices refresh",
        ),
        (
            ("crossings", "lambda-url", "lambda-snapstart", "--work", "qrcode", "--region", "eu-west-1"),
            "fewer than two of them can be priced",
        ),
        (("plan", "--rate", "10", "--region", "mars-1"), "no price in mars-1 of "),
        (("prices", "refresh", "--from", "/nowhere/at/all"), "/nowhere/at/all: no such file or folder"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(words: tuple[str, ...], message: str) -> None:
    said = refusal(*words)
    assert message in said
    assert "\n" not in said


@pytest.fixture
def book_copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(files.PRICES / "us-east-1.toml", tmp_path / "prices.toml"))


@pytest.fixture
def bulk(tmp_path: Path) -> str:
    path = tmp_path / "bulk" / index_path("AmazonRDS", "us-east-1")
    path.parent.mkdir(parents=True)
    path.write_text(RDS)
    return str(tmp_path / "bulk")


def test_a_refresh_shows_the_difference_and_changes_nothing(book_copy: Path, bulk: str) -> None:
    before = book_copy.read_text()
    result = run("prices", "refresh", "--from", bulk, "--book", str(book_copy))
    assert "0.478 per instance-hour becomes 0.501 per instance-hour" in result.output
    assert "Nothing was written" in result.output
    assert book_copy.read_text() == before


def test_a_refresh_that_is_to_write_changes_the_book(book_copy: Path, bulk: str) -> None:
    changes = answer("prices", "refresh", "--from", bulk, "--book", str(book_copy), "--write")
    assert [one["becomes"] for one in changes if one["is"] == "changed"] == ["0.501 per instance-hour"]
    assert files.price_book(book_copy).price("rds-mysql", "db.r7g.xlarge", "us-east-1").read == "2026-11-02"


def test_a_region_that_the_book_lacks_is_added_as_a_file(tmp_path: Path) -> None:
    books = Path(shutil.copytree(files.PRICES, tmp_path / "books"))
    listed = tmp_path / "bulk" / index_path("AmazonRDS", "sa-east-1")
    listed.parent.mkdir(parents=True)
    listed.write_text(RDS)
    words = ("prices", "refresh", "--from", str(tmp_path / "bulk"), "--book", str(books), "--region", "sa-east-1")
    changes = answer(*words, "--write")
    assert {one["is"] for one in changes} == {"added", "not found", "no list"}
    added = files.price_book(books)
    assert "sa-east-1" in added.regions
    assert added.price("rds-mysql", "db.r7g.xlarge", "sa-east-1").single == Fraction("0.501")
    (tmp_path / "empty").mkdir()
    assert "no bulk price list was found" in refusal(*words[:3], str(tmp_path / "empty"), *words[4:])


@pytest.mark.parametrize("region", ["us-west-2", "eu-west-1", "eu-central-1"])
@pytest.mark.no_cover
def test_every_command_that_prices_takes_a_region(region: str) -> None:
    here = answer("cost", "eks-nodes", "--rate", "100", "--work", "qrcode")
    there = answer("cost", "eks-nodes", "--rate", "100", "--work", "qrcode", "--region", region)
    rows = {row["region"] for item in there["items"] for row in item["prices"]}
    assert rows <= {region, "all-regions"}
    assert there["month"] == here["month"] if region == "us-west-2" else there["month"] > here["month"]
    lines = answer("crossings", "lambda-url", "ecs-fargate", "--work", "qrcode", "--to", "500", "--region", region)
    assert lines["crossings"]
    plans = answer("plan", "--rate", "500", "--work", "qrcode", "--region", region)
    assert plans["plans"]


def test_a_comparison_says_what_it_leaves_out_for_want_of_prices() -> None:
    words = ("crossings", "lambda-url", "lambda-snapstart", "ecs-fargate", "--work", "qrcode", "--to", "100")
    result = run(*words, "--region", "eu-west-1")
    assert result.exit_code == 0
    assert "Left out: Lambda, SnapStart" in result.stderr
    assert "SnapStart" not in result.stdout


def test_a_file_that_is_no_list_is_refused(book_copy: Path, tmp_path: Path) -> None:
    (tmp_path / "shopping.json").write_text("{}")
    said = refusal("prices", "refresh", "--from", str(tmp_path / "shopping.json"), "--book", str(book_copy))
    assert said.startswith("no bulk price list was found: ")


def test_a_book_that_cannot_be_written_stays_as_it_was(book_copy: Path, bulk: str) -> None:
    before = book_copy.read_text()
    book_copy.with_name(f".{book_copy.name}.{os.getpid()}").mkdir()
    said = refusal("prices", "refresh", "--from", bulk, "--book", str(book_copy), "--write")
    assert said.startswith(f"cannot write {book_copy}: ")
    assert book_copy.read_text() == before


def test_a_written_book_leaves_nothing_beside_it(book_copy: Path, bulk: str) -> None:
    beside = set(book_copy.parent.iterdir())
    assert run("prices", "refresh", "--from", bulk, "--book", str(book_copy), "--write").exit_code == 0
    assert set(book_copy.parent.iterdir()) == beside


def test_a_strangers_text_is_shown_harmlessly(tmp_path: Path) -> None:
    odd = tmp_path / "odd.toml"
    odd.write_text(
        'name = "a [/x] \\u001b[2J b"\nworkload = "qrcode"\n[nodes]\ninstance = "c8g.large"\n[ingress]\nkind = "alb"\n'
    )
    for words in (("cost", str(odd), "--rate", "1"), ("crossings", str(odd), "lambda-url", "--to", "100")):
        said = run(*words).output
        assert r"a [/x] \x1b[2J b" in said
        assert "\x1b" not in said
