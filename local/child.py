"""Child processes of a command: start one, wait until it is ready, stop it. None outlives the command.

A child leads a process group of its own, so that Ctrl-C reaches only the command, which then stops its children in
order. Where the command cannot (SIGKILL, a crash), `local.reaper` kills the groups.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

PYTHON = (sys.executable, "-I", "-S")
REAPER, LAUNCHER = (Path(__file__).with_name(name) for name in ("reaper.py", "launcher.py"))
POLL_SECONDS = 0.02
STOP_SECONDS = 30.0
"""From the signal that asks a child to stop to SIGKILL, as long as Kubernetes gives a pod."""
KILL_SECONDS = 5.0
"""The system takes this long at most to end a process that was killed."""
PROBE_SECONDS = 5.0

Stream = int | IO[bytes] | None


class NotReadyError(RuntimeError):
    """A child ended or its time was over before it was ready. The message says which."""


class Child:
    """A running child process, the leader of its process group."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: Stream = None,
        output: Stream = None,
    ) -> None:
        """Start the process.

        Args:
            command: The program and its arguments.
            env: The whole environment of the process; that of this process if None.
            cwd: Its working directory.
            stdin: Its standard input, as `subprocess.Popen` takes it.
            output: Its standard output; unless it is a pipe or None, its standard error too.
        """
        self.command = tuple(command)
        if shutil.which(self.command[0]) is None:
            raise FileNotFoundError(f"there is no program {self.command[0]}")
        pipe = _reaper.start()
        self._process = subprocess.Popen(
            [*PYTHON, str(LAUNCHER), str(pipe), *self.command],
            pass_fds=[pipe],
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=output,
            stderr=None if output in (None, subprocess.PIPE) else subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id, which is the id of the process group too."""
        return self._process.pid

    @property
    def stdin(self) -> IO[bytes] | None:
        """Its standard input, where that is a pipe."""
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes] | None:
        """Its standard output, where that is a pipe."""
        return self._process.stdout

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its end and return its exit status. Raises `subprocess.TimeoutExpired`."""
        return self._process.wait(seconds)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process alone; nothing happens once it has ended."""
        self._process.send_signal(number)

    def wait_until_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `is_ready()`. Raises `NotReadyError` if the child ends first or `seconds` pass."""
        if not wait_until(is_ready, seconds, while_true=lambda: self.poll() is None):
            status = self.poll()
            raise NotReadyError(
                f"it was not ready within {seconds:g} s" if status is None else f"it ended with status {status}"
            )

    def stop(self, number: int = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Ask the process to stop, kill it if it does not within `seconds`, and kill what is left of its group.

        Stopping twice is harmless. Returns the exit status.
        """
        try:
            if self.poll() is None:
                self.send_signal(number)
                self.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(seconds)
        finally:
            # Also where a second Ctrl-C interrupts the wait.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            status = self.wait(KILL_SECONDS)
            _reaper.forget(self.pid)
            for pipe in (self.stdin, self.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
        return status


class _Reaper:
    """This process' end of `local.reaper`, which is started with the first child."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> int:
        """Start the reaper, if it does not run, and return its pipe."""
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [*PYTHON, str(REAPER)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            assert self._process.stdin is not None  # noqa: S101 - asked for above
            return self._process.stdin.fileno()

    def forget(self, group: int) -> None:
        """Report that a process group has ended; nothing happens where something has ended the reaper."""
        with self._lock, contextlib.suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                os.write(self._process.stdin.fileno(), b"-%d\n" % group)

    def close(self) -> None:
        """Let the reaper end. What it still knows of is killed."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                process.stdin.close()
                process.wait(KILL_SECONDS)

    def after_fork(self) -> None:
        """Let go of the pipe in a forked process: the command's own end counts, not that of its workers."""
        process, self._process, self._lock = self._process, None, threading.Lock()
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.returncode = 0  # it is the other process' child; nothing is to be waited for here


_reaper = _Reaper()
atexit.register(_reaper.close)
os.register_at_fork(after_in_child=_reaper.after_fork)


@contextlib.contextmanager
def running(
    child: Child,
    is_ready: Callable[[], bool],
    *,
    ready_seconds: float,
    stop_signal: int = signal.SIGTERM,
    stop_seconds: float = STOP_SECONDS,
) -> Iterator[Child]:
    """Keep a child running while the block does; it is ready when the block begins. Raises `NotReadyError`."""
    try:
        child.wait_until_ready(is_ready, ready_seconds)
        yield child
    finally:
        child.stop(stop_signal, stop_seconds)


def wait_until(is_ready: Callable[[], bool], seconds: float, *, while_true: Callable[[], bool] = lambda: True) -> bool:
    """Ask again and again until `is_ready()`; False once `seconds` have passed or `while_true()` no longer holds."""
    deadline = time.monotonic() + seconds
    while while_true() and time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(POLL_SECONDS)
    return False


def answers(url: str) -> bool:
    """Return whether a GET of `url` is answered with a status below 400."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS):
            return True
    except OSError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that is free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port: int = listener.getsockname()[1]
        return port
