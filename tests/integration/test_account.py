"""Stacks made, upgraded and removed for real on moto's CloudFormation, as far as it implements them.

moto makes networks, registries, ECS and dashboards. It knows none of NOT_MADE, and cannot remove a network whose VPC
has anything in it; databases, EKS, SAM's functions and drift are held by the fake of tests/unit/deploy/test_account.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError

from local.deploy.account import down, up
from local.deploy.account.aws import Aws
from local.deploy.account.cloud import Say
from local.deploy.account.environment import Environment, parse
from local.deploy.account.stacks import IMAGE, stack_name, stacks
from local.deploy.account.wiring import plain_body
from local.emulator.aws_services import serve
from local.errors import UserError

NOT_MADE = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
}
"""Types of these stacks that moto's CloudFormation passes over."""
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
POLL_SECONDS = 0.01

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:moto", "ignore:Tried to parse:UserWarning")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An empty account of moto's."""
    with serve() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        boto3.client("sts")  # reads the environment now
        import urllib.request

        urllib.request.urlopen(urllib.request.Request(f"{server.address}/moto-api/reset", method="POST")).close()
        yield Aws("us-east-1", POLL_SECONDS)


def environment() -> Environment:
    """Tasks in public subnets without a database."""
    document = {"platforms": ["ecs"], "account": "123456789012", "network": {"access": "public"}}
    return parse("trial", document, "trial.toml")


def pushed(outputs: Mapping[str, str]) -> Mapping[str, str]:
    """An image that is not pulled."""
    return {IMAGE: "registry/x@sha256:0"}


def interrupted(outputs: Mapping[str, str]) -> Mapping[str, str]:
    """A push of the image that fails, between the stacks."""
    raise UserError("docker login: refused")


def bring_up(cloud: Aws, push: up.Step = pushed, say: Say = lambda line: None) -> dict[str, str]:
    """Bring the environment up."""
    return up.bring_up(cloud, environment(), up.Steps(plain_body, {"ecs": push}), NOW, say)


def kinds(cloud: Aws) -> list[str]:
    """The kinds of the stacks that are there."""
    return sorted(state.name.rpartition("-")[2] for state in cloud.stacks())


@pytest.mark.heavy
def test_up_makes_what_the_templates_say_and_down_removes_it(cloud: Aws) -> None:
    up.check_account(cloud, environment())
    outputs = bring_up(cloud)
    assert outputs["EcsUrl"].startswith("http://trial-ecs")
    assert [state.status for state in cloud.stacks()] == ["CREATE_COMPLETE"] * 5
    services = cloud.session.client("ecs").list_services(cluster="trial-crossover")["serviceArns"]
    assert sorted(arn.rpartition("/")[2] for arn in services) == ["blockchain", "qrcode"]
    made = {stack.kind: set(stack.resources(outputs).values()) for stack in stacks(environment())}
    formation = cloud.session.client("cloudformation")
    for kind, types in made.items():
        listed = formation.describe_stack_resources(StackName=stack_name("trial", kind))["StackResources"]
        assert types - {each.get("ResourceType") for each in listed} <= NOT_MADE, kind

    cloud.session.client("s3").put_object(Bucket=outputs["PackagesBucket"], Key="a.zip", Body=b"x")
    with pytest.raises(ClientError, match=r"DependencyViolation.*DeleteStack"):
        down.take_down(cloud, "trial", lambda line: None, seconds=1)
    assert list(cloud.stacks()) == []
    assert cloud.empty(outputs["PackagesBucket"]) == 0


@pytest.mark.heavy
def test_an_up_that_failed_in_the_middle_goes_on_from_there_and_makes_nothing_twice(cloud: Aws) -> None:
    with pytest.raises(UserError, match="docker login: refused"):
        bring_up(cloud, interrupted)
    assert kinds(cloud) == ["network", "registry"]
    networks = cloud.session.client("ec2").describe_vpcs()["Vpcs"]
    said: list[str] = []
    outputs = bring_up(cloud, say=said.append)
    assert kinds(cloud) == ["dashboard", "ecs", "monitoring", "network", "registry"]
    assert outputs["EcsUrl"].startswith("http://trial-ecs")
    done = [line.partition("trial-")[2] for line in said if line.endswith((": unchanged", ": creating"))]
    assert done == [
        *("network: unchanged", "registry: unchanged"),
        *("ecs: creating", "monitoring: creating", "dashboard: creating"),
    ]
    assert cloud.session.client("ec2").describe_vpcs()["Vpcs"] == networks


@pytest.mark.heavy
def test_down_removes_what_a_half_failed_up_has_left(cloud: Aws) -> None:
    with pytest.raises(UserError, match="docker login: refused"):
        bring_up(cloud, interrupted)
    registry = cloud.stack(stack_name("trial", "registry"))
    assert registry is not None
    bucket = registry.outputs["PackagesBucket"]
    cloud.session.client("s3").put_object(Bucket=bucket, Key="a.zip", Body=b"x")
    said: list[str] = []
    with pytest.raises(ClientError, match=r"DependencyViolation.*DeleteStack"):  # moto's network, the last of all
        down.take_down(cloud, "trial", said.append, seconds=1)
    assert f"{bucket}: 1 packages removed" in said
    assert [line for line in said if line.endswith(": removing")] == [
        "crossover-trial-registry: removing",
        "crossover-trial-network: removing",
    ]
    assert kinds(cloud) == []
    assert [each["Name"] for each in cloud.session.client("s3").list_buckets()["Buckets"]] == []


@pytest.mark.heavy
def test_what_the_controller_made_is_found_by_its_clusters_tag_and_removed(cloud: Aws) -> None:
    outputs = bring_up(cloud)
    balancing = cloud.session.client("elbv2")
    mine = {"Key": "elbv2.k8s.aws/cluster", "Value": "trial-crossover"}
    subnets = outputs["PublicSubnetIds"].split(",")
    balancing.create_load_balancer(Name="k8s-mine", Subnets=subnets, Tags=[mine])
    balancing.create_load_balancer(Name="k8s-other", Subnets=subnets, Tags=[{**mine, "Value": "other"}])
    assert cloud.balancer_named("trial-crossover").startswith("app/k8s-mine/")
    assert cloud.remove_balancers("trial-crossover") == 1
    names = [each["LoadBalancerName"] for each in balancing.describe_load_balancers()["LoadBalancers"]]
    assert sorted(names) == ["k8s-other", "trial-ecs"]


def test_a_package_is_uploaded_once(cloud: Aws, tmp_path: object) -> None:
    cloud.session.client("s3").create_bucket(Bucket="packages")
    file = tmp_path / "a.zip"  # type: ignore[operator]
    file.write_bytes(b"x")
    assert [cloud.upload("packages", "a.zip", file) for _ in range(2)] == [True, False]
    assert cloud.empty("packages") == 1
    assert cloud.empty("nosuch") == 0


def test_without_credentials_the_account_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(UserError, match=r"no AWS account can be used \(Unable to locate credentials\): sign in"):
        Aws("us-east-1").account()
