"""Usage types as AWS bills them, and the rows of the price book that price them. Pure.

A usage type begins with the region's code, as `EUC1-NatGateway-Hours` does; in us-east-1 many services leave it out.
Sources: usage types of AWS's bulk price list, as public code and bills quote them (read 2026-11-27).
"""

from __future__ import annotations

import re
from typing import NamedTuple

REGIONS = {
    "USE1": "us-east-1", "USE2": "us-east-2", "USW1": "us-west-1", "USW2": "us-west-2", "CAN1": "ca-central-1",
    "CAN2": "ca-west-1", "SAE1": "sa-east-1", "EU": "eu-west-1", "EUW1": "eu-west-1", "EUW2": "eu-west-2",
    "EUW3": "eu-west-3", "EUC1": "eu-central-1", "EUC2": "eu-central-2", "EUN1": "eu-north-1", "EUS1": "eu-south-1",
    "EUS2": "eu-south-2", "APN1": "ap-northeast-1", "APN2": "ap-northeast-2", "APN3": "ap-northeast-3",
    "APS1": "ap-southeast-1", "APS2": "ap-southeast-2", "APS3": "ap-south-1", "APS4": "ap-southeast-3",
    "APS5": "ap-south-2", "APS6": "ap-southeast-4", "APS7": "ap-southeast-5", "APE1": "ap-east-1", "AFS1": "af-south-1",
    "CPT": "af-south-1", "MES1": "me-south-1", "MEC1": "me-central-1", "ILC1": "il-central-1", "UGW1": "us-gov-west-1",
    "UGE1": "us-gov-east-1",
}  # fmt: skip
ENGINES = {"0002": "rds-mysql", "0014": "rds-postgresql", "0016": "aurora-mysql", "0021": "aurora-postgresql"}
"""What follows `CreateDBInstance:` in an operation, and the service of the price book."""
FIXED = {
    "NatGateway-Hours": ("vpc", "nat-hours"),
    "NatGateway-Bytes": ("vpc", "nat-data"),
    "PublicIPv4:InUseAddress": ("vpc", "public-ipv4"),
    "PublicIPv4:IdleAddress": ("vpc", "public-ipv4"),
    "VpcEndpoint-Hours": ("vpc", "endpoint-hours"),
    "VpcEndpoint-Bytes": ("vpc", "endpoint-data"),
    "EBS:VolumeUsage.gp3": ("ebs", "gp3"),
    "EBS:VolumeUsage.gp2": ("ebs", "gp2"),
    "DataTransfer-Out-Bytes": ("data-transfer", "internet-out"),
    "DataTransfer-Regional-Bytes": ("data-transfer", "cross-zone"),
    "Request": ("lambda", "requests"),
    "Request-ARM": ("lambda", "requests"),
    "Lambda-GB-Second": ("lambda", "gb-seconds-x86_64"),
    "Lambda-GB-Second-ARM": ("lambda", "gb-seconds-arm64"),
    "Lambda-Provisioned-Concurrency": ("lambda", "provisioned-idle-x86_64"),
    "Lambda-Provisioned-Concurrency-ARM": ("lambda", "provisioned-idle-arm64"),
    "Lambda-Provisioned-GB-Second": ("lambda", "provisioned-duration-x86_64"),
    "Lambda-Provisioned-GB-Second-ARM": ("lambda", "provisioned-duration-arm64"),
    "ApiGatewayHttpRequest": ("api-gateway", "http-requests"),
    "ApiGatewayRequest": ("api-gateway", "rest-requests"),
    "Fargate-vCPU-Hours:perCPU": ("fargate", "vcpu-x86_64"),
    "Fargate-GB-Hours": ("fargate", "memory-x86_64"),
    "Fargate-ARM-vCPU-Hours:perCPU": ("fargate", "vcpu-arm64"),
    "Fargate-ARM-GB-Hours": ("fargate", "memory-arm64"),
    "AmazonEKS-Hours:perCluster": ("eks", "cluster"),
    "RDS:GP3-Storage": ("rds", "storage-gp3"),
    "RDS:PIOPS-Storage": ("rds", "storage-io1"),
    "RDS:ChargedBackupUsage": ("rds", "backup"),
    "RDS:ProxyUsage": ("rds-proxy", "vcpu-hours"),
    "Aurora:StorageUsage": ("aurora-mysql", "storage"),
    "Aurora:StorageIOUsage": ("aurora-mysql", "io-requests"),
    "Aurora:BackupUsage": ("aurora-mysql", "backup"),
    "ReadRequestUnits": ("dynamodb", "read-request-units"),
    "WriteRequestUnits": ("dynamodb", "write-request-units"),
    "ReadCapacityUnit-Hrs": ("dynamodb", "read-capacity-hours"),
    "WriteCapacityUnit-Hrs": ("dynamodb", "write-capacity-hours"),
    "TimedPITRStorage-ByteHrs": ("dynamodb", "pitr-storage"),
    "TimedBackupStorage-ByteHrs": ("dynamodb", "backup-storage"),
    "DataProcessing-Bytes": ("cloudwatch-logs", "ingestion"),
    "VendedLog-Bytes": ("cloudwatch-logs", "lambda-ingestion"),
    "CW:AlarmMonitorUsage": ("cloudwatch", "alarms"),
    "CW:HighResAlarmMonitorUsage": ("cloudwatch", "alarms-high-resolution"),
    "CW:MetricMonitorUsage": ("cloudwatch", "metrics"),
    "ObservationUsage": ("cloudwatch", "container-insights-eks"),
    "AWSSecretsManager-Secrets": ("secrets-manager", "secrets"),
    "AWSSecretsManagerAPIRequest": ("secrets-manager", "calls"),
    "KMS-Keys": ("kms", "keys"),
    "KMS-Requests": ("kms", "requests"),
    "Requests-Tier1": ("s3", "put-requests"),
    "Requests-Tier2": ("s3", "get-requests"),
}
"""Usage types, without the region's code, that mean the same whatever the operation is."""
STORED = {
    "AmazonS3": ("s3", "storage"),
    "AmazonDynamoDB": ("dynamodb", "storage"),
    "AmazonECR": ("ecr", "storage"),
    "AmazonCloudWatch": ("cloudwatch-logs", "storage"),
}
"""What `TimedStorage-ByteHrs` is, by product."""
CLOUDFRONT = {
    "US-DataTransfer-Out-Bytes": "out-us",
    "EU-DataTransfer-Out-Bytes": "out-europe",
    "JP-DataTransfer-Out-Bytes": "out-japan",
    "AP-DataTransfer-Out-Bytes": "out-asia",
    "US-Requests-Tier2-HTTPS": "https-requests-us",
    "EU-Requests-Tier2-HTTPS": "https-requests-europe",
}
_SHORT = re.compile(r"(?<=[.\d])xl$")


