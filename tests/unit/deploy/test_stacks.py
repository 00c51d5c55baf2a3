"""The stacks, whatever their parameters: least privilege, encryption, and nothing open to the world or left behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from local.deploy.account.stacks import STACKS, document_of
from local.deploy.chart import manifests
from local.deploy.monitoring import dashboards
from local.emulator.intrinsics import Resolver
from local.paths import ROOT

KINDS = sorted(path.stem for path in STACKS.glob("*.yaml"))
DEFAULTS = {"ServingSubnetIds": "subnet-1,subnet-2", "PrivateSubnetIds": "subnet-1,subnet-2"}
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken"}
"""Actions that know no resource, by AWS's list of actions, beside those that only look."""


def resources(kind: str, *types: str) -> dict[str, dict[str, Any]]:
    """The resources of a stack, of some types or of all."""
    found = document_of(STACKS / f"{kind}.yaml")["Resources"].items()
    return {name: each for name, each in found if not types or each["Type"] in types}


def made(kind: str, **parameters: str) -> dict[str, dict[str, Any]]:
    """The resources that parameters leave, their properties evaluated as far as they can be here."""
    document = document_of(STACKS / f"{kind}.yaml")
    resolve = Resolver(document, {"Environment": "test", **DEFAULTS, **parameters})
    return {
        name: each
        for name, each in document["Resources"].items()
        if "Condition" not in each or resolve.holds(each["Condition"])
    }


def everywhere(value: Any) -> Iterator[Any]:
    """Every map and list inside a value, itself included."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everywhere(inner)


def statements(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements of every policy that allows something, with the resource they stand in."""
    for name, resource in resources(kind).items():
        for each in everywhere(resource.get("Properties", {})):
            if isinstance(each, dict) and each.get("Effect") == "Allow" and "Action" in each:
                yield name, each


