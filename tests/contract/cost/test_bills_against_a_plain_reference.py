"""The model against sums as one writes them on a sheet of paper. Nothing is shared with the model but the numbers."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from local.cost import files
from local.cost.configuration import parse
from local.cost.model import cheapest
from local.cost.workload import Mix, ServiceWork

F = Fraction
BOOK = files.price_book()
HOUR, MONTH = 3600, 730
SOME = settings(max_examples=40, deadline=None)
rates = st.integers(0, 5_000_000).map(lambda thousandths: F(thousandths, 1000))


def model(text: str, rate: Fraction, **given: int) -> dict[str, Fraction]:
    configuration = parse(tomllib.loads('name = "drawn"\n' + text, parse_float=Decimal), "drawn.toml")
    numbers = {name: F(number) for name, number in given.items()}
    work = ServiceWork(**{"name": "drawn", "source": "drawn", "cpu_ms": F(1), **numbers})  # type: ignore[arg-type]
    bill = cheapest(configuration, Mix.of([(work, F(1))]), rate, BOOK)
    return {item.name: item.month for item in bill.items}


def tiered(volume: Fraction, steps: list[tuple[int, str]], above: str) -> Fraction:
    """Unit after unit, so to speak: each range pays its own price."""
    cost, floor = F(0), 0
    for top, price in steps:
        cost += max(F(0), min(volume, F(top)) - floor) * F(price)
        floor = top
    return cost + max(F(0), volume - floor) * F(above)


@SOME
@given(rates, st.sampled_from([128, 512, 1769, 3008]), st.integers(0, 2000), st.booleans())
def test_lambda_on_demand(rate: Fraction, memory: int, wait: int, free: bool) -> None:
    items = model(
        f"[lambda]\nmemory_mb = {memory}\nfree_tier = {str(free).lower()}\nsystem_log_bytes = 300", rate, wait_ms=wait
    )
    requests = rate * HOUR * MONTH
    milliseconds = math.ceil(F(1769, min(memory, 1769)) / F("0.63") + wait)
    gb_seconds = requests * milliseconds / 1000 * memory / 1024
    paid_requests = max(F(0), requests - 1_000_000) if free else requests
    paid_seconds = max(F(0), gb_seconds - 400_000) if free else gb_seconds
    assert items.pop("lambda-requests") == paid_requests * F("0.20") / 1_000_000
    steps = [(7_500_000_000, "0.0000133334"), (18_750_000_000, "0.0000120001")]
    gigabytes = requests * 300 / 10**9
    logs = [(10_240, "0.5"), (30_720, "0.25"), (51_200, "0.1")]
    assert items.pop("lambda-logs") == tiered(gigabytes, logs, "0.05")
    assert items.pop("lambda-logs-stored") == gigabytes * F("0.03")
    assert sum(items.values()) == tiered(paid_seconds, steps, "0.0000106667")


@SOME
@given(rates, st.sampled_from(["0.25", "1", "4"]), st.integers(0, 2), st.integers(1, 4000))
def test_fargate_tasks_behind_a_balancer(rate: Fraction, vcpu: str, spare: int, size: int) -> None:
    fargate = f'[fargate]\norchestrator = "ecs"\nvcpu = {vcpu}\nspare = {spare}\n'
    items = model(fargate + '[ingress]\nkind = "alb"\nzones = 3', rate, request_bytes=size, requests_per_connection=50)
    tasks = max(1, math.ceil(rate / (1000 * F(vcpu) * F("0.6") * F("0.6")))) + spare
    memory = {"0.25": F("0.5"), "1": F(2), "4": F(8)}[vcpu]
    units = max(rate / 50 / 25, rate / 50 / 3000, rate * HOUR * size / 10**9)
    assert items == {
        "fargate-vcpu": tasks * F(vcpu) * F("0.04048") * MONTH,
        "fargate-memory": tasks * memory * F("0.004445") * MONTH,
        "alb": F("0.0225") * MONTH,
        "alb-capacity": units * F("0.008") * MONTH,
        "ipv4": 3 * F("0.005") * MONTH,
    }


@SOME
@given(rates, st.integers(1, 3), st.integers(1, 20_000), st.booleans())
def test_dynamodb(rate: Fraction, reads: int, size: int, strong: bool) -> None:
    consistency = "strong" if strong else "eventual"
    units = reads * math.ceil(size / 4096) * (1 if strong else F(1, 2))
    given_work = {"reads": reads, "item_bytes": size, "writes": 1}
    on_demand = model(f'[dynamodb]\nconsistency = "{consistency}"', rate, **given_work)
    assert on_demand["dynamodb-reads"] == rate * HOUR * MONTH * units * F("0.125") / 10**6
    assert on_demand["dynamodb-writes"] == rate * HOUR * MONTH * math.ceil(size / 1024) * F("0.625") / 10**6
    provisioned = model(f'[dynamodb]\nmode = "provisioned"\nconsistency = "{consistency}"', rate, **given_work)
    assert provisioned["dynamodb-reads"] == math.ceil(rate * units / F("0.7")) * F("0.00013") * MONTH


@SOME
@given(rates, st.integers(1, 30), st.integers(0, 200))
def test_a_node_group_with_its_database(rate: Fraction, count: int, disk: int) -> None:
    nodes = f'[nodes]\ninstance = "c8g.xlarge"\ncount = {count}\ndisk_gb = {disk}\n'
    database = (
        '[database]\nengine = "rds-mysql"\ninstance = "db.r7g.large"\nmulti_az = true\nstorage_gb = 30\nproxy = true'
    )
    items = model(nodes + database, rate)
    assert sum(items.values()) == (
        F("0.10") * MONTH + count * F("0.15952") * MONTH + count * disk * F("0.08")
        + 2 * F("0.239") * MONTH + 2 * 30 * F("0.115") + 2 * F("0.015") * MONTH
    )  # fmt: skip
