"""Over forty bills of the cost model beside those of a calculator that shares no code with it, exactly."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.configuration import parse
from local.cost.model import cheapest
from local.cost.workload import Mix, Workload
from tests.reference import aws_bill as aws

F = Fraction
BOOK = files.price_book()
SIZE, ANSWER, PER_CONNECTION = 2000, 1500, 50


def month(text: str, rate: Fraction, services: int = 1) -> Fraction:
    document = tomllib.loads('name = "drawn"\n' + text, parse_float=Decimal)
    workloads = [
        Workload(
            name=f"service {number}", source="drawn", cpu_ms=F(2), reads=F(1), item_bytes=F(5000),
            request_bytes=F(SIZE - ANSWER), response_bytes=F(ANSWER),
            requests_per_connection=F(PER_CONNECTION), memory_mb=F(128),
        )
        for number in range(services)
    ]  # fmt: skip
    mix = Mix.of([(workload, F(1)) for workload in workloads])
    return cheapest(parse(document, "drawn.toml"), mix, rate, BOOK).month


SPEED = {"arm64": F("0.63"), "x86_64": F("0.53")}
RATES = [F(1), F(77), F(1000), F(30_000)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("memory", "architecture"), [(128, "arm64"), (1769, "x86_64"), (3008, "arm64")])
def test_functions_behind_a_url(rate: Fraction, memory: int, architecture: str) -> None:
    text = f'[lambda]\nmemory_mb = {memory}\narchitecture = "{architecture}"\n[ingress]\nkind = "function-url"'
    milliseconds = math.ceil(F(2) * F(1769, min(memory, 1769)) / SPEED[architecture])
    theirs = aws.lambda_duration(rate, milliseconds, memory, architecture) + aws.lambda_requests(rate)
    assert month(text + "\n[network]\ninternet = true", rate) == theirs + aws.lambda_logs(rate) + aws.internet(
        rate, ANSWER
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["http-api", "alb"])
def test_functions_behind_a_front(rate: Fraction, kind: str) -> None:
    theirs = (
        aws.lambda_duration(rate, math.ceil(2 / SPEED["arm64"]), 1769, "arm64")
        + aws.lambda_requests(rate)
        + aws.lambda_logs(rate)
    )
    theirs += aws.http_api(rate) if kind == "http-api" else aws.alb(rate, SIZE, PER_CONNECTION, to_lambda=True)
    assert month(f'[lambda]\nmemory_mb = 1769\n[ingress]\nkind = "{kind}"', rate) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("architecture", "speed"), [("arm64", F("0.63")), ("x86_64", F("0.6"))])
@pytest.mark.parametrize("services", [1, 3])
def test_tasks_with_addresses(rate: Fraction, architecture: str, speed: Fraction, services: int) -> None:
    text = f'[fargate]\norchestrator = "ecs"\narchitecture = "{architecture}"\nvcpu = 1\npublic_addresses = true\n'
    tasks = services * (max(1, math.ceil(rate / services / (500 * speed * F("0.6")))) + 1)
    theirs = aws.fargate(tasks, "1", "2", architecture, addresses=True) + aws.alb(rate, SIZE, PER_CONNECTION)
    assert month(text + '[ingress]\nkind = "alb"', rate, services) == theirs


@pytest.mark.parametrize("rate", RATES)
def test_pods_on_fargate_with_the_pods_of_kubernetes_and_a_nat_gateway(rate: Fraction) -> None:
    text = '[fargate]\norchestrator = "eks"\nvcpu = 2\n[network]\nnat_gateways = 1\n'
    pods = max(1, math.ceil(rate / (1000 * F("0.6") * F("0.6")))) + 1
    theirs = aws.fargate(pods, "2", "4", "x86_64") + aws.fargate(5, "0.25", "0.5", "x86_64") + aws.eks() + aws.nat(1)
    assert month(text, rate) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("instance", "vcpus"), [("c8g.large", "1.78"), ("m8g.large", "1.78"), ("c7g.large", "1.424")])
def test_nodes_with_disks_and_addresses(rate: Fraction, instance: str, vcpus: str) -> None:
    text = f'[nodes]\ninstance = "{instance}"\ndisk_gb = 30\npublic_addresses = true\n[ingress]\nkind = "alb"'
    count = max(1, math.ceil(rate / (500 * F(vcpus) * F("0.6")))) + 1
    theirs = aws.eks() + aws.nodes(count, instance, 30, addresses=True) + aws.alb(rate, SIZE, PER_CONNECTION)
    assert month(text, rate) == theirs


@pytest.mark.parametrize("instance", ["db.t4g.micro", "db.r7g.large", "db.r7g.xlarge"])
@pytest.mark.parametrize(("multi_az", "replicas"), [(False, 0), (True, 0), (False, 2)])
def test_databases_with_a_proxy_that_is_billed_for_the_writer(instance: str, multi_az: bool, replicas: int) -> None:
    text = (
        f'[database]\nengine = "rds-mysql"\ninstance = "{instance}"\nstorage_gb = 40\nproxy = true\n'
        f"multi_az = {str(multi_az).lower()}\nreplicas = {replicas}"
    )
    vcpus = 4 if instance.endswith("xlarge") else 2
    theirs = aws.rds(instance, 40, multi_az=multi_az, replicas=replicas, proxy_vcpus=vcpus)
    assert month(text, F(10)) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("mode", "consistency"), [("on-demand", "strong"), ("provisioned", "eventual")])
def test_tables(rate: Fraction, mode: str, consistency: str) -> None:
    theirs = aws.dynamodb(rate, 5000, strong=consistency == "strong", provisioned=mode == "provisioned")
    assert month(f'[dynamodb]\nmode = "{mode}"\nconsistency = "{consistency}"', rate) == theirs
