"""A dozen bills of other people, each audited; the true amounts were worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest

from local.cost import files
from local.cost.audit import Audit
from local.cost.audit_file import audit_file, run

F = Fraction
BOOK = files.price_book()


class Case(NamedTuple):
    """A claim as its file says it, the verdicts, and the true dollars an hour."""

    name: str
    claims: str
    configuration: str
    verdicts: dict[str, str]
    true: Fraction
    rate: int = 0


ALB = '[configuration.ingress]\nkind = "alb"\nzones = 2\n'
CASES = [
    Case(
        "a blog on one small database",
        '[[claim]]\nitem = "database"\namount = 0.016\n[[claim]]\nitem = "database-storage"\namount = 0.003',
        '[configuration.database]\nengine = "rds-mysql"\ninstance = "db.t4g.micro"\nstorage_gb = 20\n',
        {"database": "right", "database-storage": "right"},
        F("0.016") + 20 * F("0.115") / 730,
    ),
    Case(
        "a database whose standby was forgotten",
        '[[claim]]\nitem = "database"\namount = 0.478',
        '[configuration.database]\nengine = "rds-mysql"\ninstance = "db.r7g.xlarge"\nmulti_az = true\nstorage_gb = 0\n',
        {"database": "right", "database-standby": "left out"},
        2 * F("0.478"),
    ),
    Case(
        "Aurora priced as RDS",
        '[[claim]]\nitem = "database"\namount = 0.478',
        '[configuration.database]\nengine = "aurora-mysql"\ninstance = "db.r7g.xlarge"\nstorage_gb = 0\n',
        {"database": "mispriced"},
        F("0.553"),
    ),
    Case(
        "a proxy billed at one vCPU",
        '[[claim]]\nitem = "proxy"\nquantity = 1\nunit_price = 0.015\n[[claim]]\nitem = "database"\namount = 0.065',
        '[configuration.database]\nengine = "rds-mysql"\ninstance = "db.t4g.medium"\nstorage_gb = 0\nproxy = true\n',
        {"proxy": "miscounted", "database": "right"},
        F("0.065") + 2 * F("0.015"),
    ),
    Case(
        "two Fargate tasks at the x86 price, on ARM",
        '[[claim]]\nitem = "fargate-vcpu"\nquantity = 2\nunit_price = 0.04048',
        '[configuration.fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 1\nmemory_gb = 2\ncount = 2\n',
        {"fargate-vcpu": "mispriced", "fargate-memory": "left out"},
        2 * F("0.03238") + 4 * F("0.00356"),
    ),
    Case(
        "a pod that EKS rounds up to two vCPUs",
        '[[claim]]\nitem = "fargate-vcpu"\namount = 0.04048\n[[claim]]\nitem = "cluster"\namount = 0.10',
        '[configuration.fargate]\norchestrator = "eks"\nvcpu = 1\nmemory_gb = 8\ncount = 1\nsystem_pods = 0\n',
        {"fargate-vcpu": "mispriced", "cluster": "right", "fargate-memory": "left out"},
        2 * F("0.04048") + 9 * F("0.004445") + F("0.10"),
    ),
    Case(
        "three nodes of which one was forgotten",
        '[[claim]]\nitem = "nodes"\nquantity = 2\nunit_price = 0.17952\n[[claim]]\nitem = "cluster"\namount = 0.1',
        '[configuration.nodes]\ninstance = "m8g.xlarge"\ncount = 3\ndisk_gb = 0\n',
        {"nodes": "miscounted", "cluster": "right"},
        3 * F("0.17952") + F("0.10"),
    ),
    Case(
        "a cluster in extended support",
        '[[claim]]\nitem = "cluster"\namount = 0.10\n[[claim]]\nitem = "nodes"\nquantity = 2\nunit_price = 0.0725',
        '[configuration.nodes]\ninstance = "c7g.large"\ncount = 2\ndisk_gb = 0\nextended_support = true\n',
        {"cluster": "mispriced", "nodes": "right"},
        F("0.60") + 2 * F("0.0725"),
    ),
    Case(
        "Lambda by its request fee alone",
        '[[claim]]\nitem = "lambda-requests"\namount = 0.72',
        '[configuration.lambda]\nmemory_mb = 1769\narchitecture = "x86_64"\nsystem_log_bytes = 0\n',
        {
            "lambda-requests": "right",
            "lambda-duration": "left out",
            "lambda-rounding": "left out",
            "lambda-init": "left out",
        },
        # 1,000/s: the fee; a millisecond billed for 1,000 / 7,076 of one; 200 ms of INIT for one in 10,000
        F("0.72") + 3_600_000 * (1 + F(20, 1000)) / 1000 * F(1769, 1024) * F("0.0000166667"),
        1000,
    ),
    Case(
        "an HTTP API at the REST price",
        '[[claim]]\nitem = "http-api"\namount = 1.26\n[[claim]]\nitem = "lambda-requests"\namount = 0.072',
        '[configuration.lambda]\nmemory_mb = 128\nsystem_log_bytes = 0\n[configuration.ingress]\nkind = "http-api"\n',
        {"http-api": "mispriced", "lambda-requests": "right"},
        F("0.072") + F("0.36"),
        100,
    ),
    Case(
        "a NAT gateway and the addresses behind a balancer",
        '[[claim]]\nitem = "alb"\namount = 0.0225\n[[claim]]\nitem = "nat"\namount = 0.045',
        ALB + "[configuration.network]\nnat_gateways = 1\npublic_ipv4 = 3\n",
        {"alb": "right", "nat": "right", "ipv4": "left out"},
        F("0.0225") + F("0.045") + 5 * F("0.005"),
    ),
    Case(
        "a Valkey cache at the Redis price, and its secret",
        '[[claim]]\nitem = "cache"\nquantity = 2\nunit_price = 0.219\n[[claim]]\nitem = "secrets"\namount = 0.00055',
        '[configuration.cache]\nengine = "valkey"\ninstance = "cache.r7g.large"\nnodes = 2\n[configuration.secrets]\n',
        {"cache": "mispriced", "secrets": "right"},
        2 * F("0.219") * F("0.8") + F("0.40") / 730,
    ),
    Case(
        "DynamoDB provisioned, with its writes forgotten",
        '[[claim]]\nitem = "dynamodb-storage"\namount = 0.0034',
        '[configuration.dynamodb]\nmode = "provisioned"\nstorage_gb = 10\n',
        {"dynamodb-storage": "right"},
        10 * F("0.25") / 730,
    ),
]
DURATIONS = {"lambda-duration": "left out", "lambda-rounding": "left out", "lambda-init": "left out"}


def audited(case: Case, folder: Path) -> Audit:
    path = folder / "audit.toml"
    head = f'name = "{case.name}"\nrate = {case.rate}\nworkload = "qrcode"\n'
    path.write_text(f'{head}{case.claims}\n[configuration]\nname = "theirs"\n{case.configuration}')
    return run(audit_file(str(path)), BOOK)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_item_gets_its_verdict(case: Case, tmp_path: Path) -> None:
    found = {finding.item: finding.verdict for finding in audited(case, tmp_path).findings}
    expected = {**DURATIONS, **case.verdicts} if "lambda-requests" in case.verdicts else case.verdicts
    assert found == expected


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_true_bill_is_what_was_worked_out_by_hand(case: Case, tmp_path: Path) -> None:
    report = audited(case, tmp_path)
    durations = sum((finding.true or F(0) for finding in report.findings if finding.item in DURATIONS), F(0))
    assert report.true - (0 if "lambda-duration" in case.verdicts else durations) == case.true
    assert sum((finding.difference or F(0) for finding in report.findings), F(0)) == report.true - report.claimed
