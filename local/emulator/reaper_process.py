"""The process that kills what an environment leaves behind, and every environment once the emulator is gone.

Frozen processes notice nothing, so another process has to end them. The emulator holds the other end of standard input,
on which it names what exists and what has ended; however it ends, `kill -9` included, the kernel closes that end.

Lines, fields separated by tabs:
    `+ PID MARKER [FOLDER ...]`  an environment: its process group, the variable that only its processes have, its
                                 control groups
    `- PID`                      that environment has ended: kill what left its process group, remove its control groups
    `@ FOLDER`                   a control group to remove at the end

Run by path, with nothing of this project importable.
"""

import contextlib
import os
import signal
import sys
import time

WAIT_SECONDS = 2.0
STEP_SECONDS = 0.02

environments: dict[int, tuple[bytes, list[str]]] = {}
folders: list[str] = []


def kill(pid: int) -> None:
    """Kill one process, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def members(folder: str) -> list[int]:
    """Return the processes of a control group."""
    try:
        with open(f"{folder}/cgroup.procs") as procs:  # noqa: PTH123
            return [int(line) for line in procs]
    except OSError:
        return []


def marked(marker: bytes) -> list[int]:
    """Return the processes that were started with this environment variable."""
    pids = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as environ:  # noqa: PTH123
                    if marker in environ.read().split(b"\0"):
                        pids.append(int(name))
            except OSError:
                continue
    return pids


def remove(paths: list[str]) -> list[str]:
    """Remove these folders with the groups below them; return those that are still there."""
    for path in paths:
        for inner, _folders, _files in os.walk(path, topdown=False):
            try:
                os.rmdir(inner)  # noqa: PTH106
            except OSError:
                continue
    return [path for path in paths if os.path.exists(path)]  # noqa: PTH110


def end(marker: bytes, groups: list[str]) -> None:
    """Kill every process of an environment, and those that they start meanwhile; remove its control groups."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        pids = {pid for folder in groups for pid in members(folder)} | set(marked(marker))
        for pid in pids:
            kill(pid)
        groups = remove(groups)
        if not pids and not groups:
            return
        time.sleep(STEP_SECONDS)


for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "+":
        environments[int(fields[0])] = (fields[1].encode(), fields[2:])
    elif kind == "-":
        ended = environments.pop(int(fields[0]), None)
        if ended:
            end(*ended)
    elif kind == "@":
        folders.append(fields[0])
for group in environments:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        continue
for left in environments.values():
    end(*left)
for _ in range(int(WAIT_SECONDS / STEP_SECONDS)):
    folders = remove(folders)
    if not folders:
        break
    time.sleep(STEP_SECONDS)
