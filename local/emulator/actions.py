"""What a fleet wants done, and the words for how invocations end and why they are refused."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Ending(Enum):
    """How an invocation ended. The values are the words of records and tables."""

    SUCCESS = "success"
    ERROR = "error"
    """The handler raised; the runtime reported it."""
    TOO_LARGE = "too-large"
    """The answer is beyond the payload quota."""
    TIMEOUT = "timeout"
    EXIT = "exit"
    """The runtime's process ended, or broke the protocol."""
    MEMORY = "out-of-memory"
    INIT_ERROR = "init-error"
    """The handler could not be imported; the runtime reported it."""
    THROTTLED = "throttled"


class Throttle(Enum):
    """Why a request is refused. The values are the `Reason` of Lambda's TooManyRequestsException."""

    ACCOUNT = "ConcurrentInvocationLimitExceeded"
    RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
    RATE = "FunctionInvocationRateLimitExceeded"
    RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
    SCALING = "CallerRateLimitExceeded"
    """AWS publishes no reason for the scaling rate; this is its general one. (chosen)"""


class Start(NamedTuple):
    """Start a process for this environment; `attempt` is 1, or 2 inside the first invocation."""

    environment: int
    attempt: int


class Thaw(NamedTuple):
    """Let the environment's process run again."""

    environment: int


class Freeze(NamedTuple):
    """Stop every thread of the environment's process until it is thawed."""

    environment: int


class Deliver(NamedTuple):
    """Hand the request to the runtime, which has until `deadline` on the machine's clock."""

    environment: int
    request: str
    deadline: float


class Kill(NamedTuple):
    """End the environment's process, whatever it does. Its exit need not be reported."""

    environment: int


class InvocationAnswer(NamedTuple):
    """Answer the caller. `throttle` says why where `ending` is THROTTLED."""

    request: str
    ending: Ending
    throttle: Throttle | None = None


class InvocationReport(NamedTuple):
    """An invocation is over, times in seconds: what its bill is made of."""

    request: str
    environment: int
    ending: Ending
    duration: float
    init: float | None
    """INIT before this invocation, on a cold start; None on a warm one, and where INIT had to be retried."""
    failed_init: float
    """INIT that failed before this invocation and was retried inside it; otherwise 0."""
    provisioned: bool


Action = Start | Thaw | Freeze | Deliver | Kill | InvocationAnswer | InvocationReport
