"""An application's processes: with limits, in a group of their own that ends with them."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil

from local.child import PYTHON, Child
from local.guest.application import Guest, environment_of

LIMITED_PROGRAM = Path(__file__).with_name("limited.py")
MAX_OUTPUT_BYTES = 4 * 2**20
"""Of what a process prints, the last."""
MAX_REPORT_BYTES = 16 * 2**20
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class ProcessLimits:
    """What the processes of an application may use; 0 is no limit."""

    memory_bytes: int
    """Of one process, heap and stacks."""
    processes: int
    """Of this user, threads included."""
    files: int
    file_bytes: int
    """Of one file."""
    cpu_seconds: int = 0


LAMBDA_MEMORY = 10_240 * 2**20
"""The largest function, and the largest /tmp: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
LAMBDA_PROCESSES = 1_024
LAMBDA_FILES = 1_024
SERVER_FILES = 65_536
"""A server under load has a file for each connection."""


@dataclass(frozen=True)
class Ran:
    """A process that has ended."""

    status: int
    """Its exit status, or minus the signal that ended it."""
    output: str
    """What it printed, at the end."""
    report: bytes
    """What it wrote to the file that its last argument names."""

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.status >= 0:
            return f"the interpreter ended with status {self.status}"
        return f"the interpreter was ended by {signal.Signals(-self.status).name}"


def limits(files: int = LAMBDA_FILES, cpu_seconds: int = 0) -> ProcessLimits:
    """Return Lambda's limits, and no more memory than this machine has available."""
    memory = min(LAMBDA_MEMORY, psutil.virtual_memory().available)
    return ProcessLimits(memory, _own_threads() + LAMBDA_PROCESSES, files, LAMBDA_MEMORY, cpu_seconds)


def limited(command: Sequence[str], limits: ProcessLimits) -> list[str]:
    """Return a command that sets the limits and becomes the given one."""
    return [*PYTHON, str(LIMITED_PROGRAM), *map(str, astuple(limits)), *command]


def run(guest: Guest, module: str, given: bytes = b"", *, seconds: int, options: Sequence[str] = ()) -> Ran:
    """Run a module of `crossover_guest` on the guest, and end whatever it leaves behind.

    Args:
        guest: The application.
        module: It gets the application's name and the file for its report.
        given: Its standard input.
        seconds: After which it is ended.
        options: Of the interpreter.

    Raises:
        subprocess.TimeoutExpired: after that time.
        FileNotFoundError: where there is no such interpreter.
    """
    with tempfile.TemporaryDirectory(prefix="crossover-") as scratch:
        report, printed, asked = (Path(scratch) / name for name in ("report", "printed", "asked"))
        asked.write_bytes(given)
        python, *rest = guest.command(module, guest.reference, str(report))
        command = limited([python, *options, *rest], limits(cpu_seconds=seconds))
        # Files and not pipes: a process that it has started may hold a pipe open for ever.
        with asked.open("rb") as stdin, printed.open("w+b") as output:
            child = Child(command, env=environment_of(guest), cwd=guest.directory, stdin=stdin, output=output)
            try:
                status = child.wait(seconds)
            finally:
                child.stop(signal.SIGKILL, KILL_SECONDS)
            output.seek(max(0, output.seek(0, os.SEEK_END) - MAX_OUTPUT_BYTES))
            text = output.read().decode("utf-8", "replace")
        try:
            with report.open("rb") as file:
                content = file.read(MAX_REPORT_BYTES)
        except FileNotFoundError:
            content = b""
        return Ran(status, text, content)


def _own_threads() -> int:
    """Return how many threads this user has: the system counts them all against the limit."""
    if sys.platform != "linux":
        return len(psutil.pids())
    count, user = 0, os.getuid()
    for process in psutil.process_iter():
        try:
            if process.uids().real == user:
                count += process.num_threads()
        except psutil.Error:
            continue
    return count
