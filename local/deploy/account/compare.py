"""What would change, and what differs: the stacks of the repository beside those in the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.deploy.account.cloud import Cloud, ResourceChange, Wanted
from local.deploy.account.environment import Environment
from local.deploy.account.stacks import Stack, stack_name, stacks
from local.deploy.account.up import BodyOf, require_own


@dataclass(frozen=True)
class Planned:
    """What `up` would do to one stack."""

    kind: str
    name: str
    action: str
    changes: tuple[ResourceChange, ...]


def offline(environment: Environment) -> list[Planned]:
    """Return every stack as if the account were empty."""
    outputs: dict[str, str] = {}
    plan = []
    for stack in stacks(environment):
        resources = stack.resources(outputs).items()
        changes = tuple(ResourceChange("add", name, kind) for name, kind in resources)
        plan.append(Planned(stack.kind, stack_name(environment.name, stack.kind), "create", changes))
        outputs |= expected_outputs(stack)
    return plan


def online(cloud: Cloud, environment: Environment, body: BodyOf) -> list[Planned]:
    """Return what change sets say; a stack that is not there yet is planned from its template alone."""
    outputs: dict[str, str] = {}
    plan = []
    for stack in stacks(environment):
        name = stack_name(environment.name, stack.kind)
        state = cloud.stack(name)
        if state is None or state.spoilt:
            action = "create" if state is None else "create again"
            changes = tuple(
                ResourceChange("add", resource, kind) for resource, kind in stack.resources(outputs).items()
            )
            outputs |= expected_outputs(stack)
        else:
            require_own(state, environment.name)
            changes = tuple(cloud.changes(Wanted(name, body(stack, outputs), stack.parameters(outputs), state.tags)))
            if changes:
                cloud.discard(name)
            action = "change" if changes else "leave"
            outputs |= state.outputs
        plan.append(Planned(stack.kind, name, action, changes))
    return plan


def drift(cloud: Cloud, environment: Environment, body: BodyOf) -> Iterator[str]:
    """Yield what differs between the account and the repository, one line each."""
    for planned in online(cloud, environment, body):
        if planned.action in ("create", "create again"):
            yield f"{planned.name}: is not there"
            continue
        for change in planned.changes:
            yield f"{planned.name}: the repository would {change.action} {change.resource} ({change.kind})"
        for line in cloud.drifted(planned.name):
            yield f"{planned.name}: by hand: {line}"


def expected_outputs(stack: Stack) -> Mapping[str, str]:
    """Return a stack's outputs before it is made, each saying where it will come from."""
    return dict.fromkeys(stack.document.get("Outputs") or {}, f"(output of {stack.kind})")
