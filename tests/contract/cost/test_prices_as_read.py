"""The price book, entered a second time: a price that somebody changes by mistake in one place is noticed here."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.price_book import ALL

BOOK = files.price_book()
WEAK = "?"
AS_READ = """
lambda requests | 0.20 per million | 2026-09-19
lambda gb-seconds-x86_64 | 6000000000: 0.0000166667, 15000000000: 0.000015, 0.0000133334 | 2026-09-19
lambda gb-seconds-arm64 | 7500000000: 0.0000133334, 18750000000: 0.0000120001, 0.0000106667 | 2026-09-19
lambda free-requests | 1000000 | 2026-09-19
lambda free-gb-seconds | 400000 | 2026-09-19
lambda provisioned-idle-x86_64 | 0.0000041667 | 2026-09-19
lambda provisioned-duration-x86_64 | 0.0000097222 | 2026-09-19
lambda provisioned-idle-arm64 | 0.0000033334 | 2026-09-19
lambda provisioned-duration-arm64 | 0.0000077778 | 2026-09-19
lambda snapstart-cache | 0.0000015046 | 2026-09-19
lambda snapstart-restore | 0.0001397998 | 2026-09-19
lambda init-factor | 1 | 2025-08
lambda function-url | 0 per million | unknown ?
lambda-managed-instances management-fee | 0.15 | 2026-09-19
lambda-managed-instances requests | 0.20 per million | 2026-09-19
api-gateway http-requests | 300000000: 1.00, 0.90 per million | 2026-09-21
api-gateway rest-requests | 333000000: 3.50, 1000000000: 2.80, 20000000000: 2.38, 1.51 per million | 2026-08 ?
fargate vcpu-x86_64 | 0.04048 | 2026-08-12
fargate memory-x86_64 | 0.004445 | 2026-08-12
fargate vcpu-arm64 | 0.03238 | 2026-08-12
fargate memory-arm64 | 0.00356 | 2026-08-12
eks cluster | 0.10 | 2025-07-04
eks cluster-extended | 0.60 | 2025-07-04
ec2 c8g.large | 0.07976 | 2026-07-20
ec2 c8g.xlarge | 0.15952 | 2026-07-20
ec2 c8g.2xlarge | 0.31904 | 2026-07-20
ec2 m8g.large | 0.08976 | 2026-07-20
ec2 m8g.xlarge | 0.17952 | 2026-07-20
ec2 c7g.large | 0.0725 | 2026-07-20
ec2 m7g.large | 0.0816 | 2026-07-20
ec2 m7g.xlarge | 0.1632 | 2026-07-20
ec2 c9g.large | 0.08694 | 2026-07-20
ec2 m9g.large | 0.09784 | 2026-07-20
ec2 c7i.large | 0.08925 | 2026-07-20
ec2 m7i.large | 0.1008 | 2026-07-20
ec2 c6i.large | 0.085 | 2026-07-20
ec2 c6g.large | 0.068 | 2026-07-20
ebs gp3 | 0.08 | 2026-10-01
rds-mysql db.r7g.large | 0.239 | 2026-09-24
rds-mysql db.r7g.xlarge | 0.478 | 2026-09-24
rds-mysql db.r7g.2xlarge | 0.956 | 2026-09-24
rds-mysql db.t4g.micro | 0.016 | 2026-09-24
rds-mysql db.t4g.small | 0.032 | 2026-09-24
rds-mysql db.t4g.medium | 0.065 | 2026-09-24
rds-mysql db.t4g.large | 0.129 | 2026-09-24
rds-mysql db.r6g.large | 0.215 | 2026-09-24
rds-mysql db.r6g.xlarge | 0.430 | 2026-09-24
rds-mysql db.m6g.large | 0.152 | 2026-09-24
rds multi-az-factor | 2 | 2026-09-24
rds storage-gp3 | 0.115 | 2026-08-12
rds backup | 0.095 | 2026-08-12
aurora-mysql backup | 0.021 | 2026-07-28
rds-proxy vcpu-hours | 0.015 | 2026-08-12
aurora-mysql db.r7g.xlarge | 0.553 | unknown ?
aurora-mysql storage | 0.10 | unknown ?
aurora-mysql io-requests | 0.20 per million | unknown ?
elb alb-hours | 0.0225 | 2026-08
elb alb-capacity | 0.008 | 2026-08
elb nlb-hours | 0.0225 | 2026-08
elb nlb-capacity | 0.006 | 2026-08
dynamodb read-request-units | 0.125 per million | 2026-09-11
dynamodb write-request-units | 0.625 per million | 2026-09-11
dynamodb storage | 0.25 | 2026-09-11
dynamodb read-capacity-hours | 0.00013 | 2026-07-31
dynamodb write-capacity-hours | 0.00065 | 2026-07-31
dax dax.t3.small | 0.04 | 2026-04
dax dax.r5.large | 0.255 | 2025-06-17 ?
elasticache cache.t4g.micro | 0.016 | 2026-10-02
elasticache cache.m7g.large | 0.158 | 2026-10-02
elasticache cache.r7g.large | 0.219 | 2026-10-02
elasticache valkey-factor | 0.8 | 2026-10-02
vpc nat-hours | 0.045 | 2026-08-12
vpc nat-data | 0.045 | 2026-08-12
vpc public-ipv4 | 0.005 | 2026-08-12
cloudwatch-logs lambda-ingestion | 10240: 0.5, 30720: 0.25, 51200: 0.1, 0.05 | 2025-10-28
cloudwatch-logs ingestion | 0.50 | 2026-09-22
cloudwatch-logs storage | 0.03 | 2026-09-22
secrets-manager secrets | 0.40 | 2026-09
secrets-manager calls | 0.05 per 10000 | 2026-09
ecr storage | 0.10 | 2026-08-12
data-transfer internet-out | 100: 0, 10240: 0.09, 51200: 0.085, 153600: 0.07, 0.05 | 2026-07-28
data-transfer cross-zone | 0.01 | 2026-08
emr-serverless vcpu-hours | 0.052624 | 2026-11 ?
emr-serverless gb-hours | 0.0057785 | 2026-11 ?
glue dpu-hours | 0.44 | 2026-11 ?
"""
PER = {"million": 1_000_000, "10000": 10_000, "": 1}


def test_every_price_is_the_one_that_was_read() -> None:
    entered = {}
    for line in AS_READ.strip().splitlines():
        name, price, read = line.split(" | ")
        tiers, _, per = price.partition(" per ")
        parts = [tier.rpartition(": ") for tier in tiers.split(", ")]
        amounts = tuple((Fraction(upto) if upto else None, Fraction(amount)) for upto, _, amount in parts)
        entered[name] = (amounts, PER[per], read.removesuffix(" ?"), "weak" if WEAK in read else "firm")
    rows = [*BOOK.of_region(ALL), *BOOK.of_region("us-east-1")]
    found = {row.name: (row.tiers, row.per, row.read, row.certainty) for row in rows}
    assert {name: found.get(name) for name in entered} == entered


SUMS = {
    "all-regions": "e3a8dc5ce6a8",
    "ap-southeast-1": "ddf144374cf6",
    "eu-central-1": "e8366998c171",
    "eu-west-1": "33adddb784ca",
    "us-east-1": "36001d4aaa9b",
    "us-west-2": "ab1974c2de83",
}
"""A checksum over names and prices of a file: a person who changes a price on purpose enters the new one."""


@pytest.mark.parametrize("region", SUMS)
def test_no_price_of_a_region_changes_by_mistake(region: str) -> None:
    rows = sorted((row.name, row.per, *map(tuple, row.tiers)) for row in BOOK.of_region(region))
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:12] == SUMS[region]
