"""How memory and CPU of environments are limited to their share: by control groups, or by watching."""

from __future__ import annotations

import asyncio

from local.emulator import control_groups, quotas
from local.emulator.control_groups import ControlGroup
from local.emulator.process import RuntimeProcess
from local.emulator.reaper import Reaper

TICK_SECONDS = 0.01
"""How often watching looks."""


class Watched:
    """One busy environment under watching."""

    __slots__ = ("limit", "over", "process", "share", "since", "spent", "stopped")

    def __init__(self, process: RuntimeProcess, memory_mb: int, now: float, limit_cpu: bool) -> None:
        self.process = process
        self.limit = memory_mb * quotas.MB
        self.share = quotas.cpu_share(memory_mb) if limit_cpu else float("inf")
        self.since = now
        self.spent = process.cpu_seconds()
        self.stopped = False
        self.over = False

    def owes(self, spent: float, now: float) -> bool:
        """Return whether it has used more CPU time than its share; what it does not use it cannot save for long."""
        credit = self.spent + (now - self.since) * self.share - spent
        if credit > TICK_SECONDS * self.share:
            self.since, self.spent = now, spent - TICK_SECONDS * self.share
        return credit < 0


class Resources:
    """Limits environments to their memory and CPU. Approximate either way: a vCPU here is not a vCPU of Lambda's.

    With control groups the kernel holds memory and CPU. Without, a look every 10 ms at each environment at work kills
    it beyond its memory, and stops and continues it so that its CPU time stays in proportion.
    """

    def __init__(self, reaper: Reaper, groups: control_groups.Groups | None) -> None:
        self._groups = groups
        self._watched: dict[RuntimeProcess, Watched] = {}
        self._timer: asyncio.TimerHandle | None = None
        if groups:
            for folder in groups.folders:
                reaper.remove_at_end(folder)

    @property
    def note(self) -> str:
        """Which way is used, for people."""
        if self._groups:
            return f"memory and CPU share (approximate) by {self._groups.label}; peak memory from the kernel"
        return "memory by polling, CPU share (approximate) by duty cycle; peak memory from the kernel"

    def group(self, memory_mb: int) -> ControlGroup | None:
        """Make a control group for a new environment."""
        return self._groups.make(memory_mb) if self._groups else None

    def start(self, process: RuntimeProcess, memory_mb: int, initialising: bool) -> None:
        """Begin to limit an environment at work. INIT has all the CPU there is: Lambda boosts it."""
        if process.group:
            share = None if initialising else quotas.cpu_share(memory_mb)
            if process.cpu_share != share:
                process.cpu_share = share
                process.group.limit_cpu(share)
            return
        now = asyncio.get_running_loop().time()
        self._watched[process] = Watched(process, memory_mb, now, limit_cpu=not initialising)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._look)

    def stop(self, process: RuntimeProcess) -> None:
        """Leave an environment alone while it rests."""
        self._watched.pop(process, None)

    def ended(self, process: RuntimeProcess) -> bool:
        """Forget an environment that has ended; return whether it was killed for its memory."""
        watched = self._watched.pop(process, None)
        if process.group:
            return process.group.killed_for_memory()
        return watched.over if watched else False

    def close(self) -> None:
        """Stop watching."""
        self._watched.clear()
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for watched in tuple(self._watched.values()):
            process = watched.process
            if process.resident() > watched.limit:
                watched.over = True
                process.kill()
                continue
            stop = watched.owes(process.cpu_seconds(), loop.time())
            if stop != watched.stopped:
                watched.stopped = stop
                if stop:
                    process.freeze()
                else:
                    process.thaw()
        if self._watched:
            self._timer = loop.call_later(TICK_SECONDS, self._look)
