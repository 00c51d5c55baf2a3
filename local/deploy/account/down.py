"""Removes an environment: what the load balancer controller made first, then the stacks from the last to the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from local.child import wait_until
from local.deploy.account.cloud import Cloud, Say, StackState
from local.deploy.account.stacks import EXPIRES, TAG, stack_name
from local.deploy.account.up import require_own
from local.errors import UserError

ORDER = ("dashboard", "monitoring", "functions", "ecs", "cluster", "database", "registry", "network")
BALANCER_SECONDS = 300.0
"""A load balancer's addresses leave the network some minutes after it."""
GONE_LATER = (":secret:", ":key/")
"""ARNs of what AWS keeps for days after its removal, unused and, but for a key's name, without price."""


def cluster_of(environment: str) -> str:
    """Return the name of an environment's cluster."""
    return f"{environment}-crossover"


def take_down(
    cloud: Cloud,
    environment: str,
    say: Say,
    uninstall: Callable[[], None] = lambda: None,
    seconds: float = BALANCER_SECONDS,
) -> Sequence[str]:
    """Remove everything that an environment made, also after a half-failed `up`; return what is left.

    Args:
        cloud: The account.
        environment: Its name.
        say: Takes a line about what happens.
        uninstall: Uninstalls the release, so that the controller removes its load balancers itself.
        seconds: How long load balancers are waited for.

    Raises:
        UserError: A stack with an environment's name is not the environment's.
    """
    states = {kind: cloud.stack(stack_name(environment, kind)) for kind in ORDER}
    for state in states.values():
        if state is not None:
            require_own(state, environment)
    cluster = states["cluster"]
    if cluster is not None and cluster.serves:
        uninstall()
    _remove_balancers(cloud, environment, say, seconds)
    registry = states["registry"]
    if registry is not None and "PackagesBucket" in registry.outputs:
        say(f"{registry.outputs['PackagesBucket']}: {cloud.empty(registry.outputs['PackagesBucket'])} packages removed")
    left = []
    for kind in ORDER:
        state = states[kind]
        if state is None:
            continue
        if state.busy:
            cloud.wait(state.name, say)
        say(f"{state.name}: removing")
        remains = cloud.delete(state.name, lambda line, name=state.name: say(f"{name}: {line}"))  # type: ignore[misc]
        if remains is not None:
            left.append(f"{state.name}: {remains.status} {remains.reason}".rstrip())
    left += cloud.balancers(cluster_of(environment))
    left += [arn for arn in cloud.tagged(environment) if not any(part in arn for part in GONE_LATER)]
    return left


def expired(states: Sequence[StackState], now: datetime) -> list[str]:
    """Return the environments whose time is over, by the latest of their stacks' tags."""
    ends: dict[str, str] = {}
    for state in states:
        name = state.tags[TAG]
        ends[name] = max(ends.get(name, ""), state.tags.get(EXPIRES, "never"))
    limit = now.strftime("%Y-%m-%dT%H:%MZ")
    return sorted(name for name, end in ends.items() if end < limit)


def _remove_balancers(cloud: Cloud, environment: str, say: Say, seconds: float) -> None:
    """Remove load balancers, target groups and security groups that the controller left."""
    cluster = cluster_of(environment)
    deadline = time.monotonic() + seconds
    while cloud.balancers(cluster) and time.monotonic() < deadline:
        say(f"{cluster}: {cloud.remove_balancers(cluster)} load balancers, target groups and security groups removed")
        wait_until(lambda: not cloud.balancers(cluster), min(5.0, seconds))
    if cloud.balancers(cluster):
        raise UserError(f"{cluster}: load balancers are still in use; repeat `crossover deploy down {environment}`")
