"""One environment made real: a process with AWS's runtime client, and the Runtime API that it calls."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from local.emulator.actions import Ending
from local.emulator.process import ProcessConfig, RuntimeProcess, variables_of
from local.emulator.reaper import Reaper
from local.emulator.resources import Resources
from local.emulator.runtime_api import Event, RuntimeApi
from local.emulator.spec import FunctionSpec

INHERITED = ("AWS_ENDPOINT_URL",)
"""Variables that an environment takes over from the emulator's: where AWS's services are."""


@dataclass(frozen=True)
class Host:
    """What the environments of an account share on this machine."""

    resources: Resources
    reaper: Reaper
    init_slots: asyncio.Semaphore
    """INIT has a CPU to itself on Lambda; so that it has one here, a burst's processes start in turn."""
    runtime_folder: Path
    """What Lambda has in /var/runtime."""
    cores: Collection[int] = ()
    """The CPUs that environments run on; none named means any."""


class Listener(Protocol):
    """Receives an environment's events, under the names of the Runtime API. `identity` is the environment's number."""

    def started(self, identity: int) -> None:
        """Handle the start of its process."""

    def next(self, identity: int, init_cpu: float | None) -> None:
        """Handle its call for the next event; the first time, `init_cpu` is the CPU seconds of INIT."""

    def response(self, identity: int, request: str, payload: bytes, size: int) -> bool:
        """Handle its answer; return whether it works on this request. See `runtime_api.Runtime`."""

    def error(self, identity: int, request: str, payload: bytes, size: int) -> bool:
        """Handle its handler's error; return whether it works on this request."""

    def exit(self, identity: int, status: int, ending: Ending, init_error: bytes) -> None:
        """Handle the end of its process, by itself or killed for its memory."""

    def log(self, identity: int, chunk: bytes) -> None:
        """Handle what it has printed."""

    def killed(self, environment: EnvironmentProcess) -> None:
        """Handle the end of the process of an environment that was closed."""


