"""One function emulated: the fleet's actions done with processes that run AWS's own runtime client."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from local.emulator import bill, errors, quotas
from local.emulator.actions import Action, Answer, Deliver, Ending, Freeze, Kill, Report, Start, Thaw, Throttle
from local.emulator.environment import Running
from local.emulator.fleet import Fleet
from local.emulator.runtime_api import Event
from local.emulator.spec import Function

if TYPE_CHECKING:
    from local.emulator.emulator import Emulator


class Outcome(NamedTuple):
    """What a synchronous Invoke gives back."""

    request: str
    ending: Ending
    payload: bytes
    """The handler's answer, or the error object; empty where the request was throttled."""
    throttle: Throttle | None = None


def new_id() -> str:
    """A request's id."""
    return str(uuid.uuid4())


def new_trace() -> str:
    """A trace header, not sampled."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


class Invocation:
    """A request on its way, from the caller's question to the end of its environment's work."""

    __slots__ = ("answer_bytes", "error", "event", "future", "log_bytes", "log_tail", "request", "status", "trace")

    def __init__(self, event: bytes, trace: str) -> None:
        self.request = new_id()
        self.trace = trace
        self.event = event
        self.future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.error = b""
        """What the runtime answered, or reported."""
        self.answer_bytes = 0
        self.status = 0
        """The process's exit, where it ended."""
        self.log_bytes = 0
        self.log_tail = b""

    def printed(self, chunk: bytes) -> None:
        """The function has printed something."""
        self.log_bytes += len(chunk)
        self.log_tail = (self.log_tail + chunk)[-quotas.LOG_TAIL :]


