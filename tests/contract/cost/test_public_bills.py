"""Bills and cost tables that were published, each with its address, and what the audit has to say of every line."""

from __future__ import annotations

import pytest

from local.cost import files
from local.cost.audit import Audit
from local.cost.audit_file import audit_file, run
from local.paths import ROOT

BILLS = ROOT / "tests/golden/cost/public_bills"
R, P, C, N = "right", "mispriced", "miscounted", "not checked"
VERDICTS = {
    "three-tier-web-app": [R, P, R, R, R, R, C, R],  # HTTPS costs more than HTTP; Multi-AZ was doubled twice
    "news-api-on-ecs": [R, R, P, R, R],  # PostgreSQL at the price of MySQL
    "fargate-environment": [R, R, N],
    "private-servers-in-seoul": [N, N],  # no prices of that region
    "serverless-api-2016": [R, N, N],
    "five-dollar-app": [R, P, P, R, R, P],  # gp2's price, the free 100 GB, the price of PUT
    "three-times-the-estimate": [R, R, R, R],
    "cost-plan-of-a-team": [P, P, P, R, N],
    "newsletter-service-2020": [N],
}


def audited(name: str) -> Audit:
    return run(audit_file(str(BILLS / f"{name}.toml")), files.price_book())


def test_every_bill_has_its_verdicts() -> None:
    assert {path.stem for path in BILLS.glob("*.toml")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_each_line_gets_its_verdict(name: str) -> None:
    found = [finding for finding in audited(name).findings if finding.claim]
    assert [finding.verdict for finding in found] == VERDICTS[name], [finding.remark for finding in found]


def test_a_wrong_line_says_what_was_mistaken() -> None:
    remarks = {finding.item: finding.remark for name in VERDICTS for finding in audited(name).findings}
    assert remarks["db.t3.small, Multi-AZ"] == "the amount is that of 4 db.t3.small, not of 2"
    assert remarks["PostgreSQL, db.t3.micro"] == "near rds-mysql's 0.017; rds-postgresql's is 0.018"
    assert remarks["430,000 GET requests"] == "near the 0.005 of put-requests; that of get-requests is 0.0004"
    assert "leaves out that 100 are free" in remarks["169 GB out"]
    assert remarks["2 x t3.micro"] == "no price of ec2 t3.micro in ap-northeast-2"