class EnvironmentProcess:
    """A process and its Runtime API. Reports to a listener; once closed, its end alone."""

    def __init__(self, function: FunctionSpec, identity: int, kind: str, host: Host, listener: Listener) -> None:
        """`kind` is the value of `AWS_LAMBDA_INITIALIZATION_TYPE`."""
        self.identity = identity
        self._function = function
        self._kind = kind
        self._host = host
        self._listener = listener
        self._api = RuntimeApi(self)
        self._process: RuntimeProcess | None = None
        self._closed = False
        self._init_error: bytes | None = None
        self._starting: asyncio.Task[None] | None = None
        self._has_slot = False

    def start(self) -> None:
        """Begin to start the process; a failure is an exit."""
        self._starting = asyncio.get_running_loop().create_task(self._start())

    def deliver(self, event: Event) -> None:
        """Hand the runtime an event. Where the runtime has just gone away, its exit will say so."""
        if self._process:
            self._host.resources.start(self._process, self._memory_mb, initialising=False)
        self._api.deliver(event)

    def freeze(self) -> None:
        """Stop the process."""
        if self._process and not self._closed:
            self._host.resources.stop(self._process)
            self._process.freeze()

    def thaw(self) -> None:
        """Let the process run."""
        if self._process and not self._closed:
            self._process.thaw()

    def measure(self) -> int:
        """Read what was printed and the memory used; return the peak so far, in bytes."""
        if self._process is None:
            return 0
        self._process.read_log()
        if not self._closed:
            self._process.resident()
        return self._process.peak

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process so far."""
        return self._process.cpu_seconds() if self._process else 0.0

    def close(self) -> None:
        """Kill the process."""
        if self._closed:
            return
        self._closed = True
        self._api.close()
        self._release_slot()
        if self._process:
            self._process.kill()
        elif self._starting:
            self._starting.cancel()
            self._listener.killed(self)

    # --- the Runtime API's calls ---

    def next(self) -> None:
        """Pass on that the runtime asks for the next event."""
        if self._closed:
            return
        init_cpu = None
        if self._process:
            self._process.read_log()
            if self._has_slot:
                self._process.resident()
                init_cpu = self._process.cpu_seconds()
        self._release_slot()
        self._listener.next(self.identity, init_cpu)

    def response(self, request: str, payload: bytes, size: int) -> bool:
        """Pass on the runtime's answer."""
        return not self._closed and self._listener.response(self.identity, request, payload, size)

    def error(self, request: str, payload: bytes, size: int) -> bool:
        """Pass on the handler's error."""
        return not self._closed and self._listener.error(self.identity, request, payload, size)

    def init_error(self, payload: bytes) -> None:
        """Keep the error of INIT: the runtime will exit now."""
        self._init_error = payload

    # --- inside ---

    @property
    def _memory_mb(self) -> int:
        return self._function.scaling.memory_mb

    async def _start(self) -> None:
        await self._host.init_slots.acquire()
        self._has_slot = True
        try:
            await self._api.open()
            if not self._closed:
                group = self._host.resources.group(self._memory_mb)
                self._process = RuntimeProcess(self._config(), group, self._host.reaper, self._exited, self._log)
                self._host.resources.start(self._process, self._memory_mb, initialising=True)
                self._listener.started(self.identity)
        except OSError as problem:
            self._log(f"cannot start an environment: {problem}\n".encode())
            self._exited(1)

    def _release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._host.init_slots.release()

    def _exited(self, status: int) -> None:
        self._api.close()
        self._release_slot()
        killed_for_memory = bool(self._process and self._host.resources.ended(self._process))
        if self._closed:
            self._listener.killed(self)
            return
        ending = Ending.EXIT if self._init_error is None else Ending.INIT_ERROR
        if killed_for_memory:
            ending = Ending.MEMORY
        self._listener.exit(self.identity, status, ending, self._init_error or b"")
        self._closed = True

    def _log(self, chunk: bytes) -> None:
        self._listener.log(self.identity, chunk)

    def _config(self) -> ProcessConfig:
        function, interpreter = self._function, self._function.interpreter
        python = interpreter.executable if interpreter else sys.executable
        return ProcessConfig(
            function.handler, function.code, self._import_path(), self._variables(), self._host.cores, python
        )

    def _import_path(self) -> str:
        version = f"python{self._version}"
        layers = [layer / "python" for layer in reversed(self._function.layers)]
        folders = [self._function.code]
        folders += [layer / "lib" / version / "site-packages" for layer in layers]
        folders += layers
        if self._function.interpreter:
            folders += self._function.interpreter.import_path
        folders.append(self._runtime_folder)
        return ":".join(map(str, folders))

    @property
    def _version(self) -> str:
        interpreter = self._function.interpreter
        return "{}.{}".format(*(interpreter.version if interpreter else sys.version_info))

    @property
    def _runtime_folder(self) -> Path:
        interpreter = self._function.interpreter
        return (interpreter.runtime if interpreter else None) or self._host.runtime_folder

    def _variables(self) -> dict[str, str]:
        function = self._function
        today = datetime.now(UTC).strftime("%Y/%m/%d")
        return variables_of(
            function.variables,
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            _HANDLER=function.handler,
            LAMBDA_TASK_ROOT=str(function.code),
            LAMBDA_RUNTIME_DIR=str(self._runtime_folder),
            AWS_LAMBDA_RUNTIME_API=self._api.address,
            AWS_LAMBDA_FUNCTION_NAME=function.name,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(self._memory_mb),
            AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
            AWS_LAMBDA_INITIALIZATION_TYPE=self._kind,
            AWS_LAMBDA_LOG_GROUP_NAME=f"/aws/lambda/{function.name}",
            AWS_LAMBDA_LOG_STREAM_NAME=f"{today}/[$LATEST]{uuid4().hex}",
            AWS_EXECUTION_ENV=f"AWS_Lambda_python{self._version}",
            AWS_REGION=function.region,
            AWS_DEFAULT_REGION=function.region,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106
            AWS_SESSION_TOKEN="local",  # noqa: S106
        )
