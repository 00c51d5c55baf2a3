"""Programs that run to their end: bounded in time, with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import UserError


def run_program(
    command: Sequence[str], seconds: float, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its exit status and what it printed.

    It reads nothing, and leads a process group of its own: what it started is killed with it.

    Args:
        command: The program and its arguments.
        seconds: How long it may take.
        env: Its whole environment; that of this process if None.
        cwd: Its working directory.

    Raises:
        UserError: It cannot be started, or did not end in time.
    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )
    except OSError as problem:
        raise UserError(f"cannot run {name}: {problem.strerror}") from None
    with process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise UserError(f"{name} did not end within {seconds:g} s; it was stopped") from None
        finally:
            # Also where Ctrl-C interrupts the wait.
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(list(command), process.returncode, output, errors)
