"""The stacks of an environment, in the order in which they are made, and the parameters of each. Pure.

A stack's parameter takes its value from the environment, or from the output of an earlier stack that has its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from local.cost.instances import memory_gib
from local.deploy.account.environment import Environment
from local.emulator.intrinsics import Resolver, load_document
from local.paths import ROOT

STACKS = ROOT / "container" / "stacks"
FUNCTIONS = ROOT / "template.yaml"
TAG = "crossover:environment"
"""Every stack has it, and through it what the stack makes. What lacks it is not touched."""
EXPIRES = "crossover:expires"
"""UTC time from which an environment may be removed, or `never`."""
IMAGE = "Image"
"""The output of the step that pushes the image: its address by digest."""
EKS_BALANCER = "EksLoadBalancer"
"""The output of the release: the load balancer that the controller made, as its metrics name it."""
GIB = 2**30


@dataclass(frozen=True)
class Stack:
    """One stack.

    Attributes:
        kind: The name of its template.
        given: Parameters that the environment says.
        renamed: Parameters that take an output with another name.
    """

    kind: str
    template: Path
    given: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The template, read. Raises `TemplateError`."""
        return document_of(self.template)

    def wants(self) -> dict[str, str]:
        """Return the parameters that are not given, and the output that each may take."""
        return {
            name: self.renamed.get(name, name)
            for name in self.document.get("Parameters") or {}
            if name not in self.given
        }

    def parameters(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """Return all parameters that have a value; the rest keep their defaults."""
        taken = {name: outputs[output] for name, output in self.wants().items() if output in outputs}
        return {**self.given, **taken}

    def resources(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """Return the resources that its conditions leave, with their types."""
        resolve = Resolver(self.document, self.parameters(outputs))
        return {
            name: resource["Type"]
            for name, resource in self.document["Resources"].items()
            if "Condition" not in resource or resolve.holds(resource["Condition"])
        }


@cache
def document_of(template: Path) -> dict[str, Any]:
    """Return a template, read once. Raises `TemplateError`."""
    return load_document(template)


def stack_name(environment: str, kind: str) -> str:
    """Return the name of a stack in the account."""
    return f"crossover-{environment}-{kind}"


def stacks(environment: Environment) -> list[Stack]:
    """Return the stacks of an environment, each after those whose outputs it takes."""
    made = [
        ("network", environment.networked, _network),
        ("registry", True, _registry),
        ("database", environment.database is not None, _database),
        ("cluster", "eks" in environment.platforms, _cluster),
        ("ecs", "ecs" in environment.platforms, _ecs),
        ("functions", "lambda" in environment.platforms, _functions),
        ("monitoring", True, _monitoring),
        ("dashboard", True, _dashboard),
    ]
    return [make(environment) for _, wanted, make in made if wanted]


def _stack(kind: str, environment: Environment, given: Mapping[str, Any], renamed: Mapping[str, str]) -> Stack:
    template = FUNCTIONS if kind == "functions" else STACKS / f"{kind}.yaml"
    named = {} if kind == "functions" else {"Environment": environment.name}
    return Stack(kind, template, {**named, **{name: _text(value) for name, value in given.items()}}, renamed)


def _network(environment: Environment) -> Stack:
    network = environment.network
    parameters = {
        "Cidr": network.cidr,
        "Access": network.access,
        "FlowLogs": _yes(network.flow_logs),
        "RoleBoundaryArn": environment.heading.boundary,
    }
    return _stack("network", environment, parameters, {})


def _registry(environment: Environment) -> Stack:
    return _stack("registry", environment, {}, {})


def _database(environment: Environment) -> Stack:
    database = environment.database
    assert database is not None  # noqa: S101 - the stack is made only with one
    parameters = {
        "InstanceClass": database.instance,
        "StorageGb": database.storage_gb,
        "MultiAz": database.multi_az,
        "Replicas": database.replicas,
        "BackupDays": database.backup_days,
        "MaxConnections": database.max_connections,
        "RotationDays": database.rotation_days,
    }
    return _stack("database", environment, parameters, {})


def _cluster(environment: Environment) -> Stack:
    eks = environment.eks
    parameters = {
        "AdminPrincipalArn": environment.heading.admin,
        "Compute": eks.compute,
        "InstanceType": eks.instance,
        "MinNodes": eks.min,
        "MaxNodes": eks.max,
        "DiskGb": eks.disk_gb,
        "ContainerInsights": _yes(environment.monitoring.container_insights),
    }
    return _stack("cluster", environment, parameters, {})


def _ecs(environment: Environment) -> Stack:
    ecs, heading = environment.ecs, environment.heading
    parameters = {
        "Scheme": "internet-facing" if heading.public else "internal",
        "ClientCidr": "0.0.0.0/0" if heading.public else environment.network.cidr,
        "CertificateArn": heading.certificate,
        "Cpu": ecs.vcpu * 1024,
        "Memory": ecs.memory_gb * 1024,
        "MinTasks": ecs.min,
        "MaxTasks": ecs.max,
        "TeamName": heading.team,
        "TeamAwsAccount": heading.account,
        "ContainerInsights": "enabled" if environment.monitoring.container_insights else "disabled",
        "RoleBoundaryArn": heading.boundary,
    }
    return _stack("ecs", environment, parameters, {"BalancerSubnetIds": _balancer_subnets(environment)})


def _functions(environment: Environment) -> Stack:
    heading = environment.heading
    parameters: dict[str, Any] = {
        "TeamName": heading.team,
        "TeamAwsAccount": heading.account,
        "FunctionUrlAuthType": "NONE" if heading.public else "AWS_IAM",
        "RoleBoundaryArn": heading.boundary,
    }
    renamed = {}
    if environment.database is not None:
        renamed = {
            "TwitterStore": "StoreUrl",
            "SubnetIds": "ServingSubnetIds",
            "SecurityGroupIds": "FunctionSecurityGroupId",
        }
    # The proxy is the database stack's, which pods and tasks share; the template's own is for functions alone.
    return _stack("functions", environment, {**parameters, "DatabaseIdentifier": ""}, renamed)


def _monitoring(environment: Environment) -> Stack:
    monitoring, database = environment.monitoring, environment.database
    parameters: dict[str, Any] = {
        "P99Seconds": monitoring.p99_seconds,
        "Email": monitoring.email,
        "ContainerInsights": _yes(monitoring.container_insights),
    }
    if database is not None:
        parameters["DatabaseMemoryBytes"] = memory_gib(database.instance) * GIB
        parameters["MaxConnections"] = database.max_connections
    return _stack("monitoring", environment, parameters, {})


def _dashboard(environment: Environment) -> Stack:
    return _stack("dashboard", environment, {}, {})


def _balancer_subnets(environment: Environment) -> str:
    return "PublicSubnetIds" if environment.heading.public else "PrivateSubnetIds"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
    return str(value)
