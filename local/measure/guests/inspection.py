"""A guest inspected in a process of its own: what its start costs, and what it does besides answering."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Sequence

import msgspec

from local.errors import UserError
from local.guest.application import Guest
from local.guest.process import run
from local.workloads.requests.recorded import RecordedRequest

SECONDS = 120
MAX_REQUESTS = 200
"""The first of the requests are enough to see what an application does."""
IMPORT = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)")
LIBRARIES = 3


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen."""

    import_seconds: float
    streamed: list[int]
    """Numbers of the requests that were answered in several parts."""
    after_answer_ms: list[tuple[int, float]]
    """Requests, and the ms for which the application went on after their answer."""
    tasks: int
    """Tasks of the event loop that are left when every request is answered."""
    threads: int
    """Threads that are left, those of the standard library's pools apart."""
    written: list[str]
    """Files that were written, /tmp and bytecode apart."""
    imports: list[tuple[str, float]] = []
    """The libraries that took longest to import, and the seconds that each took without what it imports itself."""


def inspect(guest: Guest, requests: Sequence[RecordedRequest]) -> Inspection:
    """Run the application on these requests. Raises `UserError` where it cannot be run."""
    job = [
        [request.method, request.target, list(request.headers), base64.b64encode(request.body).decode()]
        for request in requests[:MAX_REQUESTS]
    ]
    try:
        done = run(guest, "inspect", json.dumps(job).encode(), seconds=SECONDS, options=("-X", "importtime"))
    except subprocess.TimeoutExpired:
        raise UserError(f"{guest.reference} did not answer {len(job)} requests within {SECONDS} s") from None
    if done.status or not done.report:
        lines = [line for line in done.output.splitlines() if line.strip() and not IMPORT.match(line)]
        said = lines[-1].removeprefix("crossover: ") if lines else "no message"
        raise UserError(f"{guest.reference} failed while it was watched: {done.ending}: {said}")
    inspection = msgspec.json.decode(done.report, type=Inspection)
    return msgspec.structs.replace(inspection, imports=imports_of(done.output))


def imports_of(text: str) -> list[tuple[str, float]]:
    """Return the top-level packages that took longest, from what `python -X importtime` prints."""
    seconds: dict[str, float] = {}
    for microseconds, name in IMPORT.findall(text):
        package = name.partition(".")[0]
        seconds[package] = seconds.get(package, 0.0) + int(microseconds) / 1e6
    return sorted(seconds.items(), key=lambda item: -item[1])[:LIBRARIES]
