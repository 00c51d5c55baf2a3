"""Every constant of the simulation, with where it comes from: documented, measured here, or assumed and editable."""

from __future__ import annotations

from dataclasses import dataclass

from local.emulator import quotas

DOCUMENTED, MEASURED, ASSUMED, FIXED = "documented", "measured here", "assumed, editable", "assumed"


@dataclass(frozen=True)
class Rule:
    """A constant with its unit, its basis and its source."""

    name: str
    value: float
    unit: str
    basis: str
    source: str


def _rule(name: str, value: float, unit: str, basis: str, source: str) -> Rule:
    return Rule(name, value, unit, basis, source)


LAMBDA_BURST = _rule(
    "Lambda: new environments of a function in 10 s",
    quotas.SCALING_ENVIRONMENTS,
    "environments",
    DOCUMENTED,
    "Lambda developer guide, scaling behavior, read 2026-11",
)
LAMBDA_RATE = _rule(
    "Lambda: requests/s for each unit of concurrency",
    quotas.RATE_PER_ENVIRONMENT,
    "1/s",
    DOCUMENTED,
    "Lambda developer guide, understanding concurrency, read 2026-11",
)
LAMBDA_CONCURRENCY = _rule(
    "Lambda: concurrency of an account (`--concurrency`)",
    quotas.ACCOUNT_CONCURRENCY,
    "environments",
    DOCUMENTED,
    "Lambda quotas, the default, read 2026-11",
)
LAMBDA_IDLE = _rule(
    "Lambda: life of an idle environment (`--idle`)",
    quotas.IDLE_LIFETIME,
    "s",
    ASSUMED,
    "AWS does not say; ten published experiments on AWS fit 10 minutes",
)
PROVISIONED_TARGET = _rule(
    "Provisioned concurrency: utilisation that target tracking keeps (`--provisioned-target`)",
    0.7,
    "",
    DOCUMENTED,
    "Lambda developer guide, managing provisioned concurrency: its example; from 0.1 to 0.9",
)
PROVISIONED_START = _rule(
    "Provisioned concurrency: from a scale-out to allocated",
    60,
    "s",
    DOCUMENTED,
    'the same page: "after a minute or two of preparation", read 2026-11-27',
)
HPA_SYNC = _rule("HPA: period of its loop", 15, "s", DOCUMENTED, "Kubernetes, horizontal pod autoscaling, 2026-11")
HPA_TOLERANCE = _rule("HPA: tolerance of the ratio", 0.1, "", DOCUMENTED, "the same page")
HPA_DOWN_WINDOW = _rule("HPA: stabilisation window downward", 300, "s", DOCUMENTED, "the page, default behavior")
HPA_UP_PODS = _rule("HPA: pods added in 15 s, or", 4, "pods", DOCUMENTED, "the page, default behavior")
HPA_UP_PERCENT = _rule(
    "HPA: percent added in 15 s, the larger", 100, "%", DOCUMENTED, "the same page, default behavior"
)
HPA_METRIC_AGE = _rule(
    "HPA: window of the CPU metric",
    15,
    "s",
    DOCUMENTED,
    "metrics-server collects every 15 s as it is shipped (its README)",
)
CA_SCAN = _rule("Cluster autoscaler: period of its loop", 10, "s", DOCUMENTED, "Cluster Autoscaler FAQ, scan-interval")
CA_UNNEEDED = _rule(
    "Cluster autoscaler: a node is unneeded for so long", 600, "s", DOCUMENTED, "FAQ, scale-down-unneeded-time"
)
CA_AFTER_ADD = _rule(
    "Cluster autoscaler: no scale-down after a scale-up", 600, "s", DOCUMENTED, "FAQ, scale-down-delay-after-add"
)
KARPENTER_IDLE = _rule(
    "Karpenter: a batch ends without a further pending pod for",
    1,
    "s",
    DOCUMENTED,
    "Karpenter v1.15, settings, read 2026-11",
)
KARPENTER_BATCH = _rule("Karpenter: a batch ends after", 10, "s", DOCUMENTED, "the same page")
KARPENTER_CONSOLIDATE = _rule(
    "Karpenter: consolidateAfter (`--consolidate-after`)", 0, "s", DOCUMENTED, "default of a NodePool, its API v1"
)
KARPENTER_LOOK = _rule(
    "Karpenter: period in which it looks for spare nodes", 10, "s", DOCUMENTED, "its source, pollingPeriod"
)
KARPENTER_VALIDATION = _rule(
    "Karpenter: from finding a spare node to removing it", 15, "s", DOCUMENTED, "its source, consolidationTTL"
)
KARPENTER_BUDGET = _rule(
    "Karpenter: nodes removed at a time, rounded up", 10, "%", DOCUMENTED, "Karpenter, disruption budgets, the default"
)
NODE_BOOT = _rule("Node: from the request to ready (`--node-boot`)", 60, "s", ASSUMED, "users report 40 to 120 s")
POD_START = _rule(
    "Pod on a node: from placed to ready (`--pod-start`)", 10, "s", ASSUMED, "image present, Python starts in seconds"
)
REGISTRATION = _rule(
    "ALB: health checks before a target gets requests", 10, "s", DOCUMENTED, "this chart: 2 checks, 5 s apart"
)
DEREGISTRATION = _rule(
    "ALB: deregistration delay, billed while a pod drains",
    15,
    "s",
    DOCUMENTED,
    "this chart; AWS has 300",
)
SLOW_START = _rule(
    "ALB: slow start (`--slow-start`)",
    0,
    "s",
    DOCUMENTED,
    "off by default, else 30 to 900 s; Elastic Load Balancing user guide, target group attributes, 2026-11",
)
FARGATE_START = _rule(
    "Fargate: from the request to a running container (`--fargate-start`)", 45, "s", ASSUMED, "users report 30 to 90 s"
)
ECS_PERIOD = _rule("Target tracking: period of the metric", 60, "s", DOCUMENTED, "ECS developer guide, 2026-11")
ECS_OUT = _rule(
    "Target tracking: datapoints above the target",
    3,
    "",
    FIXED,
    "seen in alarms that it makes (G. Mao, 2020-09, for Lambda); no page of AWS",
)
ECS_IN = _rule(
    "Target tracking: datapoints below 90 % of it",
    15,
    "",
    FIXED,
    "seen in alarms that it makes (G. Mao, 2020-09, for Lambda); no page of AWS",
)
ECS_COOLDOWN = _rule(
    "ECS target tracking: cooldown, both ways; a larger scale-out passes, less what the last one added; Lambda has 0",
    300,
    "s",
    DOCUMENTED,
    "Application Auto Scaling API, ScaleOutCooldown and its example for step scaling, read 2026-11-27",
)
CLIENT_TIMEOUT = _rule("Client: timeout (`--timeout`)", 10, "s", ASSUMED, "")
CLIENT_RETRIES = _rule("Client: retries of what was refused or timed out (`--retries`)", 1, "", ASSUMED, "")
SERVICE_CV = _rule(
    "Service time: standard deviation over mean (`--cv`)", 1, "", ASSUMED, "exponential; 0 is a constant time"
)
ZONES = _rule("Zones that nodes, tasks and environments are spread over", 3, "", ASSUMED, "")
DETECTION = _rule(
    "A lost node or zone: until its targets get no requests",
    10,
    "s",
    DOCUMENTED,
    "this chart: 2 checks, 5 s apart",
)
FAILOVER = _rule(
    "Database: failover of RDS Multi-AZ (`--failover`)", 60, "s", DOCUMENTED, "RDS user guide: 60 to 120 s, 2026-11"
)


def rules() -> list[Rule]:
    """Return all constants, in the order of this module."""
    return [value for value in globals().values() if isinstance(value, Rule)]
