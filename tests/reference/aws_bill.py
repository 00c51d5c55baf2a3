"""A pocket calculator for AWS bills, written from AWS's pricing pages alone. It shares no code with the cost model.

Every function gives dollars for a month of 730 hours in us-east-1, on demand, unless it says another region. Its prices
are typed in again.
"""

from __future__ import annotations

import math
from fractions import Fraction

F = Fraction
HOURS = 730
SECONDS = HOURS * 3600
EC2 = {
    "c8g.large": "0.07976", "c8g.xlarge": "0.15952", "m8g.large": "0.08976", "c7g.large": "0.0725",
    "t3.medium": "0.0416", "m6g.large": "0.077", "m5.large": "0.096", "m6i.large": "0.096", "c5.large": "0.085",
}  # fmt: skip
RDS = {"db.t4g.micro": "0.016", "db.r7g.large": "0.239", "db.r7g.xlarge": "0.478", "db.m6g.large": "0.152"}
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


def nodes_of_control_plane(count: int, instance: str, gb: int) -> Fraction:
    return count * (HOURS * F(EC2[instance]) + gb * F("0.08"))


def rds_volume(kind: str, gb: int, iops: int, mbps: int, copies: int) -> Fraction:
    """A volume beyond the instance: gp3 includes 3,000 IOPS and 125 MB/s, from 400 GB four times as much."""
    if kind == "gp3":
        large = gb >= 400
        beyond = max(0, iops - (12_000 if large else 3_000)) * F("0.02")
        beyond += max(0, mbps - (500 if large else 125)) * F("0.08")
        return copies * (gb * F("0.115") + beyond)
    return copies * (gb * F("0.125") + iops * F("0.10"))


def custom_metrics(count: int, *, free: int = 0) -> Fraction:
    tiers = [(10_000, "0.30"), (250_000, "0.10"), (1_000_000, "0.05"), (math.inf, "0.02")]
    return graduated(F(max(0, count - free)), tiers)


def alarms(standard: int, fast: int, *, free: int = 0) -> Fraction:
    return max(0, standard - free) * F("0.10") + fast * F("0.30")


def observations(per_minute: int) -> Fraction:
    millions = F(per_minute * 60 * HOURS, 10**6)
    return graduated(millions, [(1_000, "0.21"), (4_000, "0.18"), (math.inf, "0.10")])


def endpoints(count: int, zones: int, rate: Fraction, size: int) -> Fraction:
    gigabytes = rate * SECONDS * size / 10**9
    tiers = [(1024**2, "0.01"), (5 * 1024**2, "0.006"), (math.inf, "0.004")]
    return HOURS * count * zones * F("0.01") + graduated(gigabytes, tiers)


def between_zones(rate: Fraction, size: Fraction) -> Fraction:
    """Billed where it leaves and where it arrives."""
    return 2 * rate * SECONDS * size / 10**9 * F("0.01")


def nlb(rate: Fraction, size: int, requests_per_connection: int, addresses: int) -> Fraction:
    new, active = rate / requests_per_connection / 800, rate / requests_per_connection / 100_000
    processed = rate * 3600 * size / 10**9
    return HOURS * (F("0.0225") + max(new, active, processed) * F("0.006") + addresses * F("0.005"))


def kms(keys: int, calls: Fraction) -> Fraction:
    return keys + calls * F("0.03") / 10_000


def s3(gb: int, puts: Fraction, gets: Fraction) -> Fraction:
    kept = graduated(F(gb), [(51_200, "0.023"), (512_000, "0.022"), (math.inf, "0.021")])
    return kept + puts * F("0.005") / 1000 + gets * F("0.0004") / 1000


def dynamodb_writes(rate: Fraction, size: int, *, provisioned: bool) -> Fraction:
    units = F(math.ceil(size / 1024))
    if provisioned:
        return math.ceil(rate * units / F("0.7")) * HOURS * F("0.00065")
    return rate * SECONDS * units * F("0.625") / 10**6


REGIONS = {
    "us-west-2": {"vcpu": "0.03238", "gb": "0.00356", "alb": "0.0225", "http-api": ("1.00", "0.90"), "log": "0.50"},
    "eu-west-1": {"vcpu": "0.03238", "gb": "0.00356", "alb": "0.0252", "http-api": ("1.11", "1.00"), "log": "0.57"},
    "eu-central-1": {"vcpu": "0.03725", "gb": "0.00409", "alb": "0.027", "http-api": ("1.20", "1.08"), "log": "0.63"},
}


def tasks_behind_a_balancer(region: str, tasks: int, rate: Fraction, size: int, per_connection: int) -> Fraction:
    """ARM tasks of 1 vCPU and 2 GB with addresses, behind an ALB in two zones, in another region."""
    prices = REGIONS[region]
    hour = tasks * (F(prices["vcpu"]) + 2 * F(prices["gb"]) + F("0.005"))
    return HOURS * hour + alb(rate, size, per_connection) + HOURS * (F(prices["alb"]) - F("0.0225"))


def functions_behind_http_api(region: str, rate: Fraction, milliseconds: int, memory_mb: int) -> Fraction:
    """ARM functions with their own log lines, behind an HTTP API in another region."""
    prices = REGIONS[region]
    gigabytes, log, first = rate * SECONDS * 300 / 10**9, F(prices["log"]), prices["http-api"]
    tiers = [(10_240, log), (30_720, log / 2), (51_200, log / 5), (math.inf, log / 10)]
    stored = F("0.0324") if region == "eu-central-1" else F("0.03")
    logs = graduated(gigabytes, [(bound, str(price)) for bound, price in tiers]) + gigabytes * stored
    api = graduated(rate * SECONDS / 10**6, [(300, first[0]), (math.inf, first[1])])
    return lambda_duration(rate, milliseconds, memory_mb, "arm64") + lambda_requests(rate) + logs + api


def cloudfront(edges: str, rate: Fraction, size: int) -> Fraction:
    gigabytes = rate * SECONDS * size / 10**9
    bounds = (10_240, 51_200, 153_600, 512_000, 1_048_576, 5_242_880, math.inf)
    prices = ("0.085", "0.080", "0.060", "0.040", "0.030", "0.025", "0.020")
    requests = F({"us": "0.0100", "europe": "0.0120"}[edges])
    return graduated(gigabytes, list(zip(bounds, prices, strict=True))) + rate * SECONDS / 10_000 * requests
