"""Memory and CPU of an environment by control groups, version 2 or 1, where this user may make some."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import Protocol

from local.emulator import quotas

PERIOD_US = 20_000
"""The scheduler's period that measurements of Lambda show; 128 MB get 1.4 ms of it."""

MOUNT = Path("/sys/fs/cgroup")


class ControlGroup(Protocol):
    """The control group of one environment."""

    @property
    def procs(self) -> tuple[Path, ...]:
        """The files that a process writes `0` to, to join."""

    def limit_cpu(self, share: float | None) -> None:
        """Give it `share` of one CPU, or as much as there is."""

    def killed_for_memory(self) -> bool:
        """Return whether the kernel killed a process of it at its memory limit."""

    def peak(self) -> int:
        """Return the most memory its processes ever had, in bytes; pages of files that they read first count."""

    def strays(self, group: int) -> list[int]:
        """Return the ids of its processes that are not in this process group."""

    def remove(self) -> None:
        """Remove the group, once its processes are gone."""


class Groups(Protocol):
    """Makes control groups. `label` names the way; `folders` are for the reaper to remove."""

    label: str
    folders: tuple[Path, ...]

    def make(self, memory_mb: int) -> ControlGroup:
        """Make a group with a memory limit, swap excluded. Raises OSError."""


def find() -> Groups | None:
    """Return the way that works on this machine, tried by making one group; None where no way does."""
    for kind in (_Groups2, _Groups1):
        try:
            groups = kind()
            try:
                group = groups.make(quotas.MEMORY_MB[0])
                group.limit_cpu(quotas.cpu_share(quotas.MEMORY_MB[0]))
                group.limit_cpu(None)
                group.remove()
            except OSError:
                _remove(*groups.folders)
                raise
        except OSError:
            continue
        return groups
    return None


def _remove(*folders: Path) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _base(parent: Path) -> Path:
    base = parent / f"crossover-{os.getpid()}-{next(_numbers)}"
    base.mkdir()
    return base


_numbers = itertools.count(1)


class _Groups2:
    label = "control groups, version 2"

    def __init__(self) -> None:
        if "memory" not in (MOUNT / "cgroup.controllers").read_text().split():
            raise FileNotFoundError("no memory controller")
        own = Path("/proc/self/cgroup").read_text().rsplit("::", 1)[-1].strip().lstrip("/")
        parent = MOUNT / own if os.access(MOUNT / own, os.W_OK) else MOUNT
        base = _base(MOUNT if os.access(MOUNT, os.W_OK) else parent)
        self.folders: tuple[Path, ...] = (base,)
        try:
            (base / "cgroup.subtree_control").write_text("+cpu +memory")
        except OSError:
            _remove(base)
            raise

    def make(self, memory_mb: int) -> ControlGroup:
        folder = self.folders[0] / str(next(_numbers))
        folder.mkdir()
        (folder / "memory.max").write_text(str(memory_mb * quotas.MB))
        with contextlib.suppress(OSError):
            (folder / "memory.swap.max").write_text("0")
        return _Group2(folder)


class _Group2:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.procs = (folder / "cgroup.procs",)

    def limit_cpu(self, share: float | None) -> None:
        quota = "max" if share is None else str(int(share * PERIOD_US))
        (self.folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")

    def killed_for_memory(self) -> bool:
        return _counted(self.folder / "memory.events", "oom_kill")

    def peak(self) -> int:
        return _number(self.folder / "memory.peak")

    def strays(self, group: int) -> list[int]:
        return _strays(self.folder, group)

    def remove(self) -> None:
        _remove(self.folder)


class _Groups1:
    label = "control groups, version 1"

    def __init__(self) -> None:
        lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
        own = {controller: path for _, names, path in lines for controller in names.split(",")}
        made = []
        try:
            for controller in ("cpu", "memory"):
                parent = MOUNT / controller / own.get(controller, "/").lstrip("/")
                made.append(_base(parent if parent.is_dir() else MOUNT / controller))
        except OSError:
            _remove(*made)
            raise
        self.folders: tuple[Path, ...] = tuple(made)

    def make(self, memory_mb: int) -> ControlGroup:
        name = str(next(_numbers))
        cpu, memory = (base / name for base in self.folders)
        cpu.mkdir()
        memory.mkdir()
        (cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (memory / "memory.limit_in_bytes").write_text(str(memory_mb * quotas.MB))
        with contextlib.suppress(OSError):
            (memory / "memory.memsw.limit_in_bytes").write_text(str(memory_mb * quotas.MB))
        return _Group1(cpu, memory)


class _Group1:
    def __init__(self, cpu: Path, memory: Path) -> None:
        self.cpu = cpu
        self.memory = memory
        self.procs = (cpu / "cgroup.procs", memory / "cgroup.procs")

    def limit_cpu(self, share: float | None) -> None:
        quota = -1 if share is None else int(share * PERIOD_US)
        (self.cpu / "cpu.cfs_quota_us").write_text(str(quota))

    def killed_for_memory(self) -> bool:
        return _counted(self.memory / "memory.oom_control", "oom_kill")

    def peak(self) -> int:
        return _number(self.memory / "memory.max_usage_in_bytes")

    def strays(self, group: int) -> list[int]:
        return _strays(self.memory, group)

    def remove(self) -> None:
        _remove(self.cpu, self.memory)


def _strays(folder: Path, group: int) -> list[int]:
    """Return the processes of a control group that left a process group."""
    strays = []
    with contextlib.suppress(OSError):
        for line in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(int(line)) != group:
                    strays.append(int(line))
    return strays


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def _counted(file: Path, name: str) -> bool:
    try:
        lines = dict(line.split() for line in file.read_text().splitlines())
    except OSError:
        return False
    return int(lines.get(name, 0)) > 0
