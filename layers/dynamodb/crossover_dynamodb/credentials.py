"""Where the keys that sign requests come from.

Lambda and most people's shells have them in the environment. Else botocore finds them: it knows profiles, IRSA, EKS Pod
Identity, ECS tasks and EC2, and renews what expires. It is imported only then: that alone takes over 100 ms of CPU
(`crossover experiment dynamodb-clients`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from crossover.runner import Unavailable
from crossover_dynamodb.target import TableTarget


class AwsKeys(NamedTuple):
    """What a request is signed with."""

    access: str
    secret: str
    token: str = ""


LOCAL = AwsKeys("local", "local")
"""For a server on this machine, which looks at no signature."""


class AwsCredentials(Protocol):
    """Gives keys."""

    def __call__(self) -> AwsKeys:
        """Return the keys of now. Raises `Unavailable` where there are none."""
        ...

    def renewed(self, refused: AwsKeys) -> bool:
        """Say whether others than those that AWS refused can be had."""
        ...


class FixedKeys:
    """Keys that do not change."""

    def __init__(self, keys: AwsKeys) -> None:
        self._keys = keys

    def __call__(self) -> AwsKeys:
        """Return them."""
        return self._keys

    def renewed(self, refused: AwsKeys) -> bool:
        """Say no: there are no others."""
        return False


class FromBotocore:
    """Keys that botocore finds, and renews by itself before they expire.

    Args:
        find: Returns botocore's credentials, or None where it finds none.
    """

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._found: Any = None

    def __call__(self) -> AwsKeys:
        """Return the keys of now; the first time they are looked for."""
        with self._lock:
            try:
                if self._found is None:
                    self._found = self._find()
                frozen = self._found.get_frozen_credentials() if self._found is not None else None
            except ImportError:
                raise Unavailable("AWS credentials are in no environment variable, and botocore is missing") from None
            except Exception as problem:
                # botocore's errors have no common ancestor, and none of them has a secret in its message.
                raise Unavailable(f"no AWS credentials: {problem}") from problem
        if frozen is None:
            raise Unavailable("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give a role")
        return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token or "")

    def renewed(self, refused: AwsKeys) -> bool:
        """Look for others, unless another thread did so since; whether they are others than those refused."""
        with self._lock:
            self._found = None
        return self() != refused


def credentials_of(target: TableTarget, environ: Mapping[str, str]) -> AwsCredentials:
    """Return what gives the keys for a target; nothing is looked for before the first request."""
    if target.is_loopback:
        return FixedKeys(LOCAL)
    access, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    if access and secret:
        return FixedKeys(AwsKeys(access, secret, environ.get("AWS_SESSION_TOKEN", "")))
    return FromBotocore(_find)


def _find() -> Any:
    from botocore.session import Session

    return Session().get_credentials()
