"""Runs a plan in processes of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from local.errors import UserError
from local.load.address import find
from local.load.load_plan import LoadPlan
from local.load.outcome import LoadOutcome
from local.load.process import GeneratorFailedError, GeneratorProcess
from local.load.tally import Total
from local.workloads.mix import PreparedRequest

READY_SECONDS = 60
"""How long the processes may take to start and to connect."""
GRACE_SECONDS = 15
"""How much longer than planned a process may live; then it hangs, and is ended."""
HEAD_START_SECONDS = 0.05
"""From the word to start to the start, so that all processes have heard it."""

Progress = Callable[[float, int], object]
"""Called a few times a second with the share of the run that is over, and the number of requests that have ended."""
PROGRESS_SECONDS = 0.2


def run(
    plan: LoadPlan,
    address: str,
    requests: Sequence[PreparedRequest],
    progress: Progress = lambda _share, _ended: None,
    watch: Callable[[], Any] | None = None,
) -> LoadOutcome:
    """Ask the server at `address` these requests, round and round, as planned.

    `watch` is called at the end of the warm-up and again once everything is answered, for readings that belong to the
    counted requests, such as the server's CPU time; both values are `LoadOutcome.watched`. Raises `UserError` where no
    server answers or the address is not allowed, and `GeneratorFailedError`.
    """
    _check(plan, requests)
    target = find(address, remote=plan.remote)
    job = _job(plan, requests) | {"target": vars(target)}
    processes = [GeneratorProcess({**job, "process": number}) for number in range(plan.processes)]
    try:
        deadline = time.monotonic() + READY_SECONDS + plan.timeout
        for process in processes:
            process.wait_until_ready(deadline)
        start = time.monotonic() + HEAD_START_SECONDS
        for each in processes:
            each.start(start)
        return _followed(plan, processes, start, progress, watch)
    finally:
        for each in processes:
            each.close()


def _check(plan: LoadPlan, requests: Sequence[PreparedRequest]) -> None:
    if not requests:
        raise UserError("there are no requests to send")
    if not {request.service for request in requests} <= plan.mix.keys():
        raise UserError("the requests ask a service that is not in the mix")
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(plan.cores)
    if not allowed.issuperset(plan.cores):
        raise UserError(f"--cores takes numbers out of {', '.join(map(str, sorted(allowed)))}")


def _job(plan: LoadPlan, requests: Sequence[PreparedRequest]) -> dict[str, Any]:
    """Return what the processes have in common. Equal results, of which there are many, are sent once."""
    numbers: dict[bytes, int] = {}
    plain = [
        [request.service, request.path, numbers.setdefault(request.result, len(numbers)), *_message(request)]
        for request in requests
    ]
    return {"plan": plan.as_data(), "requests": plain, "results": [number.decode("latin-1") for number in numbers]}


def _message(request: PreparedRequest) -> list[Any]:
    """Return what a worker needs beyond the path, if anything: method, headers, body, right status, right answer."""
    message = request.message
    if message is None:
        return []
    said = [message.method, message.headers, message.body.decode("latin-1"), message.status]
    if message.expected is None:
        return [*said, None]
    answer, ignored = message.expected
    return [*said, [answer.headers, answer.body.decode("latin-1"), list(ignored)]]


def _followed(
    plan: LoadPlan,
    processes: Sequence[GeneratorProcess],
    start: float,
    progress: Progress,
    watch: Callable[[], Any] | None,
) -> LoadOutcome:
    """Wait until all processes have reported."""
    # Poisson arrivals of so many requests may take longer than planned.
    deadline = start + 2 * plan.most_seconds + plan.timeout + GRACE_SECONDS
    first = None
    if watch is not None:
        time.sleep(max(0.0, start + plan.warmup - time.monotonic()))
        first = watch()
    for each in processes:
        while not each.is_over(PROGRESS_SECONDS):
            now = time.monotonic()
            if now > deadline:
                raise GeneratorFailedError("a process of the load did not end in time")
            ended = sum(process.ended for process in processes)
            progress(_share(plan, now - start, ended), ended)
    outcome = LoadOutcome(plan, {service: Total() for service in plan.mix})
    if watch is not None:
        outcome.watched = (first, watch())
    for each in processes:
        outcome.add(each.report())
    return outcome


def _share(plan: LoadPlan, seconds: float, ended: int) -> float:
    """Return how much of the run is over: by time where it is known, or else by requests."""
    if plan.send_seconds is not None:
        return min(1.0, max(0.0, seconds / plan.send_seconds))
    return min(1.0, ended / plan.requests) if plan.requests else 0.0
