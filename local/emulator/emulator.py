"""An account emulated on this machine: its functions, and what they share."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from local.emulator import bill, control_groups, quotas, runtime_files
from local.emulator.account import Account
from local.emulator.function import EmulatedFunction
from local.emulator.process import Keeper
from local.emulator.resources import Resources
from local.emulator.spec import Function

RecordSink = Callable[[bill.Record], None]
LogSink = Callable[[str, bytes], None]


class Emulator:
    """An account with its functions. An asynchronous context; leaving it ends every environment."""

    def __init__(
        self,
        functions: Iterable[Function],
        runtime: Path | None = None,
        concurrency: int = quotas.ACCOUNT_CONCURRENCY,
        on_record: RecordSink | None = None,
        on_log: LogSink | None = None,
        groups: bool = True,
        cores: Collection[int] = (),
    ) -> None:
        """`runtime` is the folder for what Lambda has in /var/runtime; `groups` allows control groups.

        Environments run on these `cores`, by default on any.

        Raises `spec.BadSpec` for reservations beyond the account's concurrency.
        """
        self.account = Account(concurrency)
        self._given = tuple(functions)
        self._runtime = runtime
        self._on_record = on_record
        self._on_log = on_log
        self._allow_groups = groups
        self.cores = cores
        self.functions: dict[str, EmulatedFunction] = {}
        self.runtime_folder = Path()

    async def __aenter__(self) -> Emulator:
        self.runtime_folder = runtime_files.prepare(self._runtime)
        self.functions = {function.name: EmulatedFunction(function, self) for function in self._given}
        self.keeper = Keeper()
        # INIT has a CPU to itself on Lambda; so that it has one here, a burst's processes start in turn.
        self.init_slots = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        self.resources = Resources(self.keeper, control_groups.find() if self._allow_groups else None)
        for function in self.functions.values():
            function.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.resources.close()
        for function in self.functions.values():
            function.close()
        # Exits are seen by the loop; those it does not see in time are the keeper's.
        for _tick in range(100):
            if all(function.closed for function in self.functions.values()):
                break
            await asyncio.sleep(0.005)
        await asyncio.to_thread(self.keeper.close)

    @property
    def note(self) -> str:
        """How far this machine goes along with Lambda, for people."""
        version = f"Python {sys.version_info.major}.{sys.version_info.minor} of this machine"
        return f"{version}; account concurrency {self.account.concurrency:,}; {self.resources.note}"

    def record(self, record: bill.Record) -> None:
        """An invocation is over."""
        if self._on_record:
            self._on_record(record)

    def printed(self, function: str, chunk: bytes) -> None:
        """A function has printed something."""
        if self._on_log:
            self._on_log(function, chunk)
