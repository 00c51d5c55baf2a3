"""The role that runs on GitHub take: who may take it, and that it may do what `crossover deploy` needs and no more.

What the resources need is what AWS's schemas of their types name, as cfn-lint has them. No account has tried it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.deploy.account.compare import expected_outputs
from local.deploy.account.environment import find, parse
from local.deploy.account.stacks import STACKS, document_of, stacks
from local.emulator.intrinsics import Resolver

PIPELINE = STACKS / "pipeline.yaml"
REPOSITORY = "some@1/one@2"
OF_SAM = {
    "AWS::Serverless::Function": (
        *("AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::IAM::Role"),
        *("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"),
    ),
    "AWS::Serverless::LayerVersion": ("AWS::Lambda::LayerVersion",),
}
"""What SAM's transform makes of its types, in template.yaml."""
UNUSED = {
    "apigateway": {"TagResource", "UntagResource"},  # by POST, PUT and DELETE on /tags
    "application-autoscaling": {"DeleteScheduledAction", "PutScheduledAction"},
    "cognito-idp": {"DescribeUserPoolClient"},
    "ec2": {
        *("AttachVpnGateway", "CreateVpcEncryptionControl", "DescribeIpamPools"),
        *("DetachVpnGateway", "ModifyVpcTenancy"),
    },
    "ecr": {"DeleteRepositoryPolicy", "SetRepositoryPolicy"},
    "ecs": {"PutAccountSetting", "PutAccountSettingDefault", "PutClusterCapacityProviders"},
    "elasticfilesystem": {"DescribeMountTargets"},
    "elasticloadbalancing": {"ModifyCapacityReservation", "ModifyIpPools"},
    "firehose": {"TagDeliveryStream"},
    "iam": {"DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"},
    "kms": {
        "CreateGrant",
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "RetireGrant",
    },  # of the keys of others
    "lambda": {
        *("AssociateRuntimeAlias", "DeleteFunctionCodeSigningConfig", "DeleteProvisionedConcurrencyConfig"),
        *("GetCodeSigningConfig", "GetProvisionedConcurrencyConfig", "PassCapacityProvider"),
        *("PutFunctionCodeSigningConfig", "PutFunctionScalingConfig", "PutProvisionedConcurrencyConfig"),
    },
    "logs": {
        *("AssociateKmsKey", "CreateLogDelivery", "DeleteDataProtectionPolicy", "DeleteIndexPolicy"),
        *("DeleteResourcePolicy", "DisassociateKmsKey", "PutBearerTokenAuthentication", "PutDataProtectionPolicy"),
        *("PutIndexPolicy", "PutLogGroupDeletionProtection", "PutResourcePolicy"),
    },
    "s3": {
        *("CreateBucketMetadataTableConfiguration", "DeleteBucketAnalyticsConfiguration", "DeleteBucketCors"),
        *("DeleteBucketEncryption", "DeleteBucketLifecycle", "DeleteBucketMetadataTableConfiguration"),
        *("DeleteBucketMetricsConfiguration", "DeleteBucketReplication", "DeleteBucketWebsite"),
        *("PutAccelerateConfiguration", "PutAnalyticsConfiguration", "PutBucketAbac", "PutBucketAcl", "PutBucketCORS"),
        *("PutBucketLogging", "PutBucketNotification", "PutBucketObjectLockConfiguration", "PutBucketReplication"),
        *("PutBucketVersioning", "PutBucketWebsite", "PutIntelligentTieringConfiguration"),
        *("PutInventoryConfiguration", "PutMetricsConfiguration", "PutObjectAcl", "PutObjectLockConfiguration"),
        *("PutReplicationConfiguration", "REST.PUT.OBJECT", "UpdateBucketMetadataAnnotationTableConfiguration"),
        *("UpdateBucketMetadataInventoryTableConfiguration", "UpdateBucketMetadataJournalTableConfiguration"),
    },
    "s3files": {"ListMountTargets"},
    "s3tables": {
        *("CreateNamespace", "CreateTable", "CreateTableBucket", "GetTable", "GetTableMetadataLocation"),
        *("PutTableBucketPolicy", "PutTableEncryption", "PutTablePolicy", "UpdateTableMetadataLocation"),
    },
    "sns": {"PutDataProtectionPolicy"},
    "vpc-lattice": {"CreateServiceNetworkVpcEndpointAssociation", "DescribeServiceNetworkVpcEndpointAssociation"},
    "vpce": {"AllowMultiRegion"},
}
"""What the schemas name for properties that these stacks do not have."""


