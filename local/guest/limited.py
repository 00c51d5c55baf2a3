"""Limits this process and then becomes a command: what an application may use, where no control group limits it.

Run by path as `limited.py MEMORY_BYTES PROCESSES FILES FILE_BYTES CPU_SECONDS COMMAND...`; 0 is no limit.
See `local.guest.process`.
"""

import os
import resource
import sys

NAMES = (
    resource.RLIMIT_DATA,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_CPU,
)
command = sys.argv[len(NAMES) + 1 :]
for name, text in zip(NAMES, sys.argv[1:], strict=False):
    _, hard = resource.getrlimit(name)
    most = int(text) if hard == resource.RLIM_INFINITY else min(int(text), hard)
    if most:
        resource.setrlimit(name, (most, most))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execvp(command[0], command)  # noqa: S606
