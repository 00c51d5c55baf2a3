"""What an invocation costs, and the lines that Lambda writes about it."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from local.emulator.actions import Ending, InvocationReport, Throttle
from local.emulator.spec import FunctionSpec

STATUS = {Ending.TIMEOUT: "timeout", Ending.EXIT: "error", Ending.MEMORY: "error", Ending.INIT_ERROR: "error"}
"""What REPORT calls an ending that is the environment's; an error of the handler has no status there."""

ERROR_TYPE = {
    Ending.EXIT: "Runtime.ExitError",
    Ending.MEMORY: "Runtime.OutOfMemory",
    Ending.INIT_ERROR: "Runtime.ExitError",
}


def billed_ms(report: InvocationReport) -> int:
    """Billed Duration: INIT and duration together, rounded up to whole milliseconds, at least one.

    INIT of an on-demand environment is billed for zip functions since 2025-08-01 (AWS Compute Blog, "AWS Lambda
    standardizes billing for INIT phase"), one that failed and was retried too (chosen: AWS gives no example). The
    INIT of a provisioned environment belongs to the provision's own bill.
    """
    init = 0.0 if report.provisioned else (report.init or 0.0) + report.failed_init
    # A float of 12.000000000001 ms is 12 ms: clocks count nanoseconds.
    return max(1, math.ceil(round((report.duration + init) * 1000, 6)))


class Record(NamedTuple):
    """One invocation, for machines. Times in milliseconds, sizes in bytes unless a name says otherwise."""

    request: str
    function: str
    environment: int
    ending: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    """True peak resident memory of the environment so far, at most its size; a kill for memory counts as all of it."""
    init_ms: float | None
    log_bytes: int
    provisioned: bool
    event_bytes: int
    answer_bytes: int
    reason: str = ""
    """The `Reason` of a throttle."""

    @property
    def gb_seconds(self) -> float:
        """What is paid for: GB-s, with 1,024 MB to a GB as Lambda counts."""
        return self.memory_mb / 1024 * self.billed_ms / 1000

    def json(self) -> str:
        """Return the record as one line of JSON."""
        fields: dict[str, Any] = self._asdict()
        return json.dumps(fields | {"gb_seconds": round(self.gb_seconds, 9)}, separators=(",", ":"))

    def report_line(self) -> str:
        """Return the REPORT line as Lambda writes it, tabs included."""
        parts = [
            f"REPORT RequestId: {self.request}",
            f"Duration: {self.duration_ms:.2f} ms",
            f"Billed Duration: {self.billed_ms} ms",
            f"Memory Size: {self.memory_mb} MB",
            f"Max Memory Used: {self.max_memory_mb} MB",
        ]
        if self.init_ms is not None:
            parts.append(f"Init Duration: {self.init_ms:.2f} ms")
        ending = Ending(self.ending)
        if ending in STATUS:
            parts.append(f"Status: {STATUS[ending]}")
        if ending in ERROR_TYPE:
            parts.append(f"Error Type: {ERROR_TYPE[ending]}")
        return "\t".join(parts) + "\t"


class Sizes(NamedTuple):
    """What was measured of one invocation, in bytes."""

    peak: int
    log: int
    event: int
    answer: int


def record(report: InvocationReport, function: FunctionSpec, sizes: Sizes) -> Record:
    """Put together what the fleet, the process and the wire know of one invocation."""
    memory_mb = function.scaling.memory_mb
    peak = memory_mb if report.ending is Ending.MEMORY else min(memory_mb, math.ceil(sizes.peak / 1024 / 1024))
    return Record(
        request=report.request,
        function=function.name,
        environment=report.environment,
        ending=report.ending.value,
        duration_ms=round(report.duration * 1000, 2),
        billed_ms=billed_ms(report),
        memory_mb=memory_mb,
        max_memory_mb=peak,
        init_ms=None if report.init is None else round(report.init * 1000, 2),
        log_bytes=sizes.log,
        provisioned=report.provisioned,
        event_bytes=sizes.event,
        answer_bytes=sizes.answer,
    )


def throttled(request: str, function: FunctionSpec, throttle: Throttle | None, event_bytes: int) -> Record:
    """Return the record of a request that no environment saw: it costs nothing."""
    return Record(
        request=request,
        function=function.name,
        environment=0,
        ending=Ending.THROTTLED.value,
        duration_ms=0.0,
        billed_ms=0,
        memory_mb=function.scaling.memory_mb,
        max_memory_mb=0,
        init_ms=None,
        log_bytes=0,
        provisioned=False,
        event_bytes=event_bytes,
        answer_bytes=0,
        reason=throttle.value if throttle else "",
    )
