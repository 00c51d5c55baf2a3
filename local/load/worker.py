"""`python -m local.load.worker`: one process of a load. It takes a job on standard input and answers by lines of JSON.

    job      {"plan", "process", "target", "results", "requests": [[service, path, number of its result], ...]};
             a request to another project's application goes on: method, headers, body, status, and
             null or its recorded answer: [headers, body, fields that may differ]
    ready    {"ready": connections that failed}; then it waits for the line START, a moment of the monotonic clock
    progress {"done": requests that have come to their end}
    last     {"report": ...}, see `report`

Start and end are those of the parent: a closed pipe ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import sys
import time
from typing import Any

import uvloop

from local.load.address import LoadTarget
from local.load.client import LoadRequest
from local.load.load_plan import LoadPlan
from local.load.sender import ClosedLoop, OpenLoop, Sender
from local.load.tally import Tally
from local.workloads.requests.answers import Expected, RecordedAnswer
from local.workloads.requests.recorded import OWN, WITH_BODY

PROGRESS_SECONDS = 0.2
SPARE_FILES = 100
"""Open files that a process needs beside its connections."""


def prepared(job: dict[str, Any], plan: LoadPlan, target: LoadTarget, tallies: dict[str, Tally]) -> list[LoadRequest]:
    """Return the requests as they are sent."""
    results = [result.encode("latin-1") for result in job["results"]]
    close = "" if plan.keep_alive else "Connection: close\r\n"
    usual = (("host", target.host), *OWN)
    requests = []
    for service, path, result, *message in job["requests"]:
        method, headers, body, status, recorded = message or ("GET", (), "", 200, None)
        content = body.encode("latin-1")
        named = {name for name, _ in headers}
        pairs = [*(pair for pair in usual if pair[0] not in named), *headers]
        fields = close + "".join(f"{name}: {value}\r\n" for name, value in pairs)
        if message and (content or method in WITH_BODY):
            fields += f"content-length: {len(content)}\r\n"
        head = f"{method} {target.base}{path} HTTP/1.1\r\n{fields}\r\n".encode("latin-1", "replace")
        requests.append(
            LoadRequest(
                head + content,
                results[result],
                tallies[service],
                f"{method} {path}" if message else service,
                status,
                by_status=bool(message),
                expected=expected(status, *recorded) if recorded else None,
            )
        )
    return requests


def expected(status: int, headers: list[list[str]], body: str, ignored: list[str]) -> Expected:
    """Return a recorded answer as the job carries it."""
    pairs = tuple((name, value) for name, value in headers)
    return Expected(RecordedAnswer(status, pairs, body.encode("latin-1")), frozenset(ignored))


def raise_file_limit(connections: int) -> None:
    """Let this process open as many connections as it needs, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Gauge:
    """The process' own CPU time over the window that counts: from the end of the warm-up to the end of sending."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, float]] = []

    def mark(self) -> None:
        """Read the clocks, at the begin and at the end of the window; later calls change nothing."""
        if len(self._marks) < 2:
            self._marks.append((time.monotonic(), time.process_time()))

    @property
    def seconds(self) -> tuple[float, float]:
        """Wall and CPU seconds."""
        (wall, cpu), (wall_end, cpu_end) = self._marks[0], self._marks[-1]
        return wall_end - wall, cpu_end - cpu


def report(sender: Sender, tallies: dict[str, Tally], gauge: Gauge, window: float) -> dict[str, Any]:
    """Return what was measured: seconds of the window and to the last answer, durations as encoded histograms."""
    seconds, cpu_seconds = gauge.seconds
    return {
        "services": {service: tally.as_data() for service, tally in tallies.items()},
        "lags": sender.lags.encoded(),
        "setups": sender.setups.encoded(),
        "refused": sender.refused,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "answering_seconds": max(0.0, sender.last_answer - window),
    }


async def work(job: dict[str, Any]) -> None:
    """Do the job."""
    plan = LoadPlan(**{**job["plan"], "cores": tuple(job["plan"]["cores"])})
    process: int = job["process"]
    if plan.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {plan.cores[process % len(plan.cores)]})
    raise_file_limit(plan.share(plan.connections, process))
    target = LoadTarget(**job["target"])
    tallies = {service: Tally() for service in plan.mix}
    sender = (ClosedLoop if plan.rate is None else OpenLoop)(
        plan, process, target, prepared(job, plan, target, tallies)
    )
    job.clear()
    await sender.connect()
    gc.collect()
    gc.freeze()
    say({"ready": sender.refused})
    word = sys.stdin.readline()
    if not word:
        return  # The parent is gone.
    start = float(word)

    loop = asyncio.get_running_loop()
    gauge = Gauge()
    loop.call_later(max(0.0, start + plan.warmup - time.monotonic()), gauge.mark)
    if plan.send_seconds is not None:
        loop.call_later(max(0.0, start + plan.send_seconds - time.monotonic()), gauge.mark)

    def tell() -> None:
        say({"done": sender.ends})
        loop.call_later(PROGRESS_SECONDS, tell)

    tell()
    await sender.run(start)
    gauge.mark()
    say({"report": report(sender, tallies, gauge, start + plan.warmup)})


def say(message: dict[str, Any]) -> None:
    """Write a line for the parent, without which there is nothing to do any more."""
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)


def main() -> None:
    """Read the job and does it."""
    with contextlib.suppress(KeyboardInterrupt):
        line = sys.stdin.readline()
        if line.endswith("\n"):  # Otherwise the parent is gone.
            uvloop.run(work(json.loads(line)))


if __name__ == "__main__":
    main()
