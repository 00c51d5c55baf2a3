"""The Lambda half: every function at every memory size in an environment of its own, asked one request at a time.

Prices come from here alone: one environment at work, the machine otherwise idle. Between two requests an environment
rests for a period of the scheduler, as one does that takes no more than Lambda's ten requests a second: it starts each
with the whole of its share, so that a small function is throttled as on Lambda, within a request and not by the last.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import mean
from typing import Any, TypeVar

from local.emulator.actions import Ending
from local.emulator.bill import Record
from local.emulator.control_groups import PERIOD_US
from local.emulator.emulator import Emulator, EmulatorConfig
from local.emulator.event_sources import EVENT_SOURCES
from local.emulator.event_sources.base import BadAnswer, Call, WireRequest
from local.emulator.function import EmulatedFunction, new_id, new_trace
from local.emulator.spec import FunctionSpec
from local.load.sameness import same
from local.measure.comparison.result import Burst
from local.workloads.mix import PreparedRequest

SOURCE = EVENT_SOURCES["url"]
HEADERS = (("accept", "*/*"), ("host", "localhost"), ("user-agent", "crossover"))
TIMEOUT = 60.0
"""Seconds: on a busy machine a request may take longer than the function is given, and is not to fail for that."""
REST_SECONDS = PERIOD_US / 1e6
THROTTLED = Ending.THROTTLED.value
"""The error of a request for which there was no environment: behaviour, and no fault of the function."""
Value = TypeVar("Value")


def event_of(request: PreparedRequest) -> bytes:
    """Return the event that a Function URL makes of a request."""
    path, _, query = request.path.partition("?")
    call = Call(new_id(), datetime.now(UTC), new_trace())
    http_request = WireRequest("GET", path, query, HEADERS)
    if message := request.message:
        length = (("content-length", str(len(message.body))),) if message.body else ()
        http_request = WireRequest(message.method, path, query, (*message.headers, *length), message.body)
    return json.dumps(SOURCE.event(http_request, call)).encode()


def is_right(payload: bytes, request: PreparedRequest) -> bool | None:
    """Return whether an answer carries the right result; None where it has not the right status."""
    try:
        answer = SOURCE.response(payload)
    except BadAnswer:
        return None
    if request.message:
        return True if answer.status == request.message.status else None
    if answer.status != 200:
        return None
    return same(request.service, answer.body.partition(b"\n")[2], request.result)


@dataclass
class InvocationTally:
    """Answers of one function, scored."""

    right: int = 0
    wrong: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def score(self, ending: Ending, payload: bytes, request: PreparedRequest) -> None:
        """Count one answer."""
        if ending is not Ending.SUCCESS:
            self.errors[ending.value] += 1
            return
        right = is_right(payload, request)
        if right is None:
            self.errors["status"] += 1
        else:
            self.right += right
            self.wrong += not right

    def add(self, other: InvocationTally) -> None:
        """Add another."""
        self.right += other.right
        self.wrong += other.wrong
        self.errors.update(other.errors)

    def counts(self) -> dict[str, int]:
        """Return how many requests there were, and how they were answered."""
        errors = self.errors.total()
        counted = self.right + self.wrong + errors
        return {"requests": counted, "right": self.right, "wrong": self.wrong, "errors": errors}


@dataclass(frozen=True)
class Turn:
    """What one environment did in one round, a mean for each request."""

    duration_ms: float
    billed_ms: float
    """As a warm invocation is billed: rounded up to whole milliseconds."""
    cpu_ms: float
    """CPU of the environment, AWS's runtime client included."""
    peak_mb: int
    event_bytes: float
    answer_bytes: float
    tally: InvocationTally


@dataclass(frozen=True)
class Init:
    """One cold start, in ms."""

    wall_ms: float
    cpu_ms: float
    first_ms: float
    """Duration of the invocation that it was made for, INIT left out."""


