"""One environment's process: started, frozen, watched, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.emulator.control_groups import ControlGroup
from local.emulator.reaper import Reaper

BOOT = Path(__file__).with_name("boot.py")
LOG_CHUNK_BYTES = 65_536
"""Read at a time: all that a pipe holds, and no more, so that a function that prints without end delays no other."""
MARKER = "AWS_LAMBDA_RUNTIME_API"
"""The variable whose value no two environments share."""


@dataclass(frozen=True)
class ProcessConfig:
    """What a runtime's process is started with."""

    handler: str
    """`package.module.function`."""
    folder: Path
    """Its working directory."""
    import_path: str
    """Folders separated by colons."""
    variables: Mapping[str, str]
    """All of its environment variables."""
    cores: Collection[int] = ()
    """The CPUs it runs on; none named means any."""
    python: str = sys.executable
    """The interpreter."""


class RuntimeProcess:
    """A running runtime. Calls `on_exit(status)` once: an exit code, or minus a signal's number."""

    def __init__(
        self,
        config: ProcessConfig,
        group: ControlGroup | None,
        reaper: Reaper,
        on_exit: Callable[[int], None],
        on_log: Callable[[bytes], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reaper = reaper
        self._on_exit = on_exit
        self._on_log = on_log
        self.group = group
        self.cpu_share: float | None = None
        """The share that its control group is limited to; None where there is no limit."""
        self.peak = 0
        """Peak resident memory so far, in bytes, as last read."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        groups = [str(procs) for procs in group.procs] if group else []
        try:
            self._child = subprocess.Popen(
                # -S: nothing of a virtual environment is importable but what the path names; -B: a deployed package is
                # read-only. -P would be right, but only Python 3.11 has it: the boot removes its own folder.
                [config.python, "-S", "-s", "-B", str(BOOT), config.handler, config.import_path, *groups],
                cwd=config.folder,
                env=dict(config.variables),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.pid = self._child.pid
        if config.cores:
            os.sched_setaffinity(self.pid, config.cores)
        marker = f"{MARKER}={config.variables.get(MARKER, '')}"
        reaper.add(self.pid, marker, [procs.parent for procs in group.procs] if group else [])
        self._log: int | None = reading
        self._pidfd: int | None = os.pidfd_open(self.pid)
        self._loop.add_reader(reading, self.read_log)
        self._loop.add_reader(self._pidfd, self._exited)

    def freeze(self) -> None:
        """Stop every thread of the process and of its children."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process run again."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process. `on_exit` follows."""
        self._signal(signal.SIGKILL)

    def read_log(self) -> None:
        """Read what the process has printed by now, at most what its pipe holds."""
        if self._log is None:
            return
        try:
            chunk = os.read(self._log, LOG_CHUNK_BYTES)
        except BlockingIOError:
            return
        if chunk:
            self._on_log(chunk)
        else:
            self._close_log()

    def cpu_seconds(self) -> float:
        """Return the CPU time of all threads so far."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2)  # Linux: the CPU clock of a process by its id
        except OSError:
            return 0.0

    def resident(self) -> int:
        """Return the resident memory in bytes; keep the peak."""
        now = 0
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) * 1024)
                elif line.startswith("VmRSS:"):
                    now = int(line.split()[1]) * 1024
                    break
        return now

    def _signal(self, number: int) -> None:
        """Signal the process group, and the members of the control group that left it."""
        if self._pidfd is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        for pid in self.group.strays(self.pid) if self.group else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _exited(self) -> None:
        if self._pidfd is None:
            return
        self._signal(signal.SIGKILL)  # its children, before its id may belong to another process
        self._loop.remove_reader(self._pidfd)
        _, waited = os.waitpid(self.pid, 0)
        status = os.waitstatus_to_exitcode(waited)
        self._child.returncode = status
        # The child's ru_maxrss would count this process too, of which it is a fork: it survives the exec.
        self.peak = max(self.peak, self.group.peak() if self.group else 0)
        os.close(self._pidfd)
        self._pidfd = None
        self.read_log()
        self._close_log()
        self._on_exit(status)
        self._reaper.end(self.pid)

    def _close_log(self) -> None:
        if self._log is not None:
            self._loop.remove_reader(self._log)
            os.close(self._log)
            self._log = None


def variables_of(own: Mapping[str, str], **lambdas: str) -> dict[str, str]:
    """Return the variables of a function's process: Lambda's (`lambdas`) and the function's own, nothing else."""
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        **own,
        **lambdas,
    }
