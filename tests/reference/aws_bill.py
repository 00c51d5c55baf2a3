"""A pocket calculator for AWS bills, written from AWS's pricing pages alone. It shares no code with the cost model.

Every function gives dollars for a month of 730 hours in us-east-1, on demand. Its prices are typed in again.
"""

from __future__ import annotations

import math
from fractions import Fraction

F = Fraction
HOURS = 730
SECONDS = HOURS * 3600
EC2 = {"c8g.large": "0.07976", "c8g.xlarge": "0.15952", "m8g.large": "0.08976", "c7g.large": "0.0725"}
RDS = {"db.t4g.micro": "0.016", "db.r7g.large": "0.239", "db.r7g.xlarge": "0.478"}
DURATION = {"arm64": "0.0000133334", "x86_64": "0.0000166667"}


def graduated(volume: Fraction, steps: list[tuple[float, str]]) -> Fraction:
    """Price a volume in tiers: each step's price holds up to its bound."""
    cost, floor = F(0), F(0)
    for bound, price in steps:
        top = volume if bound == math.inf else min(volume, F(int(bound)))
        cost += max(F(0), top - floor) * F(price)
        floor = max(floor, top)
    return cost


def lambda_requests(rate: Fraction) -> Fraction:
    return rate * SECONDS * F("0.20") / 10**6


def lambda_duration(rate: Fraction, milliseconds: int, memory_mb: int, architecture: str) -> Fraction:
    gb_seconds = rate * SECONDS * F(milliseconds, 1000) * F(memory_mb, 1024)
    bounds = (7_500_000_000, 18_750_000_000) if architecture == "arm64" else (6_000_000_000, 15_000_000_000)
    prices = {
        "arm64": ("0.0000133334", "0.0000120001", "0.0000106667"),
        "x86_64": ("0.0000166667", "0.000015", "0.0000133334"),
    }[architecture]
    return graduated(gb_seconds, list(zip((*bounds, math.inf), prices, strict=True)))


def lambda_logs(rate: Fraction) -> Fraction:
    gigabytes = rate * SECONDS * 300 / 10**9
    tiers = [(10_240, "0.5"), (30_720, "0.25"), (51_200, "0.1"), (math.inf, "0.05")]
    return graduated(gigabytes, tiers) + gigabytes * F("0.03")


def http_api(rate: Fraction) -> Fraction:
    return graduated(rate * SECONDS / 10**6, [(300, "1.00"), (math.inf, "0.90")])


def alb(rate: Fraction, size: int, requests_per_connection: int, *, to_lambda: bool = False) -> Fraction:
    new, active = rate / requests_per_connection / 25, rate / requests_per_connection / 3000
    processed = rate * 3600 * size / 10**9 / (F("0.4") if to_lambda else 1)
    return HOURS * (F("0.0225") + max(new, active, processed) * F("0.008") + 2 * F("0.005"))


def internet(rate: Fraction, size: int) -> Fraction:
    gigabytes = rate * SECONDS * size / 10**9
    tiers = [(100, "0"), (10_240, "0.09"), (51_200, "0.085"), (153_600, "0.07"), (math.inf, "0.05")]
    return graduated(gigabytes, tiers)


def fargate(tasks: int, vcpu: str, gb: str, architecture: str, *, addresses: bool = False) -> Fraction:
    vcpu_hour, gb_hour = ("0.03238", "0.00356") if architecture == "arm64" else ("0.04048", "0.004445")
    hour = F(vcpu) * F(vcpu_hour) + F(gb) * F(gb_hour) + (F("0.005") if addresses else 0)
    return tasks * hour * HOURS


def eks(extended: bool = False) -> Fraction:
    return HOURS * F("0.60" if extended else "0.10")


def nodes(count: int, instance: str, disk_gb: int, *, addresses: bool = False) -> Fraction:
    return count * (HOURS * (F(EC2[instance]) + (F("0.005") if addresses else 0)) + disk_gb * F("0.08"))


def nat(gateways: int) -> Fraction:
    return gateways * HOURS * F("0.045")


def rds(instance: str, gb: int, *, multi_az: bool = False, replicas: int = 0, proxy_vcpus: int = 0) -> Fraction:
    copies = 2 if multi_az else 1
    instances = copies + replicas
    return HOURS * instances * F(RDS[instance]) + instances * gb * F("0.115") + HOURS * proxy_vcpus * F("0.015")


def dynamodb(rate: Fraction, size: int, *, strong: bool, provisioned: bool) -> Fraction:
    units = F(math.ceil(size / 4096)) * (1 if strong else F(1, 2))
    if provisioned:
        return math.ceil(rate * units / F("0.7")) * HOURS * F("0.00013")
    return rate * SECONDS * units * F("0.125") / 10**6