def schema(kind: str) -> dict[str, Any]:
    """AWS's schema of a type."""
    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def types_of_a_preview() -> Iterator[str]:
    """The types of all that the shipped environment `preview` makes."""
    outputs: dict[str, str] = {}
    environment = find("preview")
    for stack in stacks(environment):
        for kind in stack.resources(outputs).values():
            yield from OF_SAM.get(kind, (kind,))
        outputs |= expected_outputs(stack)


def statements() -> Iterator[dict[str, Any]]:
    for name, resource in document_of(PIPELINE)["Resources"].items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and name != "Boundary":
            yield from resource["Properties"]["PolicyDocument"]["Statement"]


def actions_of(statement: dict[str, Any]) -> list[str]:
    return statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]


def allowed() -> set[str]:
    """The actions of all statements, in lower case: IAM takes either."""
    return {action.lower() for statement in statements() for action in actions_of(statement)}


def subject(**parameters: str) -> str:
    document = document_of(PIPELINE)
    (trust,) = document["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    resolve = Resolver(document, {"Repository": REPOSITORY, **parameters})
    return str(resolve(trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]))


def test_runs_of_one_repository_take_the_role_in_one_environment_or_on_one_branch() -> None:
    assert subject() == "repo:some@1/one@2:environment:aws"
    assert subject(GithubEnvironment="", Branch="main") == "repo:some@1/one@2:ref:refs/heads/main"


