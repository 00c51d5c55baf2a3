"""The cost model's bills beside those of a calculator that shares no code with it, exactly. Each case is one bill."""

from __future__ import annotations

import math
import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest

from local.cost import files
from local.cost.configuration import parse
from local.cost.model import cheapest
from local.cost.workload import Mix, ServiceWork
from tests.reference import aws_bill as aws

F = Fraction
BOOK = files.price_book()
SIZE, ANSWER, PER_CONNECTION = 2000, 1500, 50


def month(text: str, rate: Fraction, services: int = 1, **given: Fraction) -> Fraction:
    document = tomllib.loads('name = "drawn"\n' + text, parse_float=Decimal)
    workloads = [
        ServiceWork(
            name=f"service {number}", source="drawn", cpu_ms=F(2), reads=F(1), item_bytes=F(5000),
            request_bytes=F(SIZE - ANSWER), response_bytes=F(ANSWER),
            requests_per_connection=F(PER_CONNECTION), memory_mb=F(128), **given,
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


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("instance", "speed"), [("m5.large", "1"), ("m6i.large", "0.64"), ("c5.large", "1")])
def test_nodes_under_a_control_plane_of_their_owner(rate: Fraction, instance: str, speed: str) -> None:
    text = f'[nodes]\ninstance = "{instance}"\ncontrol_plane = "self-managed"'
    count = max(1, math.ceil(rate / (500 * F("1.78") * F(speed) * F("0.6")))) + 1
    theirs = aws.nodes_of_control_plane(3, "t3.medium", 104) + aws.nodes(count, instance, 20)
    assert month(text, rate) == theirs


@pytest.mark.parametrize(("instance", "count"), [("c7g.large", 3), ("m6g.large", 7)])
def test_a_cluster_out_of_standard_support(instance: str, count: int) -> None:
    text = f'[nodes]\ninstance = "{instance}"\ncount = {count}\nextended_support = true'
    assert month(text, F(10)) == aws.eks(extended=True) + aws.nodes(count, instance, 20)


@pytest.mark.parametrize(
    ("kind", "gb", "iops", "mbps"),
    [
        ("gp3", 100, 0, 0),
        ("gp3", 400, 12_000, 500),
        ("gp3", 500, 16_000, 700),
        ("io2", 200, 5000, 0),
        ("io1", 50, 1000, 0),
    ],
)
@pytest.mark.parametrize(("multi_az", "replicas"), [(False, 0), (True, 1)])
def test_volumes_with_provisioned_iops_and_throughput(
    kind: str, gb: int, iops: int, mbps: int, multi_az: bool, replicas: int
) -> None:
    text = (
        f'[database]\nengine = "rds-mysql"\ninstance = "db.m6g.large"\nstorage_gb = {gb}\nvolume = "{kind}"\n'
        f"iops = {iops}\nthroughput_mbps = {mbps}\nmulti_az = {str(multi_az).lower()}\nreplicas = {replicas}"
    )
    instances = aws.rds("db.m6g.large", 0, multi_az=multi_az, replicas=replicas)
    assert month(text, F(10)) == instances + aws.rds_volume(kind, gb, iops, mbps, 1 + multi_az + replicas)


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize(("alarms", "metrics", "dashboards"), [(3, 5, 1), (40, 300_000, 4), (1, 2_000_000, 0)])
def test_alarms_metrics_and_dashboards(alarms: int, metrics: int, dashboards: int, free: bool) -> None:
    text = (
        f"[monitoring]\nalarms = {alarms}\nhigh_resolution_alarms = 2\nmetrics = {metrics}\n"
        f"dashboards = {dashboards}\nfree_tier = {str(free).lower()}"
    )
    left = 10 if free else 0
    theirs = aws.alarms(alarms, 2, free=left) + aws.custom_metrics(metrics, free=left) + 3 * dashboards
    assert month(text, F(1)) == theirs


@pytest.mark.parametrize("per_minute", [1000, 50_000, 200_000])
def test_observations_of_a_cluster(per_minute: int) -> None:
    assert month(f"[monitoring]\nobservations_per_minute = {per_minute}", F(1)) == aws.observations(per_minute)


@pytest.mark.parametrize("services", [1, 3])
def test_metrics_of_container_insights(services: int) -> None:
    nodes = month('[nodes]\ninstance = "c8g.large"\ncount = 5\ncontainer_insights = true', F(10), services)
    metrics = 24 + 5 * 8 + services * (9 + 6)
    assert nodes == aws.eks() + aws.nodes(5, "c8g.large", 20) + aws.custom_metrics(metrics)
    text = '[fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 1\ncount = 2\ncontainer_insights = true'
    tasks = month(text, F(10), services)
    assert tasks == aws.fargate(2, "1", "2", "arm64") + aws.custom_metrics(8 + services * (6 + 11))


@pytest.mark.parametrize("rate", RATES)
def test_endpoints_and_traffic_between_zones(rate: Fraction) -> None:
    text = (
        "[network]\ninterface_endpoints = 3\nendpoint_zones = 3\nendpoint_bytes = 40_000\ngateway_endpoints = 2\n"
        "cross_zone_share = 0.5\ncross_zone_bytes = 600"
    )
    theirs = aws.endpoints(3, 3, rate, 40_000) + aws.between_zones(rate, F(SIZE) / 2 + 600)
    assert month(text, rate) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("internal", "zones"), [(True, 3), (False, 2)])