def actions(statement: dict[str, Any]) -> list[str]:
    """A statement's actions."""
    return statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_and_output_says_what_it_is(kind: str) -> None:
    document = document_of(STACKS / f"{kind}.yaml")
    for part in ("Parameters", "Outputs"):
        for name, each in (document.get(part) or {}).items():
            assert len(each["Description"].split()) > 1, name
    assert "Environment" in document["Parameters"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_policy_allows_everything_and_none_everywhere_but_for_a_reason(kind: str) -> None:
    for name, statement in statements(kind):
        for action in actions(statement):
            if "Principal" in statement and action == "kms:*":
                continue  # a key's own policy, which leaves it to IAM
            assert not action.endswith(":*"), f"{name}: {action}"
            assert action != "*", name
            if statement.get("Resource") == "*" and "Condition" not in statement and "Principal" not in statement:
                verb = action.partition(":")[2]
                assert verb.startswith(("Describe", "List", "Get")) or action in WITHOUT_RESOURCE, f"{name}: {action}"


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_service_of_aws_may_assume_is_for_this_account_alone(kind: str) -> None:
    confused = {"eks.amazonaws.com", "ec2.amazonaws.com"}  # whose roles are passed by their caller
    for name, statement in statements(kind):
        principal = statement.get("Principal")
        if "sts:AssumeRole" in actions(statement) and principal["Service"] not in confused:
            assert "aws:SourceAccount" in statement["Condition"]["StringEquals"], name


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_a_load_balancer_of_the_users_choice_is_open_to_the_world(kind: str) -> None:
    for name, group in resources(kind, "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress").items():
        rules = group["Properties"].get("SecurityGroupIngress") or [group["Properties"]]
        assert all(rule.get("CidrIp") not in ("0.0.0.0/0", "::/0") for rule in rules), name
        assert all("Description" in rule for rule in rules if "IpProtocol" in rule), name


@pytest.mark.parametrize("kind", KINDS)
def test_security_groups_say_what_they_let_out(kind: str) -> None:
    for name, group in resources(kind, "AWS::EC2::SecurityGroup").items():
        assert all(rule["IpProtocol"] == "tcp" for rule in group["Properties"]["SecurityGroupEgress"]), name


@pytest.mark.parametrize("kind", KINDS)
def test_what_keeps_data_goes_with_its_stack(kind: str) -> None:
    keepers = ("AWS::RDS::DBInstance", "AWS::ECR::Repository", "AWS::S3::Bucket", "AWS::Logs::LogGroup")
    for name, resource in resources(kind, *keepers, "AWS::SecretsManager::Secret").items():
        assert resource["DeletionPolicy"] == "Delete", name


@pytest.mark.parametrize("kind", KINDS)
def test_logs_end(kind: str) -> None:
    for name, group in resources(kind, "AWS::Logs::LogGroup").items():
        assert group["Properties"]["RetentionInDays"], name


@pytest.mark.parametrize("kind", KINDS)
def test_keys_turn_and_topics_and_disks_are_encrypted(kind: str) -> None:
    for key in resources(kind, "AWS::KMS::Key").values():
        assert key["Properties"]["EnableKeyRotation"] is True
    for topic in resources(kind, "AWS::SNS::Topic").values():
        assert "KmsMasterKeyId" in topic["Properties"]
    for template in resources(kind, "AWS::EC2::LaunchTemplate").values():
        data = template["Properties"]["LaunchTemplateData"]
        assert all(disk["Ebs"]["Encrypted"] is True for disk in data["BlockDeviceMappings"])
        assert data["MetadataOptions"]["HttpTokens"] == "required"


def test_the_database_is_encrypted_private_and_restorable_to_a_point_in_time() -> None:
    database = resources("database")["Database"]["Properties"]
    assert database["StorageEncrypted"] is True
    assert database["PubliclyAccessible"] is False
    assert document_of(STACKS / "database.yaml")["Parameters"]["BackupDays"]["MinValue"] == 1
    parameters = resources("database")["Settings"]["Properties"]["Parameters"]
    assert parameters["require_secure_transport"] == "1"
    assert parameters["innodb_buffer_pool_size"] == "{DBInstanceClassMemory*3/4}"


def test_the_databases_password_is_never_written() -> None:
    assert "resolve:secretsmanager" in json.dumps(resources("database")["Database"]["Properties"]["MasterUserPassword"])
    store = document_of(STACKS / "database.yaml")["Outputs"]["StoreUrl"]["Value"]["Fn::Sub"]
    assert "@" not in store
    assert store.endswith("tls=1&secret=${Secret}")


@pytest.mark.parametrize(("days", "there"), [("30", True), ("0", False)])
def test_the_password_is_rotated_by_choice(days: str, there: bool) -> None:
    found = made("database", RotationDays=days)
    assert ("Rotation" in found) == there
    assert ("DatabaseFromRotation" in found) == there


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_there_are_as_many_replicas_as_asked_for(replicas: int) -> None:
    assert sum("Replica" in name for name in made("database", Replicas=str(replicas))) == replicas


def test_the_proxy_is_set_as_the_functions_own_is() -> None:
    functions = document_of(ROOT / "template.yaml")["Resources"]
    shared = resources("database")
    pool = "ConnectionPoolConfigurationInfo"
    assert shared["ProxyTargets"]["Properties"][pool] == functions["DatabaseProxyTargets"]["Properties"][pool]
    for key in ("EngineFamily", "RequireTLS", "IdleClientTimeout"):
        assert shared["Proxy"]["Properties"][key] == functions["DatabaseProxy"]["Properties"][key]


@pytest.mark.parametrize(
    ("access", "gateways", "endpoints"), [("nat", 1, 0), ("nat-per-zone", 2, 0), ("endpoints", 0, 9), ("public", 0, 0)]
)
def test_the_network_has_the_access_that_is_chosen(access: str, gateways: int, endpoints: int) -> None:
    found = list(made("network", Access=access).values())
    assert sum(each["Type"] == "AWS::EC2::NatGateway" for each in found) == gateways
    interfaces = [each for each in found if each.get("Properties", {}).get("VpcEndpointType") == "Interface"]
    assert len(interfaces) == endpoints


def test_private_subnets_have_no_way_to_the_internet_without_a_gateway() -> None:
    routes = [
        each["Properties"] for each in made("network", Access="public").values() if each["Type"] == "AWS::EC2::Route"
    ]
    assert [route["RouteTableId"] for route in routes] == [{"Ref": "PublicRoutes"}]


def test_a_cluster_is_of_graviton_nodes_or_of_fargate() -> None:
    nodes, fargate = made("cluster", Compute="nodes"), made("cluster", Compute="fargate")
    assert nodes["Nodes"]["Properties"]["AmiType"] == "AL2023_ARM_64_STANDARD"
    assert {"Nodes", "NodeRole", "IdentityAddon"} <= nodes.keys() - fargate.keys()
    assert {"FargateProfile", "FargateRole", "BalancingRoleByToken"} <= fargate.keys() - nodes.keys()
    for found in (nodes, fargate):
        assert {"MetricsAddon", "NetworkAddon", "DnsAddon", "Oidc", "BalancingPolicy"} <= found.keys()


def test_the_load_balancer_controller_changes_only_what_carries_its_clusters_tag() -> None:
    for name, statement in statements("cluster"):
        if name == "BalancingPolicy" and any(":Delete" in action for action in actions(statement)):
            assert "aws:ResourceTag/elbv2.k8s.aws/cluster" in statement["Condition"]["StringEquals"]


def test_pods_of_twitter_alone_may_read_the_secret() -> None:
    without = made("cluster")
    stored = made("cluster", ReadSecretPolicyArn="arn:aws:iam::000000000000:policy/read")
    assert set(stored) - set(without) == {"TwitterRole", "TwitterAssociation"}
    assert stored["TwitterAssociation"]["Properties"]["ServiceAccount"] == "crossover-twitter"


@pytest.mark.parametrize("service", ["qrcode", "blockchain", "twitter"])
def test_a_task_is_as_restricted_as_a_pod(service: str) -> None:
    (container,) = resources("ecs")[f"{service.capitalize()}Task"]["Properties"]["ContainerDefinitions"]
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert {"Name": "CROSSOVER_SERVICES", "Value": service} in container["Environment"]


@pytest.mark.parametrize("service", ["qrcode", "blockchain", "twitter"])
def test_a_deployment_of_tasks_takes_none_away_before_another_is_ready_and_goes_back_by_itself(service: str) -> None:
    deployment = resources("ecs")[f"{service.capitalize()}Service"]["Properties"]["DeploymentConfiguration"]
    assert deployment["MinimumHealthyPercent"] == 100
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_both_load_balancers_have_the_same_times() -> None:
    chart = yaml.safe_load((manifests.CHART / "values.yaml").read_text())
    attributes = {
        each["Key"]: each["Value"] for each in resources("ecs")["QrcodeTargets"]["Properties"]["TargetGroupAttributes"]
    }
    assert int(attributes["deregistration_delay.timeout_seconds"]) == chart["ingress"]["deregistrationDelay"]
    balancer = {
        each["Key"]: each["Value"] for each in resources("ecs")["Balancer"]["Properties"]["LoadBalancerAttributes"]
    }
    assert int(balancer["idle_timeout.timeout_seconds"]) == chart["ingress"]["idleTimeout"]
    (container,) = resources("ecs")["QrcodeTask"]["Properties"]["ContainerDefinitions"]
    environ = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert int(environ["KEEP_ALIVE_SECONDS"]) == chart["timing"]["keepAlive"]
    assert container["StopTimeout"] > chart["timing"]["drain"] + chart["timing"]["stop"]


def test_tasks_without_a_store_have_no_role() -> None:
    found = made("ecs", StoreUrl="")
    assert not [name for name in found if name.startswith("Twitter")]
    assert "TaskRoleArn" not in found["QrcodeTask"]["Properties"]


ALARMS = {
    "functions": (
        {"QrcodeFunctionName": "f", "HttpApiId": "a"},
        {"FunctionErrors", "FunctionThrottles", "FunctionP99", "Api5xx"},
    ),
    "pods": ({"EksLoadBalancer": "app/x/1"}, {"Eks5xx", "EksP99"}),
    "nodes": ({"ClusterName": "c", "ContainerInsights": "yes"}, {"NodeCpu", "NodeMemory"}),
    "tasks": (
        {"EcsCluster": "c", "EcsLoadBalancer": "app/x/1"},
        {
            "Ecs5xx",
            "EcsP99",
            *(f"{each}Task{what}" for each in ("Qrcode", "Blockchain", "Twitter") for what in ("Cpu", "Memory")),
        },
    ),
    "database": (
        {"DatabaseIdentifier": "d", "ProxyName": "p"},
        {f"Database{what}" for what in ("Cpu", "Memory", "Connections", "Storage")}
        | {"ProxyPinned", "ProxyBorrowLatency"},
    ),
}


@pytest.mark.parametrize("what", ALARMS)
def test_what_is_there_has_its_alarms_and_what_is_not_has_none(what: str) -> None:
    given, expected = ALARMS[what]
    alarms = {name for name, each in made("monitoring", **given).items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert alarms == expected


def test_alarms_are_at_80_percent_of_cpu_and_20_percent_of_free_memory() -> None:
    alarms = resources("monitoring")
    for name in ("DatabaseCpu", "NodeCpu", "QrcodeTaskCpu", "NodeMemory", "QrcodeTaskMemory"):
        assert (alarms[name]["Properties"]["Threshold"], alarms[name]["Properties"]["ComparisonOperator"]) == (
            80,
            "GreaterThanThreshold",
        )
    memory = alarms["DatabaseMemory"]["Properties"]
    assert (memory["Threshold"], memory["ComparisonOperator"]) == (20, "LessThanThreshold")


def test_the_dashboards_are_those_of_the_list_of_panels() -> None:
    assert dashboards.CLOUDWATCH.read_text() == dashboards.cloudwatch(), "run: make docs"
    assert dashboards.GRAFANA.read_text() == dashboards.grafana(), "run: make docs"


def test_the_dashboards_body_is_json_with_a_widget_for_each_panel() -> None:
    body = resources("dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    assert len(widgets) == len(json.loads(dashboards.grafana())["panels"])
    places = {(each["x"], each["y"]) for each in widgets}
    assert len(places) == len(widgets)
    named = set(re.findall(r"\$\{(\w+)\}", body))
    assert named <= document_of(STACKS / "dashboard.yaml")["Parameters"].keys()
