"""An account emulated on this machine: its functions, and what they share."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from local.emulator import bill, control_groups, quotas, runtime_files
from local.emulator.account import AccountLimits
from local.emulator.environment import Host
from local.emulator.function import EmulatedFunction, Observers
from local.emulator.reaper import Reaper
from local.emulator.resources import Resources
from local.emulator.spec import BadSpec, FunctionSpec

CLOSE_TICKS = 100
CLOSE_TICK_SECONDS = 0.005


@dataclass(frozen=True)
class EmulatorConfig:
    """How an account is emulated."""

    concurrency: int = quotas.ACCOUNT_CONCURRENCY
    """Concurrent executions of the account."""
    runtime: Path | None = None
    """The folder for what Lambda has in /var/runtime; by default one of the project."""
    groups: bool = True
    """Whether control groups may be used."""
    cores: Collection[int] = ()
    """The CPUs that environments run on; none named means any."""


class Emulator:
    """An account with its functions. An asynchronous context; leaving it ends every environment."""

    def __init__(
        self,
        functions: Iterable[FunctionSpec],
        config: EmulatorConfig | None = None,
        on_record: Callable[[bill.Record], None] = lambda _: None,
        on_log: Callable[[str, bytes], None] = lambda _name, _chunk: None,
    ) -> None:
        """`on_record` receives each finished invocation, `on_log` the name of a function and what it printed.

        Raises:
            BadSpec: on entering, for reservations beyond the account's concurrency.
        """
        self.config = config or EmulatorConfig()
        self.account = AccountLimits(self.config.concurrency)
        self.functions: dict[str, EmulatedFunction] = {}
        self._specs = tuple(functions)
        self._observers = Observers(on_record, on_log)

    async def __aenter__(self) -> Emulator:
        runtime_folder = runtime_files.prepare(self.config.runtime)
        self._reaper = Reaper()
        self._resources = Resources(self._reaper, control_groups.find() if self.config.groups else None)
        slots = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        host = Host(self._resources, self._reaper, slots, runtime_folder, self.config.cores)
        try:
            self.functions = {
                spec.name: EmulatedFunction(spec, self.account, host, self._observers) for spec in self._specs
            }
        except BadSpec:
            self._reaper.close()
            raise
        for function in self.functions.values():
            function.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._resources.close()
        for function in self.functions.values():
            function.close()
        # Exits are seen by the loop; those it does not see in time are the reaper's.
        for _tick in range(CLOSE_TICKS):
            if all(function.closed for function in self.functions.values()):
                break
            await asyncio.sleep(CLOSE_TICK_SECONDS)
        await asyncio.to_thread(self._reaper.close)

    @property
    def note(self) -> str:
        """How closely this machine follows Lambda, for people."""
        version = f"Python {sys.version_info.major}.{sys.version_info.minor} of this machine"
        return f"{version}; account concurrency {self.account.concurrency:,}; {self._resources.note}"
