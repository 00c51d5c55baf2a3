"""What an account is asked for, and what it answers: the port that planning, upgrading and removing go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from local.deploy.account.stacks import TAG

Say = Callable[[str], None]


@dataclass(frozen=True)
class StackState:
    """A stack as it is in the account."""

    name: str
    status: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def belongs_to(self, environment: str) -> bool:
        """Return whether the environment made it."""
        return self.tags.get(TAG) == environment

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def serves(self) -> bool:
        """Whether it is whole."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")

    @property
    def spoilt(self) -> bool:
        """Whether it can only be removed: its creation failed, or was planned and never done."""
        return self.status in (
            "CREATE_FAILED",
            "ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
            "DELETE_FAILED",
            "REVIEW_IN_PROGRESS",
        )


@dataclass(frozen=True)
class ResourceChange:
    """One change that a change set would make."""

    action: str
    resource: str
    kind: str
    replaces: bool = False


class Wanted(NamedTuple):
    """A stack as it shall be."""

    name: str
    body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


class Cloud(Protocol):
    """One account in one region."""

    def account(self) -> str:
        """Return the account's number. Raises `UserError` without credentials."""
        ...

    def stack(self, name: str) -> StackState | None:
        """Return a stack, None where there is none."""
        ...

    def stacks(self) -> Iterator[StackState]:
        """Yield every stack that has the tag of an environment."""
        ...

    def create(self, wanted: Wanted, say: Say) -> StackState:
        """Make a new stack, and wait for its end."""
        ...

    def changes(self, wanted: Wanted) -> Sequence[ResourceChange]:
        """Make a change set of a stack, and return what it would change, if anything. `apply` or `discard` it."""
        ...

    def apply(self, name: str, say: Say) -> StackState:
        """Execute the change set that was made last, and wait for its end."""
        ...

    def discard(self, name: str) -> None:
        """Remove the change set that was made last."""
        ...

    def delete(self, name: str, say: Say) -> StackState | None:
        """Delete a stack, wait, and return what is left of it."""
        ...

    def wait(self, name: str, say: Say) -> StackState | None:
        """Wait until nothing is under way."""
        ...

    def drifted(self, name: str) -> Sequence[str]:
        """Return resources of a stack that were changed by hand, one line each."""
        ...

    def upload(self, bucket: str, key: str, file: Path) -> bool:
        """Put a file into a bucket unless it is there; return whether it was put."""
        ...

    def empty(self, bucket: str) -> int:
        """Remove every object of a bucket, and return how many there were."""
        ...

    def balancers(self, cluster: str) -> Sequence[str]:
        """Return load balancers, target groups and security groups that a cluster's controller made, by ARN or id."""
        ...

    def remove_balancers(self, cluster: str) -> int:
        """Remove what `balancers` returns, as far as it can be removed yet, and return how much that was."""
        ...

    def tagged(self, environment: str) -> Sequence[str]:
        """Return the ARNs of everything that has the environment's tag."""
        ...
