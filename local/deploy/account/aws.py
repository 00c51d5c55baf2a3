"""The account, by boto3. Nothing is decided here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.deploy.account.cloud import ResourceChange, Say, StackState, Wanted
from local.deploy.account.stacks import TAG
from local.errors import UserError

POLL_SECONDS = 5.0
CHANGE_SET = "crossover"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
CLUSTER_TAG = "elbv2.k8s.aws/cluster"
"""The load balancer controller puts it on all that it makes."""
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
IN_USE = ("DependencyViolation", "ResourceInUse")
"""Errors of what something else still uses: a little later it can be removed."""


class Aws:
    """One account in one region, with the credentials of the environment."""

    def __init__(self, region: str, poll_seconds: float = POLL_SECONDS) -> None:
        import boto3

        self.region = region
        self.session = boto3.Session(region_name=region)
        self._poll = poll_seconds
        self._formation = self.session.client("cloudformation")

    def account(self) -> str:
        """Return the account's number. Raises `UserError` without credentials."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(self.session.client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as problem:
            reason = " ".join(str(problem).split()).rstrip(".")
            raise UserError(
                f"no AWS account can be used ({reason}): sign in with `aws sso login` or `aws configure`, or set "
                "AWS_PROFILE; `crossover deploy plan` works without one"
            ) from None

    def stack(self, name: str) -> StackState | None:
        """Return a stack, None where there is none."""
        from botocore.exceptions import ClientError

        try:
            (stacks,) = self._formation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as problem:
            if "does not exist" in str(problem):
                return None
            raise
        return _state(stacks)

    def stacks(self) -> Iterator[StackState]:
        """Yield every stack that has the tag of an environment."""
        for page in self._formation.get_paginator("describe_stacks").paginate():
            for state in map(_state, page["Stacks"]):
                if TAG in state.tags:
                    yield state

    def create(self, wanted: Wanted, say: Say) -> StackState:
        """Make a new stack, and wait for its end."""
        self._formation.create_stack(**_request(wanted))
        return self._awaited(wanted.name, say)

    def changes(self, wanted: Wanted) -> Sequence[ResourceChange]:
        """Make a change set of a stack, and return what it would change, if anything."""
        from botocore.exceptions import ClientError

        name = wanted.name
        try:
            self._formation.create_change_set(ChangeSetName=CHANGE_SET, ChangeSetType="UPDATE", **_request(wanted))
        except ClientError as problem:
            # moto says at once what AWS says by a change set that failed.
            if any(text in str(problem) for text in NO_CHANGES):
                return []
            raise
        while True:
            made = self._formation.describe_change_set(StackName=name, ChangeSetName=CHANGE_SET)
            if made["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            time.sleep(self._poll)
        if made["Status"] == "FAILED":
            self.discard(name)
            if any(text in made.get("StatusReason", "") for text in NO_CHANGES):
                return []
            raise UserError(f"{name}: {' '.join(made.get('StatusReason', 'no reason given').split())}")
        return [_change(change["ResourceChange"]) for change in made["Changes"]]

    def apply(self, name: str, say: Say) -> StackState:
        """Execute the change set that was made last, and wait for its end."""
        self._formation.execute_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        return self._awaited(name, say)

    def discard(self, name: str) -> None:
        """Remove the change set that was made last."""
        self._formation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)

    def delete(self, name: str, say: Say) -> StackState | None:
        """Delete a stack, wait, and return what is left of it."""
        self._formation.delete_stack(StackName=name)
        return self.wait(name, say)

    def wait(self, name: str, say: Say) -> StackState | None:
        """Wait until nothing is under way, and say what happens."""
        seen = {event["EventId"] for event in self._events(name)}
        while True:
            state = self.stack(name)
            for event in reversed(self._events(name)):
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    reason = event.get("ResourceStatusReason", "")
                    say(f"{event['LogicalResourceId']}: {event['ResourceStatus']} {reason}".rstrip())
            if state is None or not state.busy:
                return None if state is None or state.status == "DELETE_COMPLETE" else state
            time.sleep(self._poll)

    def drifted(self, name: str) -> Sequence[str]:
        """Return resources of a stack that were changed by hand, one line each."""
        detection = self._formation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
        while True:
            detection_state = self._formation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
            if detection_state["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                break
            time.sleep(self._poll)
        listed = self._formation.describe_stack_resource_drifts(
            StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
        )
        return [_drift(resource) for resource in listed["StackResourceDrifts"]]

    def upload(self, bucket: str, key: str, file: Path) -> bool:
        """Put a file into a bucket unless it is there; return whether it was put."""
        from botocore.exceptions import ClientError

        client = self.session.client("s3")
        try:
            client.head_object(Bucket=bucket, Key=key)
        except ClientError:
            client.upload_file(str(file), bucket, key)
            return True
        return False

    def empty(self, bucket: str) -> int:
        """Remove every object of a bucket, and return how many there were; 0 where there is no bucket."""
        client, count = self.session.client("s3"), 0
        try:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
                if keys:
                    client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
                    count += len(keys)
        except client.exceptions.NoSuchBucket:
            return 0
        return count

    def balancers(self, cluster: str) -> Sequence[str]:
        """Return what a cluster's controller made, by ARN or id."""
        client = self.session.client("elbv2")
        arns = [balancer["LoadBalancerArn"] for balancer in client.describe_load_balancers()["LoadBalancers"]]
        arns += [group["TargetGroupArn"] for group in client.describe_target_groups()["TargetGroups"]]
        mine = [arn for arn in arns if self._tags(client, arn).get(CLUSTER_TAG) == cluster]
        filters = [{"Name": f"tag:{CLUSTER_TAG}", "Values": [cluster]}]
        groups = self.session.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        return [*mine, *(group["GroupId"] for group in groups)]

    def remove_balancers(self, cluster: str) -> int:
        """Remove what `balancers` returns, as far as it can be removed yet, and return how much that was."""
        from botocore.exceptions import ClientError

        balancing, ec2, count = self.session.client("elbv2"), self.session.client("ec2"), 0
        for balancer in self.balancers(cluster):
            try:
                if ":loadbalancer/" in balancer:
                    balancing.delete_load_balancer(LoadBalancerArn=balancer)
                elif ":targetgroup/" in balancer:
                    balancing.delete_target_group(TargetGroupArn=balancer)
                else:
                    ec2.delete_security_group(GroupId=balancer)
                count += 1
            except ClientError as problem:
                if problem.response["Error"]["Code"] not in IN_USE:
                    raise
        return count

    def tagged(self, environment: str) -> Sequence[str]:
        """Return the ARNs of everything that has the environment's tag."""
        client = self.session.client("resourcegroupstaggingapi")
        filters = [{"Key": TAG, "Values": [environment]}]
        pages = client.get_paginator("get_resources").paginate(TagFilters=filters)
        return [resource["ResourceARN"] for page in pages for resource in page["ResourceTagMappingList"]]

    def balancer_named(self, cluster: str) -> str:
        """Return the load balancer that a cluster's controller made, as its metrics name it; "" where there is none."""
        arns = [arn for arn in self.balancers(cluster) if ":loadbalancer/" in arn]
        return arns[0].partition(":loadbalancer/")[2] if arns else ""

    def _awaited(self, name: str, say: Say) -> StackState:
        state = self.wait(name, say)
        if state is None:
            raise UserError(f"{name}: is gone, though it was being made")
        return state

    def _events(self, name: str) -> list[dict[str, Any]]:
        from botocore.exceptions import ClientError

        try:
            events: list[dict[str, Any]] = self._formation.describe_stack_events(StackName=name)["StackEvents"]
        except ClientError:
            return []
        return events

    @staticmethod
    def _tags(client: Any, arn: str) -> dict[str, str]:
        (described,) = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


def _request(wanted: Wanted) -> dict[str, Any]:
    return {
        "StackName": wanted.name,
        "TemplateBody": wanted.body,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
        "Capabilities": CAPABILITIES,
    }


def _state(found: Mapping[str, Any]) -> StackState:
    return StackState(
        found["StackName"],
        found["StackStatus"],
        {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())},
        {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
        found.get("StackStatusReason", ""),
    )


def _change(found: Mapping[str, Any]) -> ResourceChange:
    replaces = found.get("Replacement") in ("True", "Conditional")
    return ResourceChange(found["Action"].lower(), found["LogicalResourceId"], found["ResourceType"], replaces)


def _drift(found: Mapping[str, Any]) -> str:
    names = ", ".join(difference["PropertyPath"] for difference in found.get("PropertyDifferences", ()))
    return (
        f"{found['LogicalResourceId']} ({found['ResourceType']}): {found['StackResourceDriftStatus'].lower()} {names}"
    )
