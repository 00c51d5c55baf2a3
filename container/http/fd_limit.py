"""How many connections the operating system lets a process have: each is an open file.

The limit itself, `MAX_CONNECTIONS`, is in `container.settings`, and `container.http.protocol` refuses what is above it.
"""

from __future__ import annotations

import logging
import resource
from contextlib import suppress

RESERVED_FILES = 64
"""Files that are no connection: the program's own, stores', the page's, and connections that are being refused."""

logger = logging.getLogger("crossover")


def connections_within_limit(wanted: int) -> int:
    """As many of the wanted connections as a worker can have open. Raises the limit of files as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    with suppress(ValueError, OSError):  # macOS has a limit of its own below the hard one
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    if soft >= needed:
        return wanted
    possible = max(1, soft - RESERVED_FILES)
    logger.warning(
        "%d connections are wanted, %d taken: a process may have %d files open (ulimit -n)", wanted, possible, soft
    )
    return possible