class Functions:
    """Emulated functions at several sizes. A context; entered, each of them has gone through INIT.

    It runs its event loop only while it is asked something: meanwhile the environments are frozen, as on Lambda.
    """

    def __init__(self, functions: Mapping[str, FunctionSpec], sizes: Iterable[int], cores: Collection[int]) -> None:
        sizes = tuple(sizes)
        made = {
            (service, size): replace(
                function,
                name=f"{function.name}-{size}",
                scaling=replace(
                    function.scaling,
                    memory_mb=size,
                    reserved=None,
                    provisioned=0,
                    timeout=TIMEOUT,
                    idle_lifetime=86_400,
                ),
            )
            for service, function in functions.items()
            for size in sizes
        }
        self.names = {key: function.name for key, function in made.items()}
        self._records: list[Record] = []
        self._emulator = Emulator(made.values(), EmulatorConfig(cores=cores), self._records.append)
        self._loop = asyncio.Runner()

    def __enter__(self) -> Functions:
        self._loop.run(self._emulator.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._emulator.__aexit__())
        self._loop.close()

    @property
    def note(self) -> str:
        """How far this machine goes along with Lambda, for people."""
        return self._emulator.note

    def start(self, service: str, size: int, request: PreparedRequest) -> tuple[Init, InvocationTally]:
        """Return the cold start of a function, by its first request."""
        function = self._function(service, size)
        tally = InvocationTally()
        record = self._run(self._ask(function, request, tally))
        cpu_ms = function.init_cpu[-1] * 1000 if function.init_cpu else 0.0
        return Init(record.init_ms or 0.0, cpu_ms, record.duration_ms), tally

    def turn(self, service: str, size: int, requests: Sequence[PreparedRequest]) -> Turn:
        """Ask a function these requests, one after another."""
        return self._run(self._turn(self._function(service, size), requests))

    def burst(self, service: str, size: int, requests: Sequence[PreparedRequest]) -> tuple[Burst, InvocationTally]:
        """Send a function all these requests at the same moment: behaviour, and no price."""
        return self._run(self._burst(self._function(service, size), requests))

    def _run(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self._loop.run(work)

    def _function(self, service: str, size: int) -> EmulatedFunction:
        return self._emulator.functions[self.names[service, size]]

    async def _ask(self, function: EmulatedFunction, request: PreparedRequest, tally: InvocationTally) -> Record:
        outcome = await function.invoke(event_of(request))
        tally.score(outcome.ending, outcome.payload, request)
        await function.settled()
        return self._records[-1]

    async def _turn(self, function: EmulatedFunction, requests: Sequence[PreparedRequest]) -> Turn:
        records = []
        tally = InvocationTally()
        cpu = function.cpu_seconds()
        for request in requests:
            await asyncio.sleep(REST_SECONDS)
            records.append(await self._ask(function, request, tally))
        cpu = function.cpu_seconds() - cpu
        return Turn(
            duration_ms=mean(record.duration_ms for record in records),
            billed_ms=mean(record.billed_ms for record in records),
            cpu_ms=cpu / len(requests) * 1000,
            peak_mb=max(record.max_memory_mb for record in records),
            event_bytes=mean(record.event_bytes for record in records),
            answer_bytes=mean(record.answer_bytes for record in records),
            tally=tally,
        )

    async def _burst(
        self, function: EmulatedFunction, requests: Sequence[PreparedRequest]
    ) -> tuple[Burst, InvocationTally]:
        before, cold = len(function.fleet.environments), function.fleet.counts["cold"]
        outcomes = await asyncio.gather(*(function.invoke(event_of(request)) for request in requests))
        tally = InvocationTally()
        for outcome, each in zip(outcomes, requests, strict=True):
            tally.score(outcome.ending, outcome.payload, each)
        burst = Burst(
            concurrent=len(requests),
            environments_before=before,
            environments_after=len(function.fleet.environments),
            cold_starts=function.fleet.counts["cold"] - cold,
            throttled=tally.errors[THROTTLED],
            **tally.counts(),
        )
        return burst, tally