class EmulatedFunction:
    """One function: invoke it. Made by `Emulator`."""

    def __init__(self, function: Function, emulator: Emulator) -> None:
        self.function = function
        self.emulator = emulator
        self.fleet = Fleet(function.scaling, emulator.account)
        self.invocations: dict[str, Invocation] = {}
        self.peak_bytes = 0
        self.last_log = b""
        """The end of the log of the invocation that ended last."""
        self.init_cpu: deque[float] = deque(maxlen=1_000)
        """CPU seconds of the latest INITs: what a cold start costs whatever else the machine does."""
        self._running: dict[int, Running] = {}
        self._closing: set[Running] = set()
        self._peaks: dict[int, int] = {}
        """Peak memory of environments that were killed before their last report."""
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def invoke(self, event: bytes, trace: str | None = None) -> Outcome:
        """A synchronous invocation with an event within the payload quota."""
        invocation = Invocation(event, trace or new_trace())
        self.invocations[invocation.request] = invocation
        self.do(self.fleet.invoke(invocation.request, self._loop.time()))
        return await invocation.future

    def begin(self) -> None:
        """Makes the provisioned environments."""
        self.do(self.fleet.begin(self._loop.time()))

    async def settled(self) -> None:
        """Waits until no invocation is at work and every record is written."""
        while self.invocations:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    def cpu_seconds(self) -> float:
        """CPU time of its environments so far, those that are gone left out."""
        return sum(running.cpu_seconds() for running in self._running.values())

    def close(self) -> None:
        """Kills every environment; who still waits is answered that its environment is gone."""
        if self._timer:
            self._timer.cancel()
        for identity in tuple(self._running):
            self._kill(identity)
        for request in tuple(self.invocations):
            self._answer(Answer(request, Ending.EXIT))
        self.invocations.clear()

    @property
    def closed(self) -> bool:
        """Whether the end of every process that was killed has been seen."""
        return not self._closing

    # --- what an environment tells ---

    def started(self, identity: int) -> None:
        """Its process runs."""
        self.do(self.fleet.started(identity, self._loop.time()))

    def asked(self, identity: int) -> None:
        """Its runtime asks for work."""
        self.do(self.fleet.ready(identity, self._loop.time()))

    def answered(self, identity: int, request: str, payload: bytes, size: int, failed: bool) -> bool:
        """Its runtime has answered; see `runtime_api.Runtime`."""
        environment = self.fleet.environments.get(identity)
        invocation = self.invocations.get(request)
        if environment is None or invocation is None or environment.request != request or environment.ending:
            return False
        ending = Ending.TOO_LARGE if size > quotas.PAYLOAD else Ending.ERROR if failed else Ending.SUCCESS
        invocation.error = payload
        invocation.answer_bytes = size
        self.do(self.fleet.responded(identity, ending, self._loop.time()))
        return True

    def exited(self, identity: int, status: int, ending: Ending, init_error: bytes) -> None:
        """Its process is gone."""
        environment = self.fleet.environments.get(identity)
        if environment and environment.request in self.invocations:
            invocation = self.invocations[environment.request]
            invocation.status = status
            if environment.ending is None:
                invocation.error = init_error
        self.do(self.fleet.exited(identity, ending, self._loop.time()))
        if identity not in self.fleet.environments:
            self._running.pop(identity, None)

    def gone(self, running: Running) -> None:
        """A process that was killed has ended."""
        self._closing.discard(running)

    def working_on(self, identity: int) -> Invocation | None:
        """What an environment's output belongs to."""
        environment = self.fleet.environments.get(identity)
        return self.invocations.get(environment.request or "") if environment else None

    # --- what the fleet wants done ---

    def do(self, actions: Iterable[Action]) -> None:
        """Does what the fleet decided, in order."""
        for action in actions:
            match action:
                case Deliver(identity, request, deadline):
                    self._deliver(identity, request, deadline)
                case Thaw(identity):
                    self._running[identity].thaw()
                case Freeze(identity):
                    self._running[identity].freeze()
                case Answer():
                    self._answer(action)
                case Report():
                    self._report(action)
                case Kill(identity):
                    self._kill(identity)
                case Start(identity, _):
                    self._start(identity)
        self._set_timer()

    def _start(self, identity: int) -> None:
        self._kill(identity)
        self._peaks.pop(identity, None)
        provisioned = self.fleet.environments[identity].provisioned
        running = Running(self, identity, "provisioned-concurrency" if provisioned else "on-demand")
        self._running[identity] = running
        running.start()

    def _kill(self, identity: int) -> None:
        running = self._running.pop(identity, None)
        if running:
            self._peaks[identity] = running.measure()
            self._closing.add(running)
            running.close()

    def _deliver(self, identity: int, request: str, deadline: float) -> None:
        invocation = self.invocations[request]
        deadline_ms = int((time.time() + deadline - self._loop.time()) * 1000)
        event = Event(request, invocation.event, deadline_ms, self.function.arn, invocation.trace)
        self._running[identity].deliver(event)

    def _answer(self, answer: Answer) -> None:
        invocation = self.invocations[answer.request]
        match answer.ending:
            case Ending.SUCCESS | Ending.ERROR | Ending.INIT_ERROR:
                payload = invocation.error
            case Ending.THROTTLED:
                payload = b""
                del self.invocations[answer.request]
                self.emulator.record(
                    bill.throttled(answer.request, self.function, answer.throttle, len(invocation.event))
                )
            case _:
                timeout = self.function.scaling.timeout
                payload = errors.payload(
                    answer.ending, answer.request, timeout, invocation.status, invocation.answer_bytes
                )
        if not invocation.future.done():
            invocation.future.set_result(Outcome(answer.request, answer.ending, payload, answer.throttle))

    def _report(self, report: Report) -> None:
        invocation = self.invocations.pop(report.request)
        running = self._running.get(report.environment)
        peak = running.measure() if running else self._peaks.pop(report.environment, 0)
        self.peak_bytes = max(self.peak_bytes, peak)
        self.last_log = invocation.log_tail
        record = bill.record(
            report,
            self.function.name,
            self.function.scaling.memory_mb,
            peak,
            invocation.log_bytes,
            len(invocation.event),
            invocation.answer_bytes,
        )
        self.emulator.record(record)

    def _set_timer(self) -> None:
        due = self.fleet.next_timer()
        if due is None or (self._timer and self._timer.when() <= due):
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.do(self.fleet.tick(self._loop.time()))