class UsagePrice(NamedTuple):
    """The price row of a usage type.

    Attributes:
        copies: How many times the row's price each unit costs: 2 for Multi-AZ.
        less: A dimension of the same service whose price is taken off: it is billed by a line of its own.
        why: Why there is no row, where there is none.
    """

    service: str = ""
    dimension: str = ""
    copies: int = 1
    less: str = ""
    why: str = ""


def region_of(usage_type: str, column: str = "", product: str = "") -> tuple[str, str]:
    """Return the region of a usage type, and the usage type without the region's code.

    Args:
        usage_type: As it was billed.
        column: The region by another column of the line, if there is one.
        product: The product's code. CloudFront's codes are those of places on the edge, not of regions.
    """
    if product == "AmazonCloudFront":
        return "all-regions", usage_type
    code, dash, rest = usage_type.partition("-")
    if dash and code in REGIONS:
        return REGIONS[code], rest
    return column or "us-east-1", usage_type


def priced_by(product: str, usage_type: str, operation: str | None) -> UsagePrice:
    """Return the price row of a usage type that has no region's code any more.

    Args:
        product: The product's code, such as AmazonEC2; may be empty.
        usage_type: The usage type.
        operation: What tells apart engines, systems and load balancers; None where the export has no such column.
    """
    if product == "AmazonCloudFront":
        dimension = CLOUDFRONT.get(usage_type, "")
        return UsagePrice("cloudfront", dimension) if dimension else UsagePrice(why="the price book does not have it")
    if price := FIXED.get(usage_type):
        return UsagePrice(*price)
    if usage_type == "TimedStorage-ByteHrs":
        stored = STORED.get(product)
        return UsagePrice(*stored) if stored else UsagePrice(why="several services have this usage type")
    head, _, kind = usage_type.partition(":")
    match head:
        case "BoxUsage" if operation in (None, "", "RunInstances"):
            return UsagePrice("ec2", kind)
        case "BoxUsage" | "UnusedBox":
            return UsagePrice(why="not Linux, or with licences")
        case "SpotUsage":
            return UsagePrice(why="spot prices change by the hour")
        case "InstanceUsage" | "Multi-AZUsage":
            return _database(kind, operation, 1 if head == "InstanceUsage" else 2)
        case "NodeUsage":
            return _node(kind, operation)
        case "LoadBalancerUsage" | "LCUUsage":
            return _balancer(head, operation)
        case "AmazonEKS-Hours" if kind == "extendedSupport":
            return UsagePrice("eks", "cluster-extended", less="cluster")
        case "RDS" if kind == "Multi-AZ-GP3-Storage":
            return UsagePrice("rds", "storage-gp3", copies=2)
    return UsagePrice(why="the price book does not have it")


def _database(kind: str, operation: str | None, copies: int) -> UsagePrice:
    if operation is None:
        return UsagePrice(why="the export does not say which engine it is")
    engine = ENGINES.get(operation.partition(":")[2])
    return (
        UsagePrice(engine, _SHORT.sub("xlarge", kind), copies)
        if engine
        else UsagePrice(why=f"the engine of {operation}")
    )


def _node(kind: str, operation: str | None) -> UsagePrice:
    if kind.startswith("dax."):
        return UsagePrice("dax", kind)
    if operation in (None, "", "CreateCacheCluster:0002"):
        return UsagePrice("elasticache", _SHORT.sub("xlarge", kind))
    return UsagePrice(why="not Redis")


def _balancer(head: str, operation: str | None) -> UsagePrice:
    balancer = {"LoadBalancing:Application": "alb", "LoadBalancing:Network": "nlb"}.get(operation or "")
    if head == "LoadBalancerUsage":
        if balancer or operation is None:  # both cost the same
            return UsagePrice("elb", f"{balancer or 'alb'}-hours")
        return UsagePrice(why="neither an ALB nor an NLB")
    return (
        UsagePrice("elb", f"{balancer}-capacity")
        if balancer
        else UsagePrice(why="an ALB or an NLB: the export does not say")
    )