def test_no_part_of_who_takes_the_role_is_a_pattern() -> None:
    document = document_of(PIPELINE)
    (trust,) = document["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(trust["Condition"]) == {"StringEquals"}
    assert trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    for name in ("Repository", "GithubEnvironment", "Branch"):
        assert "*" not in document["Parameters"][name]["AllowedPattern"].replace("]*", "")


@pytest.mark.parametrize(("provider", "there"), [("", True), ("arn:aws:iam::1:oidc-provider/x", False)])
def test_the_accounts_provider_is_made_unless_it_is_there(provider: str, there: bool) -> None:
    document = document_of(PIPELINE)
    condition = document["Resources"]["Provider"]["Condition"]
    assert Resolver(document, {"ProviderArn": provider}).holds(condition) == there


def needed() -> Iterator[tuple[str, str]]:
    """A type, and an action that making, reading, changing or removing it needs."""
    for kind in set(types_of_a_preview()):
        for handler in ("create", "read", "update", "delete"):
            for action in schema(kind)["handlers"].get(handler, {}).get("permissions", ()):
                service, _, name = action.partition(":")
                if name not in UNUSED.get(service.lower(), ()):
                    yield kind, action


def test_it_may_make_change_read_and_remove_all_that_a_preview_has() -> None:
    may = allowed()
    lacking = {
        f"{kind}: {action}"
        for kind, action in needed()
        if not any(fnmatchcase(action.lower(), pattern) for pattern in may)
    }
    assert lacking == set()


def test_what_it_may_change_carries_the_environments_name_or_tag() -> None:
    for statement in statements():
        named = actions_of(statement)
        if all(action.partition(":")[2].startswith(("Describe", "List", "Get", "GET")) for action in named):
            continue
        scope = json.dumps([statement["Resource"], statement.get("Condition", {})])
        bound = "${Environment}" in scope or '"Ref": "Environment"' in scope
        assert bound or statement["Sid"] in UNNAMED, statement["Sid"]


def test_what_is_known_by_its_tag_has_it_from_the_start() -> None:
    by_tag = ("AWS::EC2::", "AWS::ApiGatewayV2::", "AWS::KMS::", "AWS::ElasticLoadBalancingV2::TargetGroup")
    known = {kind for kind in types_of_a_preview() if kind.startswith(by_tag)}
    untagged = {kind for kind in known if not schema(kind).get("tagging", {}).get("tagOnCreate")}
    assert len(known) > len(untagged)
    assert untagged == {  # parts of something with tags
        *("AWS::EC2::Route", "AWS::EC2::SecurityGroupIngress"),
        *("AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment"),
    }


def test_nothing_of_others_gets_the_tag() -> None:
    tagging = {
        "ec2:CreateTags": "ec2:CreateAction",
        "elasticloadbalancing:AddTags": "elasticloadbalancing:CreateAction",
    }
    for statement in statements():
        for action in set(actions_of(statement)) & set(tagging):
            condition = statement.get("Condition", {}).get("StringEquals", {})
            named = "${Environment}" in json.dumps(statement["Resource"])
            assert named or {tagging[action], "aws:ResourceTag/crossover:environment"} & set(condition), statement[
                "Sid"
            ]


UNNAMED = {
    "SamsTransform": "a macro of AWS",
    "RolesThatServicesMakeOnce": "AWS names them, for the services in its condition",
    "Make": "what is made has neither name nor tag yet",
    "Layers": "SAM names them after their resources",
    "DefinitionsThatWereReplaced": "ECS knows no resource for it",
    "Scaling": "for ECS alone",
}
"""Statements that change something and name no environment, and why."""


def test_roles_that_it_makes_go_to_tasks_and_functions_alone() -> None:
    (passing,) = [statement for statement in statements() if statement["Action"] == "iam:PassRole"]
    services = passing["Condition"]["StringEquals"]["iam:PassedToService"]
    assert services == ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]


def test_a_role_gets_rights_only_where_it_has_the_boundary_and_the_boundary_stays() -> None:
    giving = {"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"}
    for statement in statements():
        named = actions_of(statement)
        if giving & set(named):
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    assert not {"iam:deleterolepermissionsboundary", "iam:putrolepermissionsboundary"} & allowed()


def test_the_boundary_has_all_that_tasks_and_functions_do() -> None:
    boundary = document_of(PIPELINE)["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"]
    may = {action for statement in boundary for action in actions_of(statement)}
    tasks = document_of(STACKS / "ecs.yaml")["Resources"]["ExecutionRole"]["Properties"]["Policies"]
    needs = {
        action
        for each in tasks
        for statement in each["PolicyDocument"]["Statement"]
        for action in actions_of(statement)
    }
    functions = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}  # AWSLambdaBasicExecutionRole
    assert may == needs | functions


@pytest.mark.parametrize("kind", ["network", "ecs", "functions"])
def test_every_role_of_a_preview_has_the_boundary_that_its_file_names(kind: str) -> None:
    boundary = "arn:aws:iam::123456789012:policy/bound"
    document = {"platforms": ["lambda", "ecs"], "boundary": boundary, "network": {"flow_logs": True}}
    (stack,) = [stack for stack in stacks(parse("trial", document, "trial.toml")) if stack.kind == kind]
    assert stack.parameters({})["RoleBoundaryArn"] == boundary
    resolve = Resolver(stack.document, stack.parameters({}))
    roles = [each for each in stack.document["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    bounded = [each["Properties"] for each in roles]
    bounded += [stack.document["Globals"]["Function"]] if kind == "functions" else []
    assert bounded
    assert {resolve(each["PermissionsBoundary"]) for each in bounded} == {boundary}
