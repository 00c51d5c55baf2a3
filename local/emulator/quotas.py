"""What Lambda allows, with the source of each number. Times in seconds, sizes in bytes unless a name says otherwise."""

from __future__ import annotations

MB = 1024 * 1024

PAYLOAD = 6 * MB + 100
"""Event and answer of a synchronous invocation, each. AWS: "Lambda quotas", invocation payload, and the message of
`Function.ResponseSizeTooLarge`, which names 6,291,556 bytes."""

UNZIPPED_BYTES = 250 * MB
"""What a function and its layers may have unzipped:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, read 2026-11-27."""

ASYNCHRONOUS_PAYLOAD = MB
"""Event of an asynchronous invocation. AWS: "Lambda quotas", 1 MB since 2025-10."""

INIT_TIMEOUT = 10.0
"""INIT of an on-demand environment; then it is retried inside the first invocation.
AWS: "Lambda runtime environment"."""

PROVISIONED_INIT_TIMEOUT = 130.0
"""INIT of a provisioned environment, or the function's timeout where that is longer. AWS: the same page."""

MEMORY_MB = range(128, 10_240 + 1)
"""What a function may be given, in steps of 1 MB. AWS: "Lambda quotas"."""

TIMEOUT_S = range(1, 900 + 1)
"""What a function's timeout may be. The default is 3. AWS: "Lambda quotas"."""

VCPU_MB = 1_769
"""The memory that comes with one whole vCPU; CPU is in proportion to it. AWS: "Configure Lambda function memory"."""

ACCOUNT_CONCURRENCY = 1_000
"""Concurrent executions of an account in a region, by default. AWS: "Lambda quotas"."""

UNRESERVED_MINIMUM = 100
"""What reservations have to leave to the functions that reserve nothing. AWS: "Configuring reserved concurrency"."""

SCALING_ENVIRONMENTS = 1_000
SCALING_SECONDS = 10.0
"""A function gets at most 1,000 new environments every 10 s, refilled continuously. AWS: "Lambda scaling behavior"."""

RATE_PER_ENVIRONMENT = 10
"""Synchronous requests/s for each unit of concurrency, of an account, a reservation or a provision.
AWS: "Understanding concurrency", requests per second quota."""

ENVIRONMENT_VARIABLES = 4 * 1024
"""All of a function's environment variables together. AWS: "Lambda quotas"."""

LOG_TAIL = 4 * 1024
"""The end of an invocation's log that Invoke gives back (`LogResult`). AWS: API reference, Invoke."""

IDLE_LIFETIME = 600.0
"""How long an idle environment is kept. AWS does not say; measurements by users run from 5 to 45 minutes. (chosen)"""


def cpu_share(memory_mb: int) -> float:
    """Return the vCPUs that come with this memory: 128 MB has 0.072 of one."""
    return memory_mb / VCPU_MB
