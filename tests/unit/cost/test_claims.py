"""Claims by price row, unit, quantity and region, without a configuration."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from local.cost.audit import Audit, AuditFinding
from local.cost.audit_file import EXAMPLE, audit_file, run
from local.cost.audit_tables import sentences
from local.cost.claims import agrees
from local.cost.price_book import Price, PriceBook, PriceTier
from tests.unit.cost.test_cost_commands import answer, refusal
from tests.unit.cost.test_cost_commands import run as command

F = Fraction


def row(service: str, dimension: str, unit: str, price: str, *, per: int = 1, region: str = "us-east-1") -> Price:
    return Price(service, dimension, unit, per, (PriceTier(None, F(price)),), region, "made up", "2026-09", "firm")


TRANSFER = replace(
    row("data-transfer", "internet-out", "GB", "0"),
    tiers=(PriceTier(F(100), F(0)), PriceTier(F(10_240), F("0.09")), PriceTier(None, F("0.085"))),
)
BOOK = PriceBook(
    [
        row("ec2", "t3.medium", "instance-hour", "0.0416"),
        row("ec2", "t3.medium", "instance-hour", "0.0456", region="eu-west-1"),
        row("vpc", "nat-hours", "gateway-hour", "0.045"),
        row("vpc", "nat-data", "GB", "0.045"),
        row("elb", "alb-hours", "balancer-hour", "0.0225"),
        row("ebs", "gp3", "GB-month", "0.08"),
        row("ebs", "gp2", "GB-month", "0.10"),
        row("lambda", "requests", "request", "0.20", per=1_000_000),
        row("rds-mysql", "multi-az-factor", "times the Single-AZ price", "2"),
        TRANSFER,
    ]
)


def audited(folder: Path, claim: str, head: str = 'per = "month"\n', book: PriceBook = BOOK) -> Audit:
    file = folder / "bill.toml"
    file.write_text(f"{head}[[claim]]\n{claim}\n")
    return run(audit_file(str(file)), book)


def finding(folder: Path, claim: str, head: str = 'per = "month"\n') -> AuditFinding:
    return audited(folder, claim, head).findings[0]


@pytest.mark.parametrize(
    ("true", "printed", "agreed"),
    [
        ("4.08", "4.1", True), ("4.08", "4", True), ("4.08", "4.10", False), ("14.7752", "14.77", True),
        ("32.85", "32", False), ("32.85", "33", True), ("0.0225", "0.003", False), ("0", "0", True),
    ],
)  # fmt: skip
def test_a_number_is_right_as_far_as_it_was_printed(true: str, printed: str, agreed: bool) -> None:
    assert agrees(F(true), Decimal(printed)) is agreed


@pytest.mark.parametrize(
    ("claim", "verdict", "remark"),
    [
        ('price = "ec2 t3.medium"\nquantity = 2\namount = 60.74', "right", "as far as it was rounded"),
        ('price = "ec2 t3.medium"\nquantity = 2\namount = 59.90', "right", "for a month of 720 hours"),
        ('price = "ec2 t3.medium"\namount = "$30.37"', "right", ""),
        ('price = "ec2 t3.medium"\namount = "~31"', "right", ""),
        ('price = "ec2 t3.medium"\namount = 31', "right", "for a month of 744 hours"),
        ('price = "ec2 t3.medium"\namount = 91.10', "miscounted", "the amount is that of 3 t3.medium, not of 1"),
        ('price = "ec2 t3.medium"\nunit_price = 0.0416\nper = "hour"', "right", ""),
        ('price = "ec2 t3.medium"\nunit_price = 0.0456\nper = "hour"', "mispriced", "near the 0.0456 of eu-west-1"),
        ('price = "ec2 t3.medium"\namount = 1.00\nper = "day"', "right", "as far as it was rounded: 0.9984"),
        ('price = "ebs gp3"\nquantity = 80\namount = 8.00', "mispriced", "near the 0.1 of gp2; that of gp3 is 0.08"),
        ('price = "vpc nat-data"\nusage = 500\nunit_price = 0.045\namount = 22.50', "right", ""),
        ('price = "vpc nat-data"\nusage = 500\nunit_price = 0.045\namount = 45', "miscounted", "of 1,000, not of 500"),
        ('price = "vpc nat-data"\nusage = 500\nunit_price = 0.062\namount = 31', "mispriced", "0.045 per GB"),
        ('price = "lambda requests"\nusage = 20_000_000\nunit_price = 0.20', "right", ""),
        ('price = "lambda requests"\nusage = 20_000_000\namount = 4', "right", ""),
        ('price = "data-transfer internet-out"\nusage = 169\namount = 6.21', "right", ""),
        ('price = "data-transfer internet-out"\nusage = 169\namount = 15.21', "mispriced", "that 100 are free"),
        ('price = "lambda requests"\namount = 4', "not checked", "say by usage how many requests it is for"),
        ('price = "rds-mysql multi-az-factor"\namount = 4', "not checked", "a factor or an allowance, not a price"),
        ('price = "ec2 m5.large"\namount = 4', "not checked", "no price of ec2 m5.large in us-east-1"),
        ('name = "Route 53"\namount = 0.50', "not checked", "nothing says what it is"),
        ('price = "ec2 t3.medium"\nquantity = 2\namount = 43.73\ndiscount_percent = 28', "right", ""),
        ('price = "ec2 t3.medium"\namount = 20\ndiscount_percent = 50', "mispriced", "-hour, less 50 %"),
    ],
)  # fmt: skip
def test_a_line_is_checked_with_its_price_row(tmp_path: Path, claim: str, verdict: str, remark: str) -> None:
    found = finding(tmp_path, claim)
    assert (found.verdict, remark in found.remark) == (verdict, True), (found.verdict, found.remark)


@pytest.mark.parametrize(
    ("claim", "meant"),
    [
        ('price = "elb alb-hours"\namount = 18\nper = "hour"', "looks like a monthly amount, $0.0247 an hour"),
        ('price = "elb alb-hours"\namount = 0.54\nper = "hour"', "looks like a daily amount"),
        ('price = "elb alb-hours"\namount = 0.0225', "looks like an hourly amount"),
        ('price = "elb alb-hours"\nquantity = 2\nunit_price = 16.43\nper = "hour"', "looks like a monthly amount"),
    ],
)
def test_an_amount_in_another_unit_is_asked_about(tmp_path: Path, claim: str, meant: str) -> None:
    report = audited(tmp_path, claim)
    assert report.findings[0].verdict == "unit in doubt"
    assert meant in report.findings[0].remark
    assert 'say per = "' in report.findings[0].remark
    assert "Counted as typed, though the unit is in doubt: elb alb-hours." in sentences(report)


def test_another_region_has_other_prices(tmp_path: Path) -> None:
    found = finding(tmp_path, 'price = "ec2 t3.medium"\namount = 33.29', 'per = "month"\nregion = "eu-west-1"\n')
    assert (found.verdict, found.row and found.row.region) == ("right", "eu-west-1")


def test_a_contract_s_discount_is_taken_off_every_price(tmp_path: Path) -> None:
    head = 'per = "month"\ndiscount_percent = 9\n'
    assert finding(tmp_path, 'price = "ec2 t3.medium"\namount = 27.63', head).verdict == "right"


def test_taxes_and_credits_are_added_and_not_checked(tmp_path: Path) -> None:
    other = '[[other]]\nname = "VAT"\namount = 6.07\n[[other]]\nname = "credit"\namount = "-10.00"\n'
    report = audited(tmp_path, 'price = "ec2 t3.medium"\namount = 30.37', f'per = "month"\ntotal = 26.44\n{other}')
    assert report.adds_up
    assert (report.covered * 730, report.usage * 730) == (F("30.37"), F("30.37"))
    assert "Not usage, so not in the total: credit, -$10.00." in sentences(report)


def test_two_items_may_be_claimed_as_one(tmp_path: Path) -> None:
    file = tmp_path / "bill.toml"
    head = 'per = "month"\nrate = 100\nworkload = "qrcode"\n[[claim]]\nname = "ALB incl. LCU"\n'
    configured = '[configuration]\nname = "web"\n[configuration.ingress]\nkind = "alb"\n'
    file.write_text(f'{head}items = ["alb", "alb-capacity"]\namount = 18.53\n{configured}')
    both = answer("audit", str(file))["findings"][0]
    assert (both["item"], both["verdict"]) == ("ALB incl. LCU", "right")
    assert both["true"] == pytest.approx(sum(item["hour"] for item in answer("audit", str(file))["bill"]["items"][:2]))
    file.write_text(f'{head}items = ["alb", "alb-capacity"]\namount = 50\n{configured}')
    assert "they are $0.0225 + $0.0029 an hour" in answer("audit", str(file))["findings"][0]["remark"]
    file.write_text(f'{head}item = "alb"\namount = 2\nper = "million"\n{configured}')
    assert answer("audit", str(file))["findings"][0]["as_claimed"] == "2"


def test_an_amount_a_million_requests_needs_to_know_the_requests(tmp_path: Path) -> None:
    file = tmp_path / "bill.toml"
    file.write_text('[[claim]]\nprice = "vpc nat-hours"\namount = 2\nper = "million"\n')
    assert "needs a configuration and a rate over 0" in refusal("audit", str(file))


def test_a_price_and_a_count_may_both_be_wrong(tmp_path: Path) -> None:
    file = tmp_path / "bill.toml"
    nodes = '[configuration]\nname = "web"\n[configuration.nodes]\ninstance = "c8g.large"\ncount = 7\n'
    file.write_text(
        f'rate = 0\nworkload = "qrcode"\n[[claim]]\nitem = "nodes"\nquantity = 6\nunit_price = 0.15\n{nodes}'
    )
    found = answer("audit", str(file))["findings"][0]
    assert found["verdict"] == "miscounted and mispriced"
    assert "7 nodes, not 6; the price is 0.07976 per instance-hour" in found["remark"]


def test_the_example_is_printed_and_can_be_checked(tmp_path: Path) -> None:
    printed = command("audit", "--example").stdout
    assert printed == EXAMPLE.read_text()
    (tmp_path / "bill.toml").write_text(printed)
    found = answer("audit", str(tmp_path / "bill.toml"))
    assert found["adds_up"]
    assert {finding["item"]: finding["verdict"] for finding in found["findings"]}["load balancer"] == "mispriced"
    assert "crossover audit --example" in refusal("audit")
