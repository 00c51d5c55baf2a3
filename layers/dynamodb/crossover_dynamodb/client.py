"""Calls of DynamoDB's operations: signed, sent over a pool of kept connections, and sent again where that may help."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from crossover.runner import Refused, Unavailable
from crossover.stores.policy import GAUGES as POOL_GAUGES
from crossover.stores.policy import Stats
from crossover.stores.pool import Pool
from crossover_dynamodb.connection import DynamoDbConnection, DynamoDbDriver
from crossover_dynamodb.credentials import AwsCredentials
from crossover_dynamodb.signing import Signer
from crossover_dynamodb.target import TableTarget

API = "DynamoDB_20120810"
FIRST_WAIT_SECONDS = 0.05
"""Before the second attempt, twice as long before each further one; of it a random half to whole is waited."""
LONGEST_WAIT_SECONDS = 5.0
THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "LimitExceededException",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "TransactionInProgressException",
    }
)
"""Errors after which the same request may succeed (Developer Guide, Error handling with DynamoDB)."""
DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
"""Errors that other credentials may end."""
NO_TABLE = "ResourceNotFoundException"
CONDITION_FAILED = "ConditionalCheckFailedException"


class OperationError(Refused):
    """DynamoDB refuses an operation. `code` is the error's name."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"DynamoDB refuses to answer: {code}: {detail}")
        self.code = code


class TableStats(NamedTuple):
    """The figures of the pool of connections, and of what was asked. All but `GAUGES` only ever grow."""

    size: int
    open: int
    in_use: int
    waiting: int
    borrows: int
    borrow_seconds: float
    connects: int
    connect_failures: int
    reconnects: int
    expired: int
    refused: int
    operations: int
    """Requests that DynamoDB answered, errors included."""
    throttles: int
    """Of them, those that are sent again."""
    read_units: float
    write_units: float
    """As DynamoDB counts them."""


GAUGES = POOL_GAUGES


class Client:
    """Calls operations on one table, from any number of threads. Clock, sleep and chance (0 to 1) are injected."""

    def __init__(
        self,
        target: TableTarget,
        credentials: AwsCredentials,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.target = target
        self._credentials = credentials
        self.clock = clock
        self.sleep = sleep
        self._chance = chance
        self._pool: Pool[DynamoDbConnection] = Pool(DynamoDbDriver(target), target.limits)
        self._signer = Signer(target.authority, target.region)
        self._operations = self._throttles = 0
        self._units = {"read": 0.0, "write": 0.0}

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of an operation.

        Raises:
            OperationError: Where DynamoDB refuses it for its content.
            Unavailable: Where it cannot be had now: no connection, no credentials, throttled at every attempt.
        """
        body = json.dumps(request, separators=(",", ":")).encode()
        may_renew = True
        for attempt in range(self.target.attempts):
            if attempt:
                self.wait(attempt)
            keys = self._credentials()
            status, code, answer = self._send(operation, body, keys)
            if code in DENIED and may_renew and self._credentials.renewed(keys):
                may_renew = False
                status, code, answer = self._send(operation, body, self._credentials())
            if status == 200 and not code:
                self._count(operation, answer)
                return answer
            if code in THROTTLED or status >= 500:
                self._throttles += 1
                continue
            break
        detail = str(answer.get("message") or answer.get("Message") or "")[:200]
        if code in THROTTLED or status >= 500:
            raise Unavailable(f"DynamoDB is throttled or fails: {code or status}: {detail}")
        if code in DENIED:
            raise Unavailable(f"DynamoDB does not take the credentials: {code}: {detail}")
        if code == NO_TABLE:
            raise Unavailable(f"there is no {self.target} in {self.target.region}")
        raise OperationError(code or str(status), detail)

    def wait(self, attempt: int) -> None:
        """Sleep before an attempt, the first of which is 0."""
        longest = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
        self.sleep(longest * (1 + self._chance()) / 2)

    def stats(self) -> TableStats:
        """Return the figures of this moment."""
        pool: Stats = self._pool.stats()
        return TableStats(*pool, self._operations, self._throttles, self._units["read"], self._units["write"])

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _send(self, operation: str, body: bytes, keys: Any) -> tuple[int, str, dict[str, Any]]:
        """Return status, the error's name or "", and the answer."""
        headers = self._signer.headers(f"{API}.{operation}", body, keys, self.clock())
        status, text = self._pool.read(lambda connection: connection.post(body, headers))
        self._operations += 1
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            # A load balancer's own page, or an answer that was damaged on its way.
            return status if status >= 500 else 502, "", {}
        code = str(answer.get("__type", "")).rpartition("#")[2] if status != 200 else ""
        return status, code, answer

    def _count(self, operation: str, answer: Mapping[str, Any]) -> None:
        consumed = answer.get("ConsumedCapacity") or ()
        kind = "read" if operation in ("GetItem", "BatchGetItem", "Scan") else "write"
        for table in [consumed] if isinstance(consumed, dict) else consumed:
            self._units[kind] += float(table.get("CapacityUnits", 0.0))
