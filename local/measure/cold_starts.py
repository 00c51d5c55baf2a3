"""What a cold start costs and what the emulator adds: measured, for each function of the template."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from local.emulator import quotas
from local.emulator.bill import Record
from local.emulator.emulator import Emulator
from local.emulator.event_sources import DOORS
from local.emulator.event_sources.base import Call, HttpRequest
from local.emulator.function import new_id, new_trace
from local.emulator.spec import Function

WARM_CALLS = 300

HANDLER_ALONE = """
import json, statistics, sys, time
from importlib import import_module
sys.path[:0], module, name, event, calls = json.loads(sys.stdin.read())
handler = getattr(import_module(module), name)
taken = []
for _ in range(calls):
    start = time.perf_counter()
    handler(event, None)
    taken.append(time.perf_counter() - start)
print(statistics.median(taken) * 1000)
"""


class ColdStart(NamedTuple):
    """One function's figures: milliseconds are medians, sizes bytes unpacked."""

    function: str
    memory_mb: int
    init_ms: float
    init_cpu_ms: float
    """Its CPU time, which a busy machine changes least."""
    handler_ms: float
    """The handler alone, called in a loop."""
    invoke_ms: float
    """The same event through the emulator, warm."""
    invoke_least_ms: float
    peak_mb: int
    function_bytes: int
    layer_bytes: int

    @property
    def overhead_ms(self) -> float:
        """What a warm invocation costs beyond its handler: two hops of HTTP, a freeze and a thaw."""
        return self.invoke_ms - self.handler_ms


def measure(
    functions: Mapping[str, Function], queries: Mapping[str, str], rounds: int, step: Callable[[str], None]
) -> list[ColdStart]:
    """Measures each function: `rounds` cold starts and 300 warm calls of its query as a Function URL's event.

    Every function has a whole vCPU, so that figures are the code's and not its share's. INIT is wall time.
    """
    found = []
    for service, function in functions.items():
        step(service)
        found.append(asyncio.run(_measure(service, function, queries[service], rounds)))
    return found


async def _measure(service: str, function: Function, query: str, rounds: int) -> ColdStart:
    call = Call(new_id(), datetime.now(UTC), new_trace())
    request = HttpRequest("GET", f"/{service}", query, (("host", "localhost"), ("user-agent", "crossover")))
    event = DOORS["url"].event(request, call)
    payload = json.dumps(event).encode()
    fast = replace(function, scaling=replace(function.scaling, memory_mb=quotas.VCPU_MB, reserved=None, provisioned=0))
    records: list[Record] = []
    taken: list[float] = []
    cpu: list[float] = []
    for number in range(rounds):
        async with Emulator([fast], on_record=records.append) as emulator:
            emulated = emulator.functions[fast.name]
            await emulated.invoke(payload)
            for _ in range(WARM_CALLS if number == rounds - 1 else 0):
                start = time.perf_counter()
                await emulated.invoke(payload)
                taken.append(time.perf_counter() - start)
            cpu += emulated.init_cpu
    inits = [record.init_ms for record in records if record.init_ms is not None]
    return ColdStart(
        function=function.name,
        memory_mb=function.scaling.memory_mb,
        init_ms=statistics.median(inits),
        init_cpu_ms=statistics.median(cpu) * 1000,
        handler_ms=await asyncio.to_thread(_handler_alone, fast, event),
        invoke_ms=statistics.median(taken) * 1000,
        invoke_least_ms=min(taken) * 1000,
        peak_mb=max(record.max_memory_mb for record in records),
        function_bytes=_size(function.code),
        layer_bytes=sum(map(_size, function.layers)),
    )


def _handler_alone(function: Function, event: object) -> float:
    path = [str(function.code), *(str(layer / "python") for layer in reversed(function.layers))]
    module, _, name = function.handler.rpartition(".")
    given = json.dumps([path, module, name, event, WARM_CALLS])
    command = [sys.executable, "-S", "-B", "-P", "-c", HANDLER_ALONE]
    done = subprocess.run(
        command,
        input=given,
        env=dict(function.variables),
        cwd=function.code,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
