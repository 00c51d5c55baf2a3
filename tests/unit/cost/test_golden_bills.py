"""Golden bills: each file prints its arithmetic, so that a person can redo it with a pocket calculator.

After a change that is meant, renew them with CROSSOVER_RENEW_GOLDEN=1 in the environment, and read the difference.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import pytest

from local.cost import files
from local.cost.exact import plain
from local.cost.meanings import MEANINGS
from local.cost.model import cheapest
from local.cost.price_book import PriceBook
from local.cost.tables import explained, fitness

GOLDEN = Path(__file__).parents[2] / "golden" / "cost"
BILLS = {
    "report-eks-nodes": ("qrcode", 5000),
    "report-eks-nodes-m8g": ("qrcode", 5000),
    "report-eks-fargate": ("qrcode", 1000),
    "report-ecs-fargate": ("qrcode", 1000),
    "report-dynamodb": ("twitter", 10_000),
    "dynamodb-provisioned": ("twitter", 10_000),
    "team-2022": ("qrcode", 185_608),
    "web-7-c8g-large": ("blockchain", 1000),
    "eks-nodes": ("twitter", 1000),
    "ecs-fargate": ("twitter", 1000),
    "eks-fargate": ("twitter", 1000),
    "lambda-url": ("qrcode", 5000),
    "lambda-http-api": ("qrcode", 500),
    "lambda-rest-api": ("qrcode", 500),
    "lambda-alb": ("blockchain", 500),
    "lambda-provisioned": ("qrcode", 1000),
    "lambda-snapstart": ("twitter", 1000),
    "lambda-managed-instances": ("blockchain", 5000),
}
OF_ITEMS = {
    "monitoring": ("qrcode", 1000),
    "insights-on-ecs": ("qrcode", 1000),
    "endpoints": ("twitter", 1000),
    "self-managed": ("twitter", 1000),
    "extended-support": ("blockchain", 1000),
    "mysql-gp3": ("twitter", 1000),
    "postgresql-io2": ("twitter", 1000),
    "keys-and-files": ("qrcode", 1000),
    "ireland": ("qrcode", 1000),
    "supporting": ("twitter", 1000),
    "behind-cloudfront": ("twitter", 1000),
    "aurora-and-dax": ("twitter", 1000),
    "reserved-and-cached": ("twitter", 5000),
}
"""Bills of items that no shipped configuration has; their configurations are beside the bills."""
NUMBER = r"≈?-?[\d,]+(?:\.\d+)?"


def golden(name: str, book: PriceBook) -> str:
    service, rate = {**BILLS, **OF_ITEMS}[name]
    path = GOLDEN / "configurations" / f"{name}.toml"
    bill = cheapest(
        files.configuration(str(path) if name in OF_ITEMS else name),
        files.mix({service: Fraction(1)}),
        Fraction(rate),
        book,
    )
    lines = [
        bill.configuration,
        f"{bill.workload}, {plain(bill.rate)} requests/s, {plain(bill.hours)} hours a month",
        "",
    ]
    for item in bill.items:
        lines += explained(item)
    amounts = [plain(item.month) for item in bill.items]
    million = bill.per_million(bill.month) or Fraction(0)
    lines += [
        "",
        f"month: {' + '.join(amounts)} = {plain(bill.month)}",
        f"hour: {plain(bill.month)} / {plain(bill.hours)} = {plain(bill.hour)}",
        f"million requests: {plain(bill.month)} / {plain(bill.requests)} × 1,000,000 = {plain(million)}",
        "",
        *fitness(bill),
    ]
    return "\n".join(lines).rstrip() + "\n"


def test_every_shipped_configuration_has_a_golden_bill() -> None:
    assert set(BILLS) == set(files.shipped(files.CONFIGURATIONS))
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {*BILLS, *OF_ITEMS}
    assert {path.stem for path in (GOLDEN / "configurations").glob("*.toml")} == set(OF_ITEMS)


def test_every_item_that_a_bill_can_have_is_on_a_golden_bill() -> None:
    lines = {line.split(":")[0] for path in GOLDEN.glob("*.txt") for line in path.read_text().splitlines()}
    assert set(MEANINGS) - lines == {"dynamodb-writes", "dynamodb-writes-upfront"}  # no shipped workload writes


@pytest.mark.parametrize("name", {**BILLS, **OF_ITEMS})
def test_a_bill_is_the_golden_one(name: str, book: PriceBook) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("CROSSOVER_RENEW_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(golden(name, book))
    assert path.read_text() == golden(name, book)


def value(number: str) -> Fraction:
    return Fraction(number.strip().lstrip("≈").replace(",", ""))


def worked_out(expression: str) -> Fraction:
    """A sum of products and quotients, as a pocket calculator does it: `a × b / c + d × e`."""
    result = Fraction(0)
    for product in expression.split(" + "):
        parts = re.split(r" ([×/]) ", product.strip())
        amount = value(parts[0])
        for sign, number in zip(parts[1::2], parts[2::2], strict=True):
            amount = amount * value(number) if sign == "×" else amount / value(number)
        result += amount
    return result


def agrees(expression: str, result: str) -> bool:
    """To nine digits: numbers marked ≈ are printed with twelve."""
    worked, printed = worked_out(expression), value(result)
    return abs(worked - printed) <= abs(printed) / 10**9


@pytest.mark.parametrize("name", {**BILLS, **OF_ITEMS})
def test_the_printed_arithmetic_can_be_redone_with_a_calculator(name: str) -> None:
    checked = 0
    for line in (GOLDEN / f"{name}.txt").read_text().splitlines():
        text = line.strip().removeprefix("month: ").removeprefix("hour: ").removeprefix("million requests: ")
        if re.fullmatch(rf"{NUMBER}(?: [×/+] {NUMBER})* = {NUMBER}", text):
            assert agrees(*text.split(" = ")), line
            checked += 1
        elif tiered := re.fullmatch(rf"(.+) = ({NUMBER});.*\((.+)\)( / [\d,]+)? = ({NUMBER})", text):
            volume, shown, spread, per, result = tiered.groups()
            assert agrees(volume, shown), line
            steps = " + ".join(f"{step}{per or ''}" for step in spread.split(" + "))
            assert agrees(steps, result), line
            checked += 1
    assert checked >= 5 or name in OF_ITEMS
    assert checked
