"""Brings an environment up: each stack in its order, with what it takes from earlier ones. Repeated, it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.deploy.account.cloud import Cloud, Say, StackState, Wanted
from local.deploy.account.environment import NO_ACCOUNT, Environment
from local.deploy.account.stacks import EXPIRES, TAG, Stack, stack_name, stacks
from local.errors import UserError

Step = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Something between stacks: takes the outputs so far, and returns more of them."""
BodyOf = Callable[[Stack, Mapping[str, str]], str]
"""Returns a stack's template, which may need an earlier stack's outputs."""


@dataclass(frozen=True)
class Steps:
    """What happens between stacks, by the kind of the stack that it comes before, and how templates are had."""

    body: BodyOf
    before: Mapping[str, Step] = field(default_factory=dict)


def check_account(cloud: Cloud, environment: Environment) -> None:
    """Raise `UserError` unless the credentials are those of the environment's account."""
    account = cloud.account()
    if environment.heading.account == NO_ACCOUNT:
        raise UserError(f'{environment.name}: its file names no account; these credentials are of "{account}"')
    if account != environment.heading.account:
        raise UserError(
            f"{environment.name}: is of account {environment.heading.account}, and these credentials are of {account}"
        )


def tags_of(environment: Environment, now: datetime) -> dict[str, str]:
    """Return the tags of every stack, the expiry among them."""
    hours = environment.heading.hours
    end = now + timedelta(hours=float(hours))
    return {TAG: environment.name, EXPIRES: end.strftime("%Y-%m-%dT%H:%MZ") if hours else "never"}


def require_own(state: StackState, environment: str) -> None:
    """Raise `UserError` where a stack lacks the environment's tag."""
    if not state.belongs_to(environment):
        raise UserError(f"{state.name}: lacks the tag {TAG}={environment}; it is not touched")


def bring_up(cloud: Cloud, environment: Environment, steps: Steps, now: datetime, say: Say) -> dict[str, str]:
    """Make or upgrade every stack, and return all outputs.

    A stack whose creation failed is removed and made again, and one that something else upgrades is waited for, so a
    run that was interrupted is simply repeated.

    Raises:
        UserError: A stack is not the environment's, or did not become whole; the message names resource and reason.
    """
    outputs: dict[str, str] = {}
    for stack in stacks(environment):
        if stack.kind in steps.before:
            outputs |= steps.before[stack.kind](outputs)
        body = steps.body(stack, outputs)
        outputs |= _upgrade(cloud, environment, stack, body, outputs, now, say).outputs
    return outputs


def _upgrade(  # noqa: PLR0913 - all that a stack is made of
    cloud: Cloud,
    environment: Environment,
    stack: Stack,
    body: str,
    outputs: Mapping[str, str],
    now: datetime,
    say: Say,
) -> StackState:
    name = stack_name(environment.name, stack.kind)
    state = cloud.stack(name)
    if state is not None:
        require_own(state, environment.name)
        if state.busy:
            say(f"{name}: waiting, {state.status}")
            state = cloud.wait(name, say)
    if state is not None and state.spoilt:
        say(f"{name}: {state.status}; it is removed and made again")
        if cloud.delete(name, say) is not None:
            raise UserError(f"{name}: could not be removed; `crossover deploy down {environment.name}` says why")
        state = None
    wanted = Wanted(name, body, stack.parameters(outputs), tags_of(environment, now))
    reasons: list[str] = []

    def listen(line: str) -> None:
        if "_FAILED" in line and "cancelled" not in line.lower():
            reasons.append(line)
        say(f"{name}: {line}")

    if state is None:
        say(f"{name}: creating")
        state, good = cloud.create(wanted, listen), ("CREATE_COMPLETE",)
    elif changes := cloud.changes(wanted):
        say(f"{name}: {len(changes)} changes")
        state, good = cloud.apply(name, listen), ("UPDATE_COMPLETE",)
    else:
        say(f"{name}: unchanged")
        return state
    if state.status not in good:
        reason = reasons[0] if reasons else state.reason or "no reason given"
        again = f"mend it and repeat `crossover deploy up {environment.name}`"
        raise UserError(f"{name}: {state.status}: {reason}; {again}")
    return state
