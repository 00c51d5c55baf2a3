"""One environment made real: a process with AWS's runtime client, and the Runtime API that it talks to."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from local.emulator.actions import Ending
from local.emulator.process import Process, variables_of
from local.emulator.runtime_api import Event, RuntimeApi

if TYPE_CHECKING:
    from local.emulator.function import EmulatedFunction
    from local.emulator.resources import Resources

INHERITED = ("AWS_ENDPOINT_URL",)
"""What an environment takes over from the emulator's: where AWS's services are."""


class Running:
    """A process and its API. Tells the function what happens; a closed one tells nothing but its end."""

    def __init__(self, owner: EmulatedFunction, identity: int, kind: str) -> None:
        self._owner = owner
        self.identity = identity
        self._kind = kind
        self._api = RuntimeApi(self)
        self._process: Process | None = None
        self._closed = False
        self._frozen = False
        self._init_error: bytes | None = None
        self._starting: asyncio.Task[None] | None = None
        self._has_slot = False

    def start(self) -> None:
        """Begins to start the process; a failure is an exit."""
        self._starting = asyncio.get_running_loop().create_task(self._start())

    def deliver(self, event: Event) -> None:
        """Hands the runtime an event. Where it has just gone away, its exit will say so."""
        if self._process:
            self._resources.start(self._process, self._memory_mb, initialising=False)
        self._api.deliver(event)

    def freeze(self) -> None:
        """Stops the process."""
        if self._process and not self._closed:
            self._resources.stop(self._process)
            self._frozen = True
            self._process.freeze()

    def thaw(self) -> None:
        """Lets the process run."""
        if self._process and not self._closed:
            self._frozen = False
            self._process.thaw()

    def measure(self) -> int:
        """Takes in what was printed and the memory used; the peak so far, in bytes."""
        if self._process is None:
            return 0
        self._process.read_log()
        if not self._closed:
            self._process.resident()
        return self._process.peak

    def cpu_seconds(self) -> float:
        """CPU time of the process so far."""
        return self._process.cpu_seconds() if self._process else 0.0

    def close(self) -> None:
        """Kills the process."""
        if self._closed:
            return
        self._closed = True
        self._api.close()
        self._initialised()
        if self._process:
            self._process.kill()
        elif self._starting:
            self._starting.cancel()
            self._owner.gone(self)

    # --- what the runtime says ---

    def asked(self) -> None:
        """It asks for work."""
        if not self._closed:
            if self._process:
                self._process.read_log()
                if self._has_slot:
                    self._process.resident()
                    self._owner.init_cpu.append(self._process.cpu_seconds())
            self._initialised()
            self._owner.asked(self.identity)

    def answered(self, request: str, payload: bytes, size: int, failed: bool) -> bool:
        """It has answered."""
        return not self._closed and self._owner.answered(self.identity, request, payload, size, failed)

    def init_failed(self, payload: bytes) -> None:
        """It could not load the handler, and will end now."""
        self._init_error = payload

    # --- inside ---

    @property
    def _resources(self) -> Resources:
        return self._owner.emulator.resources

    @property
    def _memory_mb(self) -> int:
        return self._owner.function.scaling.memory_mb

    async def _start(self) -> None:
        function = self._owner.function
        await self._owner.emulator.init_slots.acquire()
        self._has_slot = True
        try:
            await self._api.open()
            if not self._closed:
                self._process = Process(
                    function.handler,
                    function.code,
                    self._import_path(),
                    self._variables(),
                    self._resources.group(self._memory_mb),
                    self._owner.emulator.keeper,
                    self._exited,
                    self._printed,
                    self._owner.emulator.cores,
                )
                self._resources.start(self._process, self._memory_mb, initialising=True)
                self._owner.started(self.identity)
        except OSError as problem:
            self._owner.emulator.printed(function.name, f"cannot start an environment: {problem}\n".encode())
            self._exited(1)

    def _initialised(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._owner.emulator.init_slots.release()

    def _exited(self, status: int) -> None:
        self._api.close()
        self._initialised()
        over = bool(self._process and self._resources.ended(self._process))
        if self._closed:
            self._owner.gone(self)
            return
        ending = Ending.EXIT if self._init_error is None else Ending.INIT_ERROR
        self._owner.exited(self.identity, status, Ending.MEMORY if over else ending, self._init_error or b"")
        self._closed = True

    def _printed(self, chunk: bytes) -> None:
        invocation = self._owner.working_on(self.identity)
        if invocation:
            invocation.printed(chunk)
        self._owner.emulator.printed(self._owner.function.name, chunk)

    def _import_path(self) -> str:
        function = self._owner.function
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        layers = [layer / "python" for layer in reversed(function.layers)]
        folders = [function.code]
        folders += [layer / "lib" / version / "site-packages" for layer in layers]
        folders += [*layers, self._owner.emulator.runtime_folder]
        return ":".join(str(folder) for folder in folders)

    def _variables(self) -> dict[str, str]:
        function = self._owner.function
        today = datetime.now(UTC).strftime("%Y/%m/%d")
        return variables_of(
            function.variables,
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            _HANDLER=function.handler,
            LAMBDA_TASK_ROOT=str(function.code),
            LAMBDA_RUNTIME_DIR=str(self._owner.emulator.runtime_folder),
            AWS_LAMBDA_RUNTIME_API=self._api.address,
            AWS_LAMBDA_FUNCTION_NAME=function.name,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(self._memory_mb),
            AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
            AWS_LAMBDA_INITIALIZATION_TYPE=self._kind,
            AWS_LAMBDA_LOG_GROUP_NAME=f"/aws/lambda/{function.name}",
            AWS_LAMBDA_LOG_STREAM_NAME=f"{today}/[$LATEST]{uuid4().hex}",
            AWS_EXECUTION_ENV=f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            AWS_REGION=function.region,
            AWS_DEFAULT_REGION=function.region,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106
            AWS_SESSION_TOKEN="local",  # noqa: S106
        )
