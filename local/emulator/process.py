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
from pathlib import Path

from local.emulator.control_groups import Group

BOOT = Path(__file__).with_name("boot.py")
KEEPER = Path(__file__).with_name("reaper.py")
LOG_CHUNK = 65_536


class Keeper:
    """The process that kills what is left if the emulator ends without tidying up. See `reaper.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER)], stdin=subprocess.PIPE, start_new_session=True
        )

    def tell(self, line: str) -> None:
        """Tells it a line."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()

    def close(self) -> None:
        """Lets it do its work now, and waits for it."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()


class Process:
    """A running runtime. Calls `on_exit(status)` once: an exit code, or minus a signal's number."""

    def __init__(
        self,
        handler: str,
        folder: Path,
        path: str,
        variables: Mapping[str, str],
        group: Group | None,
        keeper: Keeper,
        on_exit: Callable[[int], None],
        on_log: Callable[[bytes], None],
        cores: Collection[int] = (),
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._keeper = keeper
        self._on_exit = on_exit
        self._on_log = on_log
        self.group = group
        self.cpu_share: float | None = None
        """The share that its group holds it to; None where that is all there is."""
        self.peak = 0
        """Peak resident memory so far, in bytes, as last read."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        groups = [str(procs) for procs in group.procs] if group else []
        try:
            self._child = subprocess.Popen(
                # -S: nothing of this virtual environment is importable; -B: a deployed package is read-only.
                [sys.executable, "-S", "-s", "-P", "-B", str(BOOT), handler, path, *groups],
                cwd=folder,
                env=dict(variables),
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
        if cores:
            os.sched_setaffinity(self.pid, cores)
        keeper.tell(f"+{self.pid}")
        self._log: int | None = reading
        self._pidfd: int | None = os.pidfd_open(self.pid)
        self._loop.add_reader(reading, self.read_log)
        self._loop.add_reader(self._pidfd, self._exited)

    def signal(self, number: int) -> None:
        """Sends a signal to the process and all its children that did not leave its group."""
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Stops every thread of it."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it run again."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends it. `on_exit` follows."""
        self.signal(signal.SIGKILL)

    def read_log(self) -> None:
        """Takes what it has printed by now."""
        while self._log is not None:
            try:
                chunk = os.read(self._log, LOG_CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._loop.remove_reader(self._log)
                os.close(self._log)
                self._log = None
                return
            self._on_log(chunk)

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2)  # Linux: the CPU clock of a process by its id
        except OSError:
            return 0.0

    def resident(self) -> int:
        """Resident memory now, in bytes; keeps the peak."""
        now = 0
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) * 1024)
                elif line.startswith("VmRSS:"):
                    now = int(line.split()[1]) * 1024
                    break
        return now

    def _exited(self) -> None:
        if self._pidfd is None:
            return
        self._loop.remove_reader(self._pidfd)
        _, waited = os.waitpid(self.pid, 0)
        status = os.waitstatus_to_exitcode(waited)
        self._child.returncode = status
        # The child's ru_maxrss would count this process too, of which it is a fork: it survives the exec.
        self.peak = max(self.peak, self.group.peak() if self.group else 0)
        self.signal(signal.SIGKILL)  # its children, if it has any
        os.close(self._pidfd)
        self._pidfd = None
        self._keeper.tell(f"-{self.pid}")
        self.read_log()
        if self._log is not None:
            self._loop.remove_reader(self._log)
            os.close(self._log)
            self._log = None
        self._on_exit(status)
        if self.group:
            self.group.remove()


def variables_of(own: Mapping[str, str], **given: str) -> dict[str, str]:
    """The environment variables of a function's process: Lambda's (`given`) and the function's own, nothing else."""
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        **own,
        **given,
    }
