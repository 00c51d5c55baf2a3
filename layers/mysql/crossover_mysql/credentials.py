"""Where a store's user and password come from: its URL, a secret of Secrets Manager, or an IAM token.

boto3 is imported where a URL asks for one of the latter two, at the first connect, and nowhere else: on Lambda the
runtime has it. Powertools' parameters would be a second cache above this one, which has to be renewed by the database's
word and not by age.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from crossover_mysql.target import Target

ACCESS_DENIED = 1045
AWS_SECONDS = 1.0
"""How long Secrets Manager may take to connect, and then to answer: with a database's times below a function's own."""

Pair = tuple[str, str]


class Credentials(Protocol):
    """Gives user and password."""

    def __call__(self) -> Pair:
        """Return user and password for a connect now."""
        ...

    def renewed(self, refused: Pair) -> bool:
        """Say whether others than those that the database refused can be had."""
        ...


class Fixed:
    """User and password that do not change."""

    def __init__(self, user: str, password: str) -> None:
        self._pair = (user, password)

    def __call__(self) -> Pair:
        """Return them."""
        return self._pair

    def renewed(self, refused: Pair) -> bool:
        """Say no: there are no others."""
        return False


class FromSecret:
    """User and password of a secret, read once, and again once the database refuses them: it was rotated then.

    Args:
        read: Reads the secret's JSON, with `username` and `password` as RDS has it.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._pair: Pair | None = None

    def __call__(self) -> Pair:
        """Return them, read at the first time.

        Raises:
            ValueError: The secret has no user and password.
        """
        with self._lock:
            if self._pair is None:
                self._pair = _pair(self._read())
            return self._pair

    def renewed(self, refused: Pair) -> bool:
        """Read the secret again, unless another thread did so since; whether it has something else than was refused."""
        with self._lock:
            if self._pair == refused:
                self._pair = _pair(self._read())
            return self._pair != refused


class FromToken:
    """A user, and an IAM token that is signed at each connect: it opens connections for 15 minutes only.

    Args:
        user: The database user.
        sign: Signs a token; this is local work.
    """

    def __init__(self, user: str, sign: Callable[[], str]) -> None:
        self._user = user
        self._sign = sign

    def __call__(self) -> Pair:
        """Return the user with a fresh token."""
        return self._user, self._sign()

    def renewed(self, refused: Pair) -> bool:
        """Say no: a token that is refused was fresh already."""
        return False


def credentials_of(target: Target) -> Credentials:
    """Return what a store's URL asks for; nothing is read or signed before the first connect."""
    if target.secret:
        return FromSecret(lambda: _read_secret(target.secret))
    if target.iam:
        return FromToken(target.user, lambda: _token(target))
    return Fixed(target.user, target.password)


def _pair(text: str) -> Pair:
    try:
        value = json.loads(text)
        return str(value["username"]), str(value["password"])
    except (KeyError, TypeError, ValueError):
        # Not from this error, whose message may have a part of the secret.
        raise ValueError("the store's secret has no username and password as JSON") from None


def _read_secret(arn: str) -> str:
    # An ARN names its region, which need not be the caller's.
    region = arn.split(":")[3] if arn.startswith("arn:") and arn.count(":") >= 6 else None
    answer = _client("secretsmanager", region).get_secret_value(SecretId=arn)
    return str(answer["SecretString"])


def _token(target: Target) -> str:
    host = target.host.split(".")
    region = host[-4] if target.host.endswith(".rds.amazonaws.com") and len(host) > 4 else None
    return str(_client("rds", region).generate_db_auth_token(target.host, target.port, target.user))


@cache
def _client(service: str, region: str | None) -> Any:
    """Make a client once: that takes a hundred times as long as a signature."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise ValueError("the store's URL needs boto3, which is not installed") from None
    config = Config(connect_timeout=AWS_SECONDS, read_timeout=AWS_SECONDS, retries={"total_max_attempts": 2})
    return boto3.Session().client(service, region_name=region, config=config)
