"""How many environments this machine has room for: an emulated burst must not take it down."""

from __future__ import annotations

import resource
from pathlib import Path

from local.emulator import quotas

ENVIRONMENT_MB = 48
"""Memory set aside for an environment: the project's functions peak at 31 MB (`crossover experiment cold-start`)."""

FILES_EACH = 6
"""Files that the emulator holds open for an environment: its API's socket and connections, its log, its process."""

FILES_BESIDE = 200
"""Files that it holds open besides."""


def room() -> int:
    """Environments that memory and open files allow, at least 1. Raises this process's limit of files to the most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = quotas.ACCOUNT_CONCURRENCY * FILES_EACH + FILES_BESIDE
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    files = soft if soft != resource.RLIM_INFINITY else wanted
    return max(1, min((files - FILES_BESIDE) // FILES_EACH, available_mb() // ENVIRONMENT_MB))


def available_mb(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Memory that processes can still take without swapping, in MB; 0 where the kernel does not say."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError):
        return 0