def test_tasks_behind_a_network_balancer(rate: Fraction, internal: bool, zones: int) -> None:
    text = (
        '[fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 1\ncount = 3\n'
        f'[ingress]\nkind = "nlb"\nzones = {zones}\ninternal = {str(internal).lower()}'
    )
    theirs = aws.fargate(3, "1", "2", "arm64") + aws.nlb(rate, SIZE, PER_CONNECTION, 0 if internal else zones)
    assert month(text, rate) == theirs


@pytest.mark.parametrize("rate", RATES)
def test_keys_and_files(rate: Fraction) -> None:
    requests = rate * 730 * 3600
    assert month("[keys]\ncount = 2\ncalls_per_request = 0.5", rate) == aws.kms(2, requests / 2)
    text = "[files]\nstorage_gb = 60_000\nputs_per_request = 0.1\ngets_per_request = 2"
    assert month(text, rate) == aws.s3(60_000, requests / 10, requests * 2)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("mode", ["on-demand", "provisioned"])
def test_tables_that_are_written(rate: Fraction, mode: str) -> None:
    theirs = aws.dynamodb(rate, 5000, strong=False, provisioned=mode == "provisioned")
    theirs += aws.dynamodb_writes(rate, 5000, provisioned=mode == "provisioned")
    assert month(f'[dynamodb]\nmode = "{mode}"', rate, writes=F(1)) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("region", aws.REGIONS)
def test_tasks_and_functions_in_other_regions(rate: Fraction, region: str) -> None:
    text = '[fargate]\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 1\npublic_addresses = true\n'
    tasks = max(1, math.ceil(rate / (500 * SPEED["arm64"] * F("0.6")))) + 1
    theirs = aws.tasks_behind_a_balancer(region, tasks, rate, SIZE, PER_CONNECTION)
    assert month(f'region = "{region}"\n{text}[ingress]\nkind = "alb"', rate) == theirs
    text = 'memory_mb = 1769\n[ingress]\nkind = "http-api"'
    theirs = aws.functions_behind_http_api(region, rate, math.ceil(2 / SPEED["arm64"]), 1769)
    assert month(f'region = "{region}"\n[lambda]\n{text}', rate) == theirs


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("services", "factor"), [(1, "1.3"), (2, "1.3"), (3, "1.1")])
def test_nodes_under_a_measured_mix(rate: Fraction, services: int, factor: str) -> None:
    text = '[nodes]\ninstance = "c8g.large"'
    milliseconds = 2 * (F(factor) if services > 1 else 1)
    count = max(1, math.ceil(rate / (1000 / milliseconds * F("1.78") * F("0.6")))) + 1
    theirs = aws.eks() + aws.nodes(count, "c8g.large", 20)
    assert month(text, rate, services, mix_factor=F(factor)) == theirs


@pytest.mark.parametrize("rate", [*RATES, F(1_500_000)])
@pytest.mark.parametrize("edges", ["us", "europe"])
def test_responses_through_cloudfront(rate: Fraction, edges: str) -> None:
    assert month(f'[network]\ninternet = true\ncdn = "{edges}"', rate) == aws.cloudfront(edges, rate, ANSWER)
