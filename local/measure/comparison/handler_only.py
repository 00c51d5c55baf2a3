"""The parts of a function by themselves: the service alone, and the handler with the adapters around it.

Both run in one process with the artifact's own import path and nothing else, called in turns in a loop. CPU is
measured, not time. What an environment uses beyond the handler is the runtime client's: HTTP, JSON and waking up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from local.emulator.process import variables_of
from local.emulator.spec import FunctionSpec
from local.errors import UserError
from local.measure.comparison.functions import event_of
from local.workloads.mix import PreparedRequest

PASSES = 5
"""Over all the requests; the median of them counts."""
SECONDS = 120
PROGRAM = Path(__file__).with_name("handler_only_process.py")


class Parts(NamedTuple):
    """CPU of a request in ms at one vCPU, on average."""

    service_ms: float
    """The service alone, its store included."""
    handler_ms: float
    """The function's handler: the service and the adapter around it, which reads a plain GET without Mangum."""


def measure(function: FunctionSpec, requests: Sequence[PreparedRequest]) -> Parts:
    """Measure both with these requests. Raises `UserError` where the process fails."""
    module, _, name = function.handler.rpartition(".")
    job = {
        "path": [str(function.code), *(str(layer / "python") for layer in reversed(function.layers))],
        "module": module,
        "handler": name,
        "events": [json.loads(event_of(request)) for request in requests],
        "passes": PASSES,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-s", "-P", "-B", str(PROGRAM)],
            input=json.dumps(job),
            env=variables_of(function.variables),
            cwd=function.code,
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise UserError(f"the handler of {function.name} failed by itself; crossover invoke shows why") from None
    return Parts(*json.loads(done.stdout.splitlines()[-1]))
