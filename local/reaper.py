"""Kills what a command has started as soon as the command is gone, however it ended, SIGKILL included.

Run by path with a pipe on standard input, whose other end the command holds: the kernel closes it in any case. Lines
are `+GROUP` for a process group that has started and `-GROUP` for one that has ended. See `local.child`.
"""

import contextlib
import os
import signal
import sys

groups: set[int] = set()
for line in sys.stdin:
    group = int(line[1:])
    if line[0] == "+":
        groups.add(group)
    else:
        groups.discard(group)
for group in groups:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
